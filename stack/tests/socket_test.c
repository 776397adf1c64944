/* The parts of the socket layer that need no TCP: sequence numbers and the end of HTTP responses. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/platform/platform.h"
#include "stack/socket/http.h"
#include "stack/socket/isn.h"

/* The services of the platform that the text functions link to. */
_Noreturn void platform_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: %s\n", file, line, what);
    abort();
}

void platform_wto(const char *text)
{
    fprintf(stderr, "%s\n", text);
}

static const uint8_t key[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* The published vector: key and message are 00 01 02 .. 0f. */
START_TEST(siphash_gives_the_published_value)
{
    ck_assert_uint_eq(siphash_16(key, 0x0706050403020100u, 0x0f0e0d0c0b0a0908u), 0x3f2acc7f57c29bdbu);
}
END_TEST

START_TEST(isn_of_a_tuple_grows_with_the_clock)
{
    uint32_t early = isn_generate(key, 0x0a010901, 5000, 0x0a010064, 80, 1000000);
    uint32_t late = isn_generate(key, 0x0a010901, 5000, 0x0a010064, 80, 1000400);
    ck_assert_uint_eq(late - early, 100);
}
END_TEST

START_TEST(isn_depends_on_each_part_of_the_tuple_and_on_the_secret)
{
    uint8_t other[16];
    memcpy(other, key, sizeof other);
    other[15] ^= 1;
    uint32_t base = isn_generate(key, 1, 2, 3, 4, 0);
    ck_assert_uint_ne(base, isn_generate(key, 2, 2, 3, 4, 0));
    ck_assert_uint_ne(base, isn_generate(key, 1, 3, 3, 4, 0));
    ck_assert_uint_ne(base, isn_generate(key, 1, 2, 4, 4, 0));
    ck_assert_uint_ne(base, isn_generate(key, 1, 2, 3, 5, 0));
    ck_assert_uint_ne(base, isn_generate(other, 1, 2, 3, 4, 0));
}
END_TEST

struct response_case {
    const char *text;
    enum http_result result;
    int status;
};

static const struct response_case responses[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", HTTP_DONE, 200},
    {"HTTP/1.1 200 OK\r\ncontent-length:3\r\nServer: x\r\n\r\nabc", HTTP_DONE, 200},
    {"HTTP/1.1 404 Not Found\nContent-Length: 0\n\n", HTTP_DONE, 404},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", HTTP_MORE, 200},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", HTTP_ERROR, 200},
    {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP", HTTP_ERROR, 200},
    {"HTTP/1.1 204 Done\r\n\r\nx", HTTP_ERROR, 204},
    {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", HTTP_ERROR, 200},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HTTP_ERROR, 200},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", HTTP_ERROR, 200},
    {"nonsense\r\n", HTTP_ERROR, 0},
    {"HTTP/1.1 2x0 OK\r\n", HTTP_ERROR, 0},
    {"", HTTP_MORE, 0},
};

START_TEST(http_response_in_one_piece_and_byte_by_byte)
{
    const struct response_case *c = &responses[_i];
    struct http_response response;
    uint16_t length = (uint16_t)strlen(c->text);

    http_response_begin(&response);
    ck_assert_int_eq(http_response_read(&response, (const uint8_t *)c->text, length), c->result);
    ck_assert_int_eq(response.status, c->status);

    http_response_begin(&response);
    enum http_result result = HTTP_MORE;
    for (uint16_t i = 0; i < length && result != HTTP_ERROR; i++)
        result = http_response_read(&response, (const uint8_t *)c->text + i, 1);
    ck_assert_int_eq(result, c->result);
}
END_TEST

START_TEST(http_header_line_longer_than_the_buffer)
{
    char text[1024] = "HTTP/1.1 200 OK\r\nX-Long: ";
    struct http_response response;
    memset(text + strlen(text), 'y', 800);
    strcat(text, "\r\nContent-Length: 1\r\n\r\nz");
    http_response_begin(&response);
    ck_assert_int_eq(http_response_read(&response, (const uint8_t *)text, (uint16_t)strlen(text)), HTTP_DONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("socket");
    TCase *tests = tcase_create("isn and http");
    tcase_add_test(tests, siphash_gives_the_published_value);
    tcase_add_test(tests, isn_of_a_tuple_grows_with_the_clock);
    tcase_add_test(tests, isn_depends_on_each_part_of_the_tuple_and_on_the_secret);
    tcase_add_loop_test(tests, http_response_in_one_piece_and_byte_by_byte, 0, sizeof responses / sizeof responses[0]);
    tcase_add_test(tests, http_header_line_longer_than_the_buffer);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
