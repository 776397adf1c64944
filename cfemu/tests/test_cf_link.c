/* Links: who is let in, what a peer can do to a server and a server to its clients, and what happens when one of them dies,
 * stops, or says nonsense. What commands do over a link is tested with the commands themselves. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/x509.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfemu/link/cf_client.h"
#include "cfemu/link/cf_session.h"
#include "cfemu/link/cf_wire.h"
#include "cfemu/tests/cf_fixture.h"
#include "cfemu/tests/cf_link_fixture.h"

/* Tests that wait for the end of an interval have one of INTERVAL_MS; the others one that does not end while they run, on
 * the busiest machine. */
#define INTERVAL_MS 3000u
#define GIVE_UP_MS (INTERVAL_MS / 3 * 2)
#define LONG_MS LINK_INTERVAL_MS_MAX
#define SOON_MS 10000u      /* "at once" on a busy machine: far below what a link of LONG_MS would wait */
#define SLACK_MS 10000u     /* for what must happen when an interval is over, likewise */

static struct cf *cf, *remote;
static struct cf_user user;
static char unix_name[512], tls_name[512];

static void setup_with(uint32_t interval_ms)
{
    link_interval_ms = interval_ms;
    link_use_unix();
    remote = segment_new(SEGMENT_SIZE);
    cf = inside;
    link_unix_name(unix_name);
    link_tls_name(tls_name);
    ck_assert_int_eq(connect_as(cf, "STR1", "LOCAL", &usual, &user), CF_RSP_OK);
}

static void setup(void)
{
    setup_with(LONG_MS);
}

static void setup_short(void)
{
    setup_with(INTERVAL_MS);
}

static void teardown(void)
{
    ck_assert_int_eq(cf_check(cf, stderr), 0);
    cf_close(remote);
    link_stop();
}

static uint64_t now_ms(void)
{
    return link_now() / 1000000u;
}

static int lock(const struct cf_user *of, uint8_t oper, uint8_t mode)
{
    return ask(of, (struct ask){CF_CMD_LIST_LOCK, .lockoper = oper, .lockmode = mode});
}

/* Wait until the local user is told of something. false: nothing for so long. */
static bool told(uint32_t event, unsigned limit_ms)
{
    uint32_t seen = 0;
    for (uint64_t end = now_ms() + limit_ms; now_ms() < end;) {
        cf_wait(cf, &seen, 20);
        ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_VECTOR_READ}), CF_RSP_OK);
        if (get_be32(mrb + MRB_OWN + VECTOR_EVENTS) & event)
            return true;
    }
    return false;
}

/* --- names and keys ---------------------------------------------------------------------------------------------------- */

static const struct { const char *text; int result; const char *name, *path, *host, *port, *psk; } addresses[] = {
    {"CF01@/run/cf", 0, "CF01", "/run/cf", "", "", ""},
    {"PLEX1.CF01@127.0.0.1:7070", 0, "PLEX1.CF01", "", "127.0.0.1", "7070", ""},
    {"CF01@host:1,psk=/etc/key", 0, "CF01", "", "host", "1", "/etc/key"},
    {"CF01@[::1]:7070,psk=k", 0, "CF01", "", "::1", "7070", "k"},
    {"@/run/cf", -EINVAL},
    {"CF01", -EINVAL},
    {"CF01@", -EINVAL},
    {"CF01@host", -EINVAL},
    {"CF01@host:", -EINVAL},
    {"CF01@:7070", -EINVAL},
    {"CF01@host:12x", -EINVAL},
    {"CF01@::1:7070", -EINVAL},
    {"CF01@host:7070,", -EINVAL},
    {"CF01@host:7070,psk=", -EINVAL},
    {"CF01@host:7070,key=x", -EINVAL},
    {"CF01@host:123456789", -EINVAL},
    {"0123456789012345678901234567890123456789012345678901234567890123@/x", -EINVAL},
};

START_TEST(names_of_places)
{
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct link_address found;
        ck_assert_msg(link_address_parse(addresses[i].text, &found) == addresses[i].result, "%s", addresses[i].text);
        if (addresses[i].result != 0)
            continue;
        ck_assert_str_eq(found.name, addresses[i].name);
        ck_assert_str_eq(found.path, addresses[i].path);
        ck_assert_str_eq(found.host, addresses[i].host);
        ck_assert_str_eq(found.port, addresses[i].port);
        ck_assert_str_eq(found.psk, addresses[i].psk);
    }
    struct link_address found;
    ck_assert_int_eq(link_address_parse_listen("7070", &found), 0);
    ck_assert_str_eq(found.host, "127.0.0.1");
    ck_assert_int_eq(link_address_parse_listen("[::]:7070", &found), 0);
    ck_assert_str_eq(found.host, "::");
    ck_assert_int_eq(link_address_parse_listen("here", &found), -EINVAL);
    struct cf *none;
    ck_assert_int_eq(cf_open("CF01@nowhere", "TEST", &none), -EINVAL);
    ck_assert_int_eq(cf_open(unix_name, "LONGSYSTEM", &none), -EINVAL);
    ck_assert_int_eq(cf_open(unix_name, "mvs1", &none), -EINVAL);
}
END_TEST

