#include "cfemu/tests/cf_link_fixture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cfemu/tests/cf_fixture.h"

char link_directory[64];
struct link_server *link_server;

uint32_t link_interval_ms = LINK_INTERVAL_MS;

static bool by_tls, everywhere;

void link_key_file(char path[128])
{
    snprintf(path, 128, "%s/psk", link_directory);
}

void link_unix_name(char name[512])
{
    snprintf(name, 512, "%s@%s/socket", segment_name, link_directory);
}

void link_tls_name(char name[512])
{
    snprintf(name, 512, "%s@127.0.0.1:%u,psk=%s/psk", segment_name, link_server_port(link_server), link_directory);
}

void link_sweep(void)
{
    static const char *const files[] = {"psk", "other", "socket", "process", "liar"};
    char path[160];
    snprintf(link_directory, sizeof link_directory, "/tmp/%s", segment_name);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", link_directory, files[i]);
        unlink(path);
    }
    rmdir(link_directory);
}

void link_serve(void)
{
    struct link_address at_unix = {0}, at_tcp;
    uint8_t psk[LINK_PSK_SIZE];
    char key[128];
    const char *why;
    link_sweep();   /* of a test that failed */
    ck_assert_int_eq(mkdir(link_directory, 0700), 0);
    link_key_file(key);
    ck_assert_int_eq(link_psk_create(key), 0);
    ck_assert_int_eq(link_psk_read(key, psk, &why), 0);
    snprintf(at_unix.path, sizeof at_unix.path, "%s/socket", link_directory);
    ck_assert_int_eq(link_address_parse_listen("0", &at_tcp), 0);
    struct link_server_config config = {.segment = segment_name, .unix_address = &at_unix, .tcp_address = &at_tcp, .psk = psk,
                                        .interval_ms = link_interval_ms};
    ck_assert_int_eq(link_server_start(&config, &link_server, NULL), 0);
    if (by_tls)
        link_tls_name(segment_place);
    else
        link_unix_name(segment_place);
}

void link_use_unix(void)
{
    by_tls = false;
    segment_made = link_serve;
}

void link_use_tls(void)
{
    by_tls = true;
    segment_made = link_serve;
}

void link_stop(void)
{
    if (link_server)
        link_server_stop(link_server);
    link_server = NULL;
    cf_close(inside);
    link_sweep();
}

/* Asked by the leak sanitizer, which takes longer than such a test does. What commands leak is found in process, what links
 * leak by the tests of links. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return everywhere && segment_place[0];
}

void suite_add_everywhere(Suite *suite, const char *name, void (*setup)(void), void (*teardown)(void), void (*add)(TCase *))
{
    static void (*const use[])(void) = {NULL, link_use_unix, link_use_tls};
    static const char *const where[] = {"", " over a Unix socket", " over TLS"};
    static char full[24][64];   /* Check keeps the pointer */
    static unsigned count;
    everywhere = true;
    for (int i = 0; i < 3; i++) {
        assert(count < sizeof full / sizeof full[0]);
        snprintf(full[count], sizeof full[count], "%s%s", name, where[i]);
        TCase *tests = tcase_create(full[count++]);
        if (use[i])
            tcase_add_checked_fixture(tests, use[i], link_stop);
        tcase_add_checked_fixture(tests, setup, teardown);
        tcase_set_timeout(tests, 30);
        add(tests);
        suite_add_tcase(suite, tests);
    }
}
