/* TLS 1.3 with a pre-shared key (OpenSSL), and the key's file.
 *
 * The key file is text: 64 hexadecimal digits, a newline. It belongs to its user or to root, and nobody else may read it
 * (mode 0600 or less); a file that others can read is refused. The same file is on both sides; `cfd --new-psk FILE`
 * makes one with 32 random bytes.
 *
 * There are no certificates: who has the key is the other side, both ways, and a handshake without it fails on either.
 * psk_dhe_ke only, so what was recorded stays secret if the key is stolen later; one cipher suite,
 * TLS_AES_128_GCM_SHA256, which processors do in hardware; no session tickets, no early data. */
#ifndef CF_TLS_H
#define CF_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define LINK_PSK_SIZE 32u

/* Read a key file. 0 or -errno; -ENOKEY: it is not as above; *why (never NULL then) says what is wrong with it. */
int link_psk_read(const char *path, uint8_t key[LINK_PSK_SIZE], const char **why);

/* Make a key file that does not exist yet. 0 or -errno. */
int link_psk_create(const char *path);

/* What the TLS connections of one key have in common; NULL: no memory. The key is copied. Free with link_tls_free(). */
SSL_CTX *link_tls_new(const uint8_t key[LINK_PSK_SIZE], bool server);
void link_tls_free(SSL_CTX *context);

/* TLS over a socket that does not block, before its handshake. NULL: no memory. The socket stays the caller's. */
SSL *link_tls_attach(SSL_CTX *context, int fd);

/* After the handshake: was it the key that made it? */
bool link_tls_proven(const SSL *ssl);

#endif