static void key_write(const char *path, const char *text, mode_t mode)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(key_files_are_64_digits_for_their_owner_alone)
{
    static const char digits[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    const struct { char text[80]; mode_t mode; int result; } files[] = {
        {"", 0600, -ENOKEY}, {"0011", 0600, -ENOKEY}, {"key", 0600, -ENOKEY},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg", 0600, -ENOKEY},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0", 0600, -ENOKEY},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0600, 0},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0400, 0},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0640, -ENOKEY},
        {"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 0604, -ENOKEY},
    };
    char path[160], made[128];
    uint8_t key[LINK_PSK_SIZE];
    const char *why;
    snprintf(path, sizeof path, "%s/other", link_directory);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        key_write(path, files[i].text, files[i].mode);
        ck_assert_msg(link_psk_read(path, key, &why) == files[i].result, "file %zu", i);
        ck_assert((why == NULL) == (files[i].result == 0));
    }
    key_write(path, digits, 0600);
    ck_assert_int_eq(link_psk_read(path, key, &why), 0);
    ck_assert_mem_eq(key + 28, "\xCC\xDD\xEE\xFF", 4);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(link_psk_read(path, key, &why), -ENOENT);
    ck_assert_int_eq(link_psk_read(link_directory, key, &why), -ENOKEY);

    struct stat status;
    link_key_file(made);
    ck_assert_int_eq(link_psk_create(made), -EEXIST);
    ck_assert_int_eq(stat(made, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0600);
    ck_assert_int_eq(status.st_size, 65);
}
END_TEST

START_TEST(key_comes_from_the_environment)
{
    char name[64], key[128];
    struct cf *view;
    snprintf(name, sizeof name, "%s@127.0.0.1:%u", segment_name, link_server_port(link_server));
    link_key_file(key);
    unsetenv(LINK_PSK_VARIABLE);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), -ENOKEY);
    setenv(LINK_PSK_VARIABLE, key, 1);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), 0);
    cf_close(view);
}
END_TEST

START_TEST(wrong_key_is_refused_and_the_right_one_taken_after_it)
{
    char name[512], path[160];
    struct cf *view;
    snprintf(path, sizeof path, "%s/other", link_directory);
    ck_assert_int_eq(link_psk_create(path), 0);
    snprintf(name, sizeof name, "%s@127.0.0.1:%u,psk=%s", segment_name, link_server_port(link_server), path);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), -EKEYREJECTED);
    unlink(path);
    ck_assert_int_eq(cf_open(tls_name, "MVS1", &view), 0);
    cf_close(view);
}
END_TEST

START_TEST(clear_text_is_not_let_in_where_tls_is_asked)
{
    struct link_address at;
    struct link_wire wire;
    struct link_frame frame;
    ck_assert_int_eq(link_address_parse(tls_name, &at), 0);
    uint64_t deadline = link_now() + 5000000000u;
    ck_assert_int_eq(link_wire_open(&wire, link_connect(&at, deadline), NULL), 0);
    memset(wire.out, 0, HELLO_SIZE + LINK_HEADER);
    put_be64(wire.out + LINK_HEADER, LINK_MAGIC);
    size_t length = link_frame_header(wire.out, LINK_HELLO, 0, HELLO_SIZE);
    ck_assert_int_eq(link_wire_send(&wire, length, deadline), LINK_FINE);
    enum link_trouble trouble = link_wire_receive(&wire, LINK_ALLOW(LINK_WELCOME) | LINK_ALLOW(LINK_REFUSED), false, deadline, &frame);
    ck_assert(trouble == LINK_CLOSED || trouble == LINK_GARBAGE);     /* a TLS alert is garbage here */
    link_wire_close(&wire);
}
END_TEST

/* A listener of our own at a Unix socket or a port. */
static int listener(const char *text, struct link_address *at)
{
    ck_assert_int_eq(link_address_parse(text, at), 0);
    int fd = link_listen(at);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static int accepted(int listening)
{
    struct pollfd poll_fd = {.fd = listening, .events = POLLIN};
    ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
    return accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* A server that has a certificate, and not the key. */
static void *impostor(void *listening)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_set_pubkey(certificate, key);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    struct link_wire wire;
    struct link_frame frame;
    uint64_t deadline = link_now() + 5000000000u;
    if (link_wire_open(&wire, accepted(*(int *)listening), context) == 0) {
        while (SSL_accept(wire.ssl) != 1 && link_now() < deadline)
            usleep(1000);
        if (SSL_is_init_finished(wire.ssl) &&
            link_wire_receive(&wire, LINK_ALLOW(LINK_HELLO), false, deadline, &frame) == LINK_FINE)
            *(int *)listening = -1;     /* the client told it who it is: it was believed */
        link_wire_close(&wire);
    }
    SSL_CTX_free(context);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return NULL;
}

START_TEST(server_without_the_key_is_not_believed)
{
    struct link_address at;
    struct cf *view;
    pthread_t thread;
    char name[512], key[128];
    int fd = listener("CF01@127.0.0.1:0", &at), argument = fd;
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    getsockname(fd, (struct sockaddr *)&address, &size);
    link_key_file(key);
    snprintf(name, sizeof name, "CF01@127.0.0.1:%u,psk=%s", (address.sin_port & 0xFF) << 8 | address.sin_port >> 8, key);
    ck_assert_int_eq(pthread_create(&thread, NULL, impostor, &argument), 0);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), -EKEYREJECTED);
    pthread_join(thread, NULL);
    ck_assert_int_eq(argument, fd);
    close(fd);
}
END_TEST

/* --- hello -------------------------------------------------------------------------------------------------------------- */

/* A connection of our own to the server, in clear. */
static void raw_open(struct link_wire *wire)
{
    struct link_address at;
    ck_assert_int_eq(link_address_parse(unix_name, &at), 0);
    int fd = link_connect(&at, link_now() + 5000000000u);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(link_wire_open(wire, fd, NULL), 0);
}

