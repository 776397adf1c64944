#include "cfemu/link/cf_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const unsigned char identity[] = "cf-link-1";    /* of the key. A server has one key, so its name says nothing */
static const unsigned char suite[] = {0x13, 0x01};      /* TLS_AES_128_GCM_SHA256 */

/* --- key files ----------------------------------------------------------------------------------------------------- */

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

static bool key_parse(const char *text, uint8_t key[LINK_PSK_SIZE])
{
    for (size_t i = 0; i < LINK_PSK_SIZE; i++) {
        int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * LINK_PSK_SIZE] == '\0' || strcmp(text + 2 * LINK_PSK_SIZE, "\n") == 0;
}

static const char *file_unfit(int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return "it is not a file";
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return "it belongs to another user";
    if (status.st_mode & 077)
        return "others than its owner may use it; expected mode 0600";
    return NULL;
}

int link_psk_read(const char *path, uint8_t key[LINK_PSK_SIZE], const char **why)
{
    char text[2 * LINK_PSK_SIZE + 3] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int error = errno;
        *why = strerror(error);
        return -error;
    }
    *why = file_unfit(fd);
    if (!*why) {
        ssize_t length = read(fd, text, sizeof text - 1);
        if (length < 0 || !key_parse(text, key))
            *why = "expected 64 hexadecimal digits";
    }
    OPENSSL_cleanse(text, sizeof text);
    close(fd);
    return *why ? -ENOKEY : 0;
}

int link_psk_create(const char *path)
{
    uint8_t key[LINK_PSK_SIZE];
    char text[2 * LINK_PSK_SIZE + 2];
    if (getrandom(key, sizeof key, 0) != sizeof key)
        return -EIO;
    for (size_t i = 0; i < sizeof key; i++)
        snprintf(text + 2 * i, 3, "%02x", key[i]);
    strcpy(text + 2 * LINK_PSK_SIZE, "\n");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    errno = EIO;
    bool written = write(fd, text, sizeof text - 1) == sizeof text - 1 && fsync(fd) == 0;
    int error = errno;
    if (close(fd) != 0 || !written) {
        unlink(path);
        return -error;
    }
    OPENSSL_cleanse(key, sizeof key);
    OPENSSL_cleanse(text, sizeof text);
    return 0;
}

/* --- sockets for OpenSSL: as its own, but without SIGPIPE, which a library must not inflict on its user -------------- */

static int socket_write(BIO *bio, const char *data, int length)
{
    ssize_t n = send((int)(intptr_t)BIO_get_data(bio), data, (size_t)length, MSG_NOSIGNAL);
    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)n;
}

static int socket_read(BIO *bio, char *data, int length)
{
    ssize_t n = recv((int)(intptr_t)BIO_get_data(bio), data, (size_t)length, 0);
    BIO_clear_retry_flags(bio);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return (int)n;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *socket_method;
static pthread_once_t socket_method_once = PTHREAD_ONCE_INIT;

static void socket_method_make(void)
{
    socket_method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "cf link");
    if (!socket_method || !BIO_meth_set_write(socket_method, socket_write) || !BIO_meth_set_read(socket_method, socket_read) ||
        !BIO_meth_set_ctrl(socket_method, socket_control))
        socket_method = NULL;
}

/* --- contexts ------------------------------------------------------------------------------------------------------- */

static SSL_SESSION *key_session(SSL *ssl)
{
    const uint8_t *key = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, suite);
    SSL_SESSION *session = SSL_SESSION_new();
    if (key && session && cipher && SSL_SESSION_set1_master_key(session, key, LINK_PSK_SIZE) &&
        SSL_SESSION_set_cipher(session, cipher) && SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION))
        return session;
    SSL_SESSION_free(session);
    return NULL;
}

static int client_key(SSL *ssl, const EVP_MD *md, const unsigned char **id, size_t *id_len, SSL_SESSION **session)
{
    (void)md;
    *id = identity;
    *id_len = sizeof identity - 1;
    *session = key_session(ssl);
    return *session != NULL;
}

static int server_key(SSL *ssl, const unsigned char *id, size_t id_len, SSL_SESSION **session)
{
    *session = NULL;
    if (id_len == sizeof identity - 1 && memcmp(id, identity, id_len) == 0)
        *session = key_session(ssl);
    return 1;
}

SSL_CTX *link_tls_new(const uint8_t key[LINK_PSK_SIZE], bool server)
{
    pthread_once(&socket_method_once, socket_method_make);
    SSL_CTX *context = socket_method ? SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) : NULL;
    uint8_t *copy = context ? OPENSSL_memdup(key, LINK_PSK_SIZE) : NULL;
    if (!copy || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) ||
        !SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") || !SSL_CTX_set_num_tickets(context, 0)) {
        OPENSSL_clear_free(copy, LINK_PSK_SIZE);
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_app_data(context, copy);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (server) {
        SSL_CTX_set_psk_find_session_callback(context, server_key);
    } else {
        SSL_CTX_set_psk_use_session_callback(context, client_key);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);     /* a certificate has no issuer that is trusted here */
    }
    return context;
}

void link_tls_free(SSL_CTX *context)
{
    if (!context)
        return;
    OPENSSL_clear_free(SSL_CTX_get_app_data(context), LINK_PSK_SIZE);
    SSL_CTX_set_app_data(context, NULL);
    SSL_CTX_free(context);      /* stays as long as a connection made with it */
}

SSL *link_tls_attach(SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    BIO *bio = ssl ? BIO_new(socket_method) : NULL;
    if (!bio) {
        SSL_free(ssl);
        return NULL;
    }
    BIO_set_data(bio, (void *)(intptr_t)fd);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

bool link_tls_proven(const SSL *ssl)
{
    return SSL_session_reused(ssl) == 1 && SSL_version(ssl) == TLS1_3_VERSION;
}