static uint64_t in_ms(unsigned ms)
{
    return link_now() + ms * 1000000ull;
}

static void hello_send(struct link_wire *wire, uint16_t version, uint16_t kind, const char *name, uint64_t epoch)
{
    uint8_t *body = wire->out + LINK_HEADER;
    memset(body, 0, HELLO_SIZE);
    put_be64(body + HELLO_MAGIC, LINK_MAGIC);
    put_be16(body + HELLO_VERSION, version);
    put_be16(body + HELLO_KIND, kind);
    memcpy(body + HELLO_NAME, name, strlen(name));
    memcpy(body + HELLO_SYSTEM, "RAW     ", 8);
    put_be64(body + HELLO_EPOCH, epoch);
    size_t length = link_frame_header(wire->out, LINK_HELLO, 0, HELLO_SIZE);
    ck_assert_int_eq(link_wire_send(wire, length, in_ms(SOON_MS)), LINK_FINE);
}

/* The reason of a refusal; 0: it was welcome; -1: neither. */
static int hello_answer(struct link_wire *wire)
{
    struct link_frame frame;
    if (link_wire_receive(wire, LINK_ALLOW(LINK_WELCOME) | LINK_ALLOW(LINK_REFUSED), false, in_ms(SOON_MS), &frame) != LINK_FINE)
        return -1;
    ck_assert_uint_eq(get_be64(frame.body), LINK_MAGIC);
    ck_assert_uint_eq(get_be16(frame.body + WELCOME_VERSION), LINK_VERSION);
    return frame.type == LINK_WELCOME ? 0 : get_be16(frame.body + REFUSED_REASON);
}

static const struct { uint16_t version, kind; const char *name; uint64_t epoch; int answer; } hellos[] = {
    {LINK_VERSION, LINK_COMMANDS, "CF01", 0, 0},
    {LINK_VERSION + 1, LINK_COMMANDS, "CF01", 0, LINK_REFUSED_VERSION},
    {0, LINK_COMMANDS, "CF01", 0, LINK_REFUSED_VERSION},
    {LINK_VERSION, 7, "CF01", 0, LINK_REFUSED_VERSION},
    {LINK_VERSION, LINK_COMMANDS, "CF02", 0, LINK_REFUSED_NAME},
    {LINK_VERSION, LINK_COMMANDS, "", 0, LINK_REFUSED_NAME},
    {LINK_VERSION, LINK_EVENTS, "CF01", 0, LINK_REFUSED_EPOCH},
    {LINK_VERSION, LINK_EVENTS, "CF01", 4711, LINK_REFUSED_EPOCH},
};

START_TEST(hello_is_welcome_or_refused_with_its_reason)
{
    for (size_t i = 0; i < sizeof hellos / sizeof hellos[0]; i++) {
        struct link_wire wire;
        raw_open(&wire);
        hello_send(&wire, hellos[i].version, hellos[i].kind, hellos[i].name, hellos[i].epoch);
        int answer = hello_answer(&wire);
        ck_assert_msg(answer == hellos[i].answer, "row %zu: %d", i, answer);
        link_wire_close(&wire);
    }
}
END_TEST

START_TEST(refusals_reach_the_caller)
{
    char name[512];
    struct cf *view;
    snprintf(name, sizeof name, "CF09@%s/socket", link_directory);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), -ENOENT);
    snprintf(name, sizeof name, "CF01@%s/nobody", link_directory);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), -ENOENT);
    snprintf(name, sizeof name, "CF01@%s/socket", link_directory);
    ck_assert_int_eq(cf_open(name, "MVS1", &view), 0);      /* the CF's name is as good as its segment's */
    cf_close(view);
}
END_TEST

/* A server that answers a HELLO with given bytes. */
struct liar {
    int listening;
    const uint8_t *bytes;
    size_t length;
};

static void *liar_main(void *argument)
{
    const struct liar *liar = argument;
    struct link_wire wire;
    struct link_frame frame;
    if (link_wire_open(&wire, accepted(liar->listening), NULL) != 0)
        return NULL;
    if (link_wire_receive(&wire, LINK_ALLOW(LINK_HELLO), false, in_ms(SOON_MS), &frame) == LINK_FINE) {
        memcpy(wire.out, liar->bytes, liar->length);
        link_wire_send(&wire, liar->length, in_ms(SOON_MS));
    }
    link_wire_close(&wire);
    return NULL;
}

START_TEST(client_refuses_another_version_and_what_is_no_server)
{
    uint8_t newer[LINK_HEADER + WELCOME_SIZE], refusal[LINK_HEADER + REFUSED_SIZE], hasty[LINK_HEADER + WELCOME_SIZE];
    link_session_welcome(newer, (const uint8_t *)"CF01    ", 3000, 1);
    put_be16(newer + LINK_HEADER + WELCOME_VERSION, LINK_VERSION + 1);
    link_session_welcome(hasty, (const uint8_t *)"CF01    ", 1, 1);
    link_session_refuse(refusal, LINK_REFUSED_VERSION);
    static const uint8_t http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    const struct { const uint8_t *bytes; size_t length; int result; } answers[] = {
        {newer, sizeof newer, -EPROTO}, {hasty, sizeof hasty, -EPROTO}, {refusal, sizeof refusal, -EPROTO},
        {http, sizeof http, -EPROTO}, {http, 0, -ECONNRESET}, {newer, 20, -ECONNRESET}};
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        char name[512];
        struct link_address at;
        struct cf *view;
        pthread_t thread;
        snprintf(name, sizeof name, "CF01@%s/liar", link_directory);
        struct liar liar = {listener(name, &at), answers[i].bytes, answers[i].length};
        ck_assert_int_eq(pthread_create(&thread, NULL, liar_main, &liar), 0);
        int result = cf_open(name, "MVS1", &view);
        ck_assert_msg(result == answers[i].result, "answer %zu: %d", i, result);
        pthread_join(thread, NULL);
        close(liar.listening);
        unlink(at.path);
    }
}
END_TEST

START_TEST(links_are_limited)
{
    static struct link_wire wires[LINK_LINKS_MAX];
    unsigned count = 0;
    int answer = 0;
    for (; count < LINK_LINKS_MAX && answer == 0; count += answer == 0) {
        raw_open(&wires[count]);
        hello_send(&wires[count], LINK_VERSION, LINK_COMMANDS, "CF01", 0);
        answer = hello_answer(&wires[count]);
        if (answer != 0)
            link_wire_close(&wires[count]);
    }
    ck_assert_int_eq(answer, LINK_REFUSED_FULL);
    ck_assert_uint_eq(count, LINK_LINKS_MAX - 1);       /* the test has one */
    struct cf *view;
    ck_assert_int_eq(cf_open(unix_name, "MVS1", &view), -ENOSPC);
    for (unsigned i = 0; i < count; i++)
        link_wire_close(&wires[i]);
}
END_TEST

/* --- what a peer can send ------------------------------------------------------------------------------------------------- */

/* A link of our own, whose connection has lock 0. */
static struct cf_user raw_holder(struct link_wire *wire)
{
    struct cf_user of = {0};
    struct link_frame frame;
    uint8_t *body, mcb[CF_MCB_SIZE];
    raw_open(wire);
    body = wire->out + LINK_HEADER;
    hello_send(wire, LINK_VERSION, LINK_COMMANDS, "CF01", 0);
    ck_assert_int_eq(hello_answer(wire), 0);
    for (int step = 0; step < 2; step++) {
        if (step == 0) {
            cf_request_connect(mcb, "STR1", "RAW", "TEST");
            put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 8);
            put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 255);
            put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
        } else {
            cf_request(mcb, &of, CF_CMD_LIST_LOCK);
            mcb[MCB_LOCKOPER] = CF_LOCK_SET;
        }
        memset(body, 0, COMMAND_DATA);
        memcpy(body + COMMAND_MCB, mcb, CF_MCB_SIZE);
        ck_assert_int_eq(link_wire_send(wire, link_frame_header(wire->out, LINK_COMMAND, 1, COMMAND_DATA), in_ms(SOON_MS)), LINK_FINE);
        ck_assert_int_eq(link_wire_receive(wire, LINK_ALLOW(LINK_RESPONSE), false, in_ms(SOON_MS), &frame), LINK_FINE);
        ck_assert_int_eq(get_be16(frame.body), CF_RSP_OK);
        if (step == 0) {
            of.structure = get_be32(frame.body + MRB_STRUCTURE);
            of.token = get_be64(frame.body + MRB_TOKEN);
        }
    }
    return of;
}

static bool closed_within(struct link_wire *wire, unsigned ms)
{
    struct link_frame frame;
    return link_wire_receive(wire, LINK_ALLOW(LINK_RESPONSE) | LINK_ALLOW(LINK_PONG), false, in_ms(ms), &frame) == LINK_CLOSED;
}

static const struct { uint32_t length; uint16_t type, zero; uint32_t cap; } bad_frames[] = {
    {COMMAND_DATA, 0, 0, 0},
    {COMMAND_DATA, LINK_TYPES, 0, 0},
    {COMMAND_DATA, 0xFFFF, 0, 0},
    {COMMAND_DATA, LINK_RESPONSE, 0, 0},
    {HELLO_SIZE, LINK_HELLO, 0, 0},
    {NOTIFY_SIZE, LINK_NOTIFY, 0, 0},
    {COMMAND_DATA, LINK_COMMAND, 1, 0},
    {COMMAND_DATA - 1, LINK_COMMAND, 0, 0},
    {COMMAND_DATA + CF_DATA_MAX + 1, LINK_COMMAND, 0, 0},
    {0xFFFFFFFF, LINK_COMMAND, 0, 0},
    {COMMAND_DATA, LINK_COMMAND, 0, CF_DATA_MAX + 1},
    {1, LINK_PING, 0, 0},
};

START_TEST(garbage_ends_the_link_and_fences_its_connections)
{
    for (size_t i = 0; i < sizeof bad_frames / sizeof bad_frames[0]; i++) {
        struct link_wire wire;
        raw_holder(&wire);
        ck_assert_int_eq(lock(&user, CF_LOCK_SET, CF_LOCKMODE_UNCOND), CF_RSP_LOCK_QUEUED);
        memset(wire.out, 0, LINK_HEADER + COMMAND_DATA);
        put_be32(wire.out + FRAME_LENGTH, bad_frames[i].length);
        put_be16(wire.out + FRAME_TYPE, bad_frames[i].type);
        put_be16(wire.out + FRAME_ZERO, bad_frames[i].zero);
        put_be32(wire.out + LINK_HEADER + COMMAND_IN_CAP, bad_frames[i].cap);
        link_wire_send(&wire, LINK_HEADER + COMMAND_DATA, in_ms(SOON_MS));
        ck_assert_msg(closed_within(&wire, SOON_MS), "row %zu", i);
        ck_assert_msg(told(CF_EVENT_LOCK_GRANTED, SOON_MS), "row %zu", i);
        ck_assert_int_eq(lock(&user, CF_LOCK_RESET, 0), CF_RSP_OK);
        link_wire_close(&wire);
    }
}
END_TEST

START_TEST(random_bytes_do_no_harm)
{
    unsigned seed = 4;
    for (int i = 0; i < 60; i++) {
        struct link_wire wire;
        raw_open(&wire);
        if (i % 2) {
            hello_send(&wire, LINK_VERSION, LINK_COMMANDS, "CF01", 0);
            ck_assert_int_eq(hello_answer(&wire), 0);
        }
        size_t length = (size_t)rand_r(&seed) % 4000 + 1;
        for (size_t j = 0; j < length; j++)
            wire.out[j] = (uint8_t)rand_r(&seed);
        if (i % 3 == 0)
            link_frame_header(wire.out, LINK_COMMAND, 1, COMMAND_DATA + (uint32_t)length);
        link_wire_send(&wire, length, in_ms(SOON_MS));
        link_wire_close(&wire);
    }
    ck_assert_int_eq(connect_as(remote, "STR1", "AFTER", &usual, &(struct cf_user){0}), CF_RSP_OK);
}
END_TEST

START_TEST(frames_may_come_in_pieces)
{
    struct link_wire wire;
    struct link_frame frame;
    raw_holder(&wire);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        size_t length = link_frame_header(wire.out, LINK_PING, sequence, 0);
        for (size_t i = 0; i < length; i++) {
            ck_assert_int_eq((int)send(wire.fd, wire.out + i, 1, 0), 1);
            usleep(200);
        }
        ck_assert_int_eq(link_wire_receive(&wire, LINK_ALLOW(LINK_PONG), false, in_ms(SOON_MS), &frame), LINK_FINE);
        ck_assert_uint_eq(frame.sequence, sequence);
    }
    link_wire_close(&wire);
}
END_TEST

START_TEST(half_a_frame_is_no_sign_of_life)
{
    struct link_wire wire;
    raw_holder(&wire);
    ck_assert_int_eq(lock(&user, CF_LOCK_SET, CF_LOCKMODE_UNCOND), CF_RSP_LOCK_QUEUED);
    uint64_t started = now_ms();
    link_frame_header(wire.out, LINK_COMMAND, 1, COMMAND_DATA);
    for (size_t i = 0; now_ms() - started < INTERVAL_MS + SLACK_MS && !closed_within(&wire, 100); i++)
        if (send(wire.fd, wire.out + i, 1, MSG_NOSIGNAL) != 1)      /* a byte at a time: never a whole frame */
            break;
    ck_assert_uint_ge(now_ms() - started, INTERVAL_MS - 100);
    ck_assert_uint_lt(now_ms() - started, INTERVAL_MS + SLACK_MS);
    ck_assert(told(CF_EVENT_LOCK_GRANTED, SOON_MS));
    link_wire_close(&wire);
}
END_TEST

START_TEST(who_says_nothing_does_not_keep_others_out)
{
    struct link_wire silent[LINK_PENDING_MAX + 8];
    struct cf *view;
    for (unsigned i = 0; i < LINK_PENDING_MAX + 8; i++)
        raw_open(&silent[i]);
    uint64_t started = now_ms();
    ck_assert_int_eq(cf_open(unix_name, "MVS1", &view), 0);
    ck_assert_uint_lt(now_ms() - started, 2 * LINK_HELLO_MS + SLACK_MS);
    ck_assert(closed_within(&silent[0], SLACK_MS));
    cf_close(view);
    for (unsigned i = 0; i < LINK_PENDING_MAX + 8; i++)
        link_wire_close(&silent[i]);
}
END_TEST

/* --- the end of a client --------------------------------------------------------------------------------------------------- */

/* A process with a link of its own, whose connection HOLDER has lock 0. At a byte from *order it does a command and tells
 * the response as two bytes. -1: it did not come up. */
static pid_t try_holder(const char *name, int *order, int *answers)
{
    int down[2], up[2];
    uint16_t ready = 0xFFFF;
    ck_assert_int_eq(pipe(down), 0);
    ck_assert_int_eq(pipe(up), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct cf_user of;
        struct cf *own;
        char byte;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (cf_open(name, "MVS9", &own) == 0 && connect_as(own, "STR1", "HOLDER", &usual, &of) == CF_RSP_OK)
            ready = (uint16_t)lock(&of, CF_LOCK_SET, CF_LOCKMODE_COND);
        while (write(up[1], &ready, 2) == 2 && read(down[0], &byte, 1) == 1)
            ready = (uint16_t)ask(&of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_HEAD});
        _exit(1);
    }
    close(down[0]);
    close(up[1]);
    *order = down[1];
    *answers = up[0];
    struct pollfd poll_fd = {.fd = up[0], .events = POLLIN};
    if (poll(&poll_fd, 1, 5000) == 1) {
        ck_assert_int_eq((int)read(up[0], &ready, 2), 2);
        ck_assert_int_eq(ready, CF_RSP_OK);
        return pid;
    }
    child_kill(pid);
    close(down[1]);
    close(up[0]);
    return -1;
}

/* This process has threads (its links'), and one of them may hold a lock of the allocator or of the TLS library at the
 * instant of the fork, which the child then waits for in vain. Such a child has done nothing yet: another one is made. */
static pid_t holder(const char *name, int *order, int *answers)
{
    for (int i = 0; i < 3; i++) {
        pid_t pid = try_holder(name, order, answers);
        if (pid > 0)
            return pid;
    }
    ck_abort_msg("no child process came up");
    return -1;
}

static uint16_t command_of(int order, int answers)
{
    uint16_t response = 0;
    struct pollfd poll_fd = {.fd = answers, .events = POLLIN};
    ck_assert_int_eq((int)write(order, "", 1), 1);
    ck_assert_int_eq(poll(&poll_fd, 1, 5000), 1);
    ck_assert_int_eq((int)read(answers, &response, 2), 2);
    return response;
}

START_TEST(killed_client_fails_at_once)
{
    const char *names[] = {unix_name, tls_name};
    for (int i = 0; i < 2; i++) {
        int order, answers;
        pid_t pid = holder(names[i], &order, &answers);
        ck_assert_int_eq(command_of(order, answers), CF_RSP_NO_ENTRY);
        ck_assert_int_eq(lock(&user, CF_LOCK_SET, CF_LOCKMODE_UNCOND), CF_RSP_LOCK_QUEUED);
        uint64_t started = now_ms();
        child_kill(pid);
        ck_assert(told(CF_EVENT_LOCK_GRANTED, SOON_MS));
        printf("# %s: killed, its lock passed on after %u ms\n", i ? "TLS" : "Unix socket", (unsigned)(now_ms() - started));
        ck_assert_int_eq(lock(&user, CF_LOCK_RESET, 0), CF_RSP_OK);
        close(order);
        close(answers);
    }
}
END_TEST

START_TEST(closed_view_fails_its_connections)
{
    struct cf *view;
    struct cf_user of;
    ck_assert_int_eq(cf_open(unix_name, "MVS1", &view), 0);
    ck_assert_int_eq(connect_as(view, "STR1", "SHORT", &usual, &of), CF_RSP_OK);
    told(CF_EVENT_CONN_NEW, SOON_MS);
    cf_close(view);
    ck_assert(told(CF_EVENT_CONN_FAILED, SOON_MS));
    of.cf = remote;
    ck_assert_int_eq(ask(&of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_HEAD}), CF_RSP_NO_CONNECTION);
}
END_TEST

START_TEST(stopped_client_is_fenced_after_the_interval_and_knows_it)
{
    int order, answers;
    pid_t pid = holder(tls_name, &order, &answers);
    ck_assert_int_eq(lock(&user, CF_LOCK_SET, CF_LOCKMODE_UNCOND), CF_RSP_LOCK_QUEUED);
    child_stop(pid);
    uint64_t started = now_ms();
    ck_assert(told(CF_EVENT_LOCK_GRANTED, INTERVAL_MS + SLACK_MS));
    ck_assert_uint_gt(now_ms() - started, GIVE_UP_MS);
    kill(pid, SIGCONT);
    ck_assert_int_eq(command_of(order, answers), CF_RSP_CF_FAILED);
    ck_assert_int_eq(command_of(order, answers), CF_RSP_CF_FAILED);
    child_kill(pid);
    close(order);
    close(answers);
}
END_TEST

START_TEST(client_that_stopped_for_a_moment_goes_on)
{
    int order, answers;
    pid_t pid = holder(unix_name, &order, &answers);
    child_stop(pid);
    usleep(GIVE_UP_MS * 1000 / 3);
    kill(pid, SIGCONT);
    ck_assert_int_eq(command_of(order, answers), CF_RSP_NO_ENTRY);
    child_kill(pid);
    close(order);
    close(answers);
}
END_TEST

/* --- the end of a server ---------------------------------------------------------------------------------------------------- */

/* A server in a process of its own, cfd, at a socket of its own; *name is for cf_open(). */
static pid_t server_process(char name[512], unsigned interval_ms)
{
    char interval[16], line[256] = "";
    int up[2];
    snprintf(name, 512, "%s@%s/process", segment_name, link_directory);
    snprintf(interval, sizeof interval, "%u", interval_ms);
    ck_assert_int_eq(pipe(up), 0);
    pid_t pid = fork();
    if (pid == 0) {         /* nothing but system calls: other threads of this process may have held locks */
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(up[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        close(up[0]);
        close(up[1]);
        execl("build/bin/cfd", "cfd", "-u", strchr(name, '@') + 1, "-i", interval, segment_name, (char *)NULL);
        _exit(1);
    }
    close(up[1]);
    ck_assert_int_gt((int)read(up[0], line, sizeof line - 1), 0);   /* it serves */
    ck_assert_ptr_nonnull(strstr(line, "serving"));
    close(up[0]);
    return pid;
}

static struct cf *open_process(const char *name)
{
    struct cf *view;
    ck_assert_int_eq(cf_open(name, "MVS1", &view), 0);
    return view;
}

/* The view is lost, for its commands and for who waits, and stays so. */
static void is_lost(struct cf *view, const struct cf_user *of)
{
    uint32_t seen = 0;
    ck_assert_ptr_nonnull(cf_lost(view));
    ck_assert_int_eq(ask(of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_HEAD}), CF_RSP_CF_FAILED);
    ck_assert(cf_wait(view, &seen, 0));
    ck_assert_int_eq(ask(of, (struct ask){CF_CMD_IDENTIFY}), CF_RSP_CF_FAILED);
}

START_TEST(killed_server_is_a_lost_cf_at_once)
{
    char name[512];
    struct cf_user of;
    uint32_t seen = 0;
    pid_t pid = server_process(name, LONG_MS);
    struct cf *view = open_process(name);
    ck_assert_int_eq(connect_as(view, "STR1", "REMOTE", &usual, &of), CF_RSP_OK);
    drain(view, &seen);
    ck_assert_ptr_null(cf_lost(view));
    uint64_t started = now_ms();
    child_kill(pid);
    ck_assert(cf_wait(view, &seen, SOON_MS));
    ck_assert_uint_lt(now_ms() - started, SOON_MS);
    is_lost(view, &of);
    cf_close(view);
    unlink(strchr(name, '@') + 1);
}
END_TEST

/* Its clients may not know that it is gone: nobody may take what they have before they have given up. */
START_TEST(connections_outlive_their_server_for_the_interval)
{
    char name[512];
    struct cf_user of;
    pid_t pid = server_process(name, INTERVAL_MS);
    struct cf *view = open_process(name);
    ck_assert_int_eq(connect_as(view, "STR1", "REMOTE", &usual, &of), CF_RSP_OK);
    ck_assert(told(CF_EVENT_CONN_NEW, SOON_MS));
    uint64_t killed = now_ms();
    child_kill(pid);
    ck_assert(told(CF_EVENT_CONN_FAILED, INTERVAL_MS + SLACK_MS));
    ck_assert_uint_ge(now_ms() - killed, INTERVAL_MS - 100);
    ck_assert_ptr_nonnull(cf_lost(view));
    cf_close(view);
    unlink(strchr(name, '@') + 1);
}
END_TEST

START_TEST(stopped_server_is_given_up_before_it_could_act)
{
    enum { BOUND_MS = 2 * INTERVAL_MS };     /* the client gives up within two thirds of it: a third is for a busy machine */
    for (int waits = 0; waits < 2; waits++) {       /* who sends a command, and who only waits */
        char name[512];
        struct cf_user of;
        uint32_t seen = 0;
        pid_t pid = server_process(name, BOUND_MS);
        struct cf *view = open_process(name);
        ck_assert_int_eq(connect_as(view, "STR1", waits ? "WAITS" : "ASKS", &usual, &of), CF_RSP_OK);
        drain(view, &seen);
        child_stop(pid);
        uint64_t started = now_ms();
        if (waits)
            ck_assert(cf_wait(view, &seen, SLACK_MS));
        else
            ck_assert_int_eq(ask(&of, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_HEAD}), CF_RSP_CF_FAILED);
        ck_assert_uint_lt(now_ms() - started, BOUND_MS);
        printf("# stopped server: given up after %u ms, its bound is %u ms\n", (unsigned)(now_ms() - started), (unsigned)BOUND_MS);
        is_lost(view, &of);
        kill(pid, SIGCONT);
        is_lost(view, &of);
        cf_close(view);
        child_kill(pid);
        unlink(strchr(name, '@') + 1);
    }
}
END_TEST

/* When a client must be at a standstill: by the newest answer, and never once it knows that there will be no other. */
START_TEST(standstill_is_due_until_the_loss_is_told)
{
    char name[512];
    struct cf_user of;
    uint32_t seen = 0;
    uint64_t due_ns = link_standstill_ns(LONG_MS), before = link_now();
    pid_t pid = server_process(name, LONG_MS);
    struct cf *view = open_process(name), *idle = open_process(name);
    ck_assert_uint_eq(cf_standstill(cf), UINT64_MAX);
    ck_assert_uint_ge(cf_standstill(idle), before + due_ns);
    ck_assert_int_eq(connect_as(view, "STR1", "REMOTE", &usual, &of), CF_RSP_OK);
    ck_assert_uint_ge(cf_standstill(view), before + due_ns);
    ck_assert_uint_le(cf_standstill(view), link_now() + due_ns);
    drain(view, &seen);
    child_kill(pid);
    ck_assert(cf_wait(view, &seen, SOON_MS));
    ck_assert_uint_le(cf_standstill(view), link_now() + due_ns);
    is_lost(view, &of);
    ck_assert_uint_eq(cf_standstill(view), UINT64_MAX);
    for (seen = 0; !cf_lost(idle);)
        ck_assert(cf_wait(idle, &seen, SOON_MS));
    ck_assert_uint_eq(cf_standstill(idle), UINT64_MAX);
    cf_close(view);
    cf_close(idle);
    unlink(strchr(name, '@') + 1);
}
END_TEST

START_TEST(server_that_ends_leaves_nothing)
{
    struct stat status;
    struct cf_user of;
    uint32_t seen = 0;
    char path[160];
    ck_assert_int_eq(connect_as(remote, "STR1", "REMOTE", &usual, &of), CF_RSP_OK);
    drain(remote, &seen);
    told(CF_EVENT_CONN_NEW, SOON_MS);
    link_server_stop(link_server);
    link_server = NULL;
    ck_assert(told(CF_EVENT_CONN_FAILED, SOON_MS));
    ck_assert(cf_wait(remote, &seen, SOON_MS));
    is_lost(remote, &of);
    snprintf(path, sizeof path, "%s/socket", link_directory);
    ck_assert_int_eq(stat(path, &status), -1);
    for (uint32_t i = 0, count = 0; i < CF_ATTACHMENTS_MAX; i++)
        if (cf->attachments[i].state == CF_ATTACHMENT_ACTIVE)
            ck_assert_uint_le(++count, 1);
}
END_TEST

START_TEST(socket_of_a_killed_server_is_taken_over_but_not_that_of_a_living_one)
{
    char name[512];
    struct link_address at;
    pid_t pid = server_process(name, LONG_MS);
    cf_close(open_process(name));
    struct link_server *server;
    ck_assert_int_eq(link_address_parse(name, &at), 0);
    struct link_server_config config = {.segment = segment_name, .unix_address = &at, .interval_ms = LONG_MS};
    ck_assert_int_eq(link_server_start(&config, &server, NULL), -EADDRINUSE);
    child_kill(pid);
    ck_assert_int_eq(link_server_start(&config, &server, NULL), 0);
    cf_close(open_process(name));
    link_server_stop(server);
}
END_TEST

/* --- many ------------------------------------------------------------------------------------------------------------------- */

#define CLIENTS 32
#define ROUNDS 20

/* Count up the version of an entry under a lock. */
static void count_up(const struct cf_user *of, unsigned rounds, uint8_t *answer, bool *right)
{
    uint8_t mcb[CF_MCB_SIZE];
    for (unsigned done = 0; done < rounds;) {
        cf_request(mcb, of, CF_CMD_LIST_WRITE);
        mcb[MCB_LOCATE] = CF_LOCATE_NAME;
        mcb[MCB_VERSUPDATE] = CF_VERSUPDATE_INC;
        cf_name_put(mcb + MCB_NAME, CF_NAME_SIZE, "COUNT");
        int response = cf_send(of->cf, mcb, answer);
        if (response == CF_RSP_OK)
            done++;
        else if (response != CF_RSP_BUSY)
            *right = false, done = rounds;
    }
}

struct client {
    pthread_t thread;
    const char *name;       /* of the CF; NULL: use the connection that is there */
    struct cf_user user;
    bool right;
};

static void *client_main(void *argument)
{
    struct client *client = argument;
    uint8_t mcb[CF_MCB_SIZE], answer[CF_MRB_SIZE];
    struct cf *view = NULL;
    client->right = true;
    if (client->name) {
        if (cf_open(client->name, "MVS1", &view) != 0) {
            client->right = false;
            return NULL;
        }
        cf_request_connect(mcb, "STR1", "", "TEST");
        put_be32(mcb + MCB_OWN + CONN_LISTHEADERS, 8);
        put_be16(mcb + MCB_OWN + CONN_MAXELEMNUM, 255);
        put_be16(mcb + MCB_OWN + CONN_ENTRYRATIO, 1);
        client->right = cf_send_connect(view, mcb, answer, &client->user) == CF_RSP_OK;
    }
    if (client->right)
        count_up(&client->user, ROUNDS, answer, &client->right);
    if (view)
        cf_close(view);
    return NULL;
}

static void run_clients(struct client *clients, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, client_main, &clients[i]), 0);
    for (unsigned i = 0; i < count; i++) {
        pthread_join(clients[i].thread, NULL);
        ck_assert_msg(clients[i].right, "client %u", i);
    }
    ck_assert_int_eq(ask(&user, (struct ask){CF_CMD_LIST_READ, CF_LOCATE_NAME, .name = "COUNT"}), CF_RSP_OK);
    ck_assert_uint_eq(get_be64(mrb + MRB_VERSION), count * ROUNDS);
}

START_TEST(many_clients_at_once)
{
    static struct client clients[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i].name = i % 2 ? tls_name : unix_name;
    run_clients(clients, CLIENTS);
}
END_TEST

START_TEST(threads_share_a_link)
{
    static struct client clients[8];
    ck_assert_int_eq(connect_as(remote, "STR1", "REMOTE", &usual, &clients[0].user), CF_RSP_OK);
    for (unsigned i = 1; i < 8; i++)
        clients[i].user = clients[0].user;
    run_clients(clients, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("CF links");
    TCase *tests = tcase_create("links");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, names_of_places);
    tcase_add_test(tests, key_files_are_64_digits_for_their_owner_alone);
    tcase_add_test(tests, key_comes_from_the_environment);
    tcase_add_test(tests, wrong_key_is_refused_and_the_right_one_taken_after_it);
    tcase_add_test(tests, clear_text_is_not_let_in_where_tls_is_asked);
    tcase_add_test(tests, server_without_the_key_is_not_believed);
    tcase_add_test(tests, hello_is_welcome_or_refused_with_its_reason);
    tcase_add_test(tests, refusals_reach_the_caller);
    tcase_add_test(tests, client_refuses_another_version_and_what_is_no_server);
    tcase_add_test(tests, links_are_limited);
    tcase_add_test(tests, garbage_ends_the_link_and_fences_its_connections);
    tcase_add_test(tests, random_bytes_do_no_harm);
    tcase_add_test(tests, frames_may_come_in_pieces);
    tcase_add_test(tests, who_says_nothing_does_not_keep_others_out);
    tcase_add_test(tests, killed_client_fails_at_once);
    tcase_add_test(tests, closed_view_fails_its_connections);
    tcase_add_test(tests, killed_server_is_a_lost_cf_at_once);
    tcase_add_test(tests, standstill_is_due_until_the_loss_is_told);
    tcase_add_test(tests, server_that_ends_leaves_nothing);
    tcase_add_test(tests, socket_of_a_killed_server_is_taken_over_but_not_that_of_a_living_one);
    tcase_add_test(tests, many_clients_at_once);
    tcase_add_test(tests, threads_share_a_link);
    suite_add_tcase(suite, tests);
    tests = tcase_create("links and their interval");
    tcase_add_checked_fixture(tests, setup_short, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, half_a_frame_is_no_sign_of_life);
    tcase_add_test(tests, stopped_client_is_fenced_after_the_interval_and_knows_it);
    tcase_add_test(tests, client_that_stopped_for_a_moment_goes_on);
    tcase_add_test(tests, connections_outlive_their_server_for_the_interval);
    tcase_add_test(tests, stopped_server_is_given_up_before_it_could_act);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
