/* stack/base/text.c */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/text.h"
#include "stack/tests/console.h"

/* The library's snprintf is the reference for everything that the formatter knows. */
#define SAME(...)                                                           \
    do {                                                                    \
        char ours[64], theirs[64];                                          \
        int length = text_format(ours, sizeof ours, __VA_ARGS__);           \
        ck_assert_int_eq(length, snprintf(theirs, sizeof theirs, __VA_ARGS__)); \
        ck_assert_str_eq(ours, theirs);                                     \
    } while (0)

START_TEST(formats_as_the_library_does)
{
    SAME("plain");
    SAME("%s|%8s|%-8s|%.3s|%-6.2s|", "abcdef", "abc", "abc", "abcdef", "abcdef");
    SAME("%c%3c%-3c|", 'x', 'y', 'z');
    SAME("%d %d %d", 0, -1, 2147483647);
    SAME("%d", -2147483647 - 1);
    SAME("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
    SAME("%u %x %X %08x %-6x|", 1u, 0xabcu, 0xabcu, 0xabcu, 0xabcu);
}
END_TEST

START_TEST(formats_long_numbers)
{
    SAME("%ld %lu %lx", -5L, 5UL, ~0UL);
    SAME("%lld %llu %llX", -9223372036854775807LL - 1, 18446744073709551615ULL, 18446744073709551615ULL);
    SAME("%zu %hu %hhu", sizeof(int), (unsigned short)7, (unsigned char)8);
    SAME("100%%");
}
END_TEST

START_TEST(cuts_at_the_end_of_the_buffer)
{
    char out[6] = "xxxxx";

    ck_assert_int_eq(text_format(out, 5, "%s", "123456789"), 4);
    ck_assert_str_eq(out, "1234");
    ck_assert_int_eq(out[5], 0);
    ck_assert_int_eq(text_format(out, 1, "%d", 12), 0);
    ck_assert_str_eq(out, "");
    ck_assert_int_eq(text_format(out, 6, "%012u", 7u), 5);
    ck_assert_str_eq(out, "00000");
}
END_TEST

START_TEST(unknown_conversion_stops_the_image)
{
    char out[8];
    const char *volatile format = "%q";

    text_format(out, sizeof out, format);
}
END_TEST

START_TEST(writes_one_line_to_the_operator)
{
    char expected[WTO_MAX + 2], word[200];

    console_clear();
    text_wto("IEE%03uI %s", 305u, "XXXX");
    ck_assert_str_eq(console_text(), "IEE305I XXXX\n");
    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = 0;
    memset(expected, 'a', WTO_MAX);
    memcpy(expected + WTO_MAX, "\n", 2);
    console_clear();
    text_wto("%s", word);
    ck_assert_str_eq(console_text(), expected);
}
END_TEST

static const struct {
    const char *text;
    bool valid;
    uint32_t value;
} addresses[] = {
    { "0.0.0.0", true, 0 },
    { "10.1.9.1", true, 0x0A010901 },
    { "255.255.255.255", true, 0xFFFFFFFF },
    { "192.168.049.1", true, 0xC0A83101 },
    { "", false, 0 },
    { "10.1.9", false, 0 },
    { "10.1.9.", false, 0 },
    { "10.1.9.256", false, 0 },
    { "10.1.9.1.", false, 0 },
    { "10.1.9.1 ", false, 0 },
    { "10..9.1", false, 0 },
    { "-1.1.9.1", false, 0 },
    { "4294967297.1.9.1", false, 0 },
};

START_TEST(reads_addresses)
{
    uint32_t value = 77;
    char text[16];

    ck_assert_int_eq(text_parse_ip(addresses[_i].text, &value), addresses[_i].valid);
    ck_assert_uint_eq(value, addresses[_i].valid ? addresses[_i].value : 77);
    ck_assert(text_parse_ip(text_ip(text, addresses[_i].value), &value));
    ck_assert_uint_eq(value, addresses[_i].value);
}
END_TEST

static const struct {
    const char *text;
    uint32_t max;
    bool valid;
    uint32_t value;
} numbers[] = {
    { "0", 0, true, 0 },          { "65535", 65535, true, 65535 },           { "65536", 65535, false, 0 },
    { "007", 10, true, 7 },       { "4294967295", UINT32_MAX, true, UINT32_MAX }, { "4294967296", UINT32_MAX, false, 0 },
    { "", 9, false, 0 },          { "1x", 9, false, 0 },                     { "-1", 9, false, 0 },
    { "18446744073709551617", UINT32_MAX, false, 0 },
};

START_TEST(reads_numbers)
{
    uint32_t value = 77;

    ck_assert_int_eq(text_parse_u32(numbers[_i].text, numbers[_i].max, &value), numbers[_i].valid);
    ck_assert_uint_eq(value, numbers[_i].valid ? numbers[_i].value : 77);
}
END_TEST

START_TEST(names_are_padded_and_folded)
{
    uint8_t wire[NAME_LEN];
    char name[NAME_LEN + 1];

    text_name_put(wire, "mvs1");
    ck_assert_mem_eq(wire, "MVS1    ", 8);
    text_name_get(name, wire);
    ck_assert_str_eq(name, "MVS1");
    text_name_put(wire, "LONGERTHAN8");
    text_name_get(name, wire);
    ck_assert_str_eq(name, "LONGERTH");
    text_name_put(wire, "");
    text_name_get(name, wire);
    ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(abbreviations_have_a_least_length)
{
    ck_assert(text_abbreviates("VIPADEF", "VIPADEFine"));
    ck_assert(text_abbreviates("vipadefi", "VIPADEFine"));
    ck_assert(text_abbreviates("VIPADEFINE", "VIPADEFine"));
    ck_assert(!text_abbreviates("VIPADE", "VIPADEFine"));
    ck_assert(!text_abbreviates("VIPADEFINES", "VIPADEFine"));
    ck_assert(!text_abbreviates("VIPADEFXNE", "VIPADEFine"));
    ck_assert(text_abbreviates("HOME", "HOME"));
    ck_assert(!text_abbreviates("HOM", "HOME"));
    ck_assert(!text_abbreviates("", "HOME"));
}
END_TEST

START_TEST(equal_without_case)
{
    ck_assert(text_equal("Appa", "aPPA"));
    ck_assert(!text_equal("APPA", "APPAB"));
    ck_assert(!text_equal("APPAB", "APPA"));
    ck_assert(text_equal("", ""));
}
END_TEST

START_TEST(patterns_match_by_how_specific_they_are)
{
    ck_assert_uint_eq(text_match("*", "APPA"), 1);
    ck_assert_uint_eq(text_match("AP*", "APPA"), 3);
    ck_assert_uint_eq(text_match("APPA*", "APPA"), 5);
    ck_assert_uint_eq(text_match("appa", "APPA"), TEXT_MATCH_EXACT);
    ck_assert_uint_eq(text_match("APPA", "APPAB"), 0);
    ck_assert_uint_eq(text_match("APPAB", "APPA"), 0);
    ck_assert_uint_eq(text_match("APPAB*", "APPA"), 0);
    ck_assert_uint_eq(text_match("", ""), 0);
}
END_TEST

START_TEST(times_are_read_and_written)
{
    char text[TEXT_TIME_SIZE];
    uint64_t us = 0, now = 951868799990000ull;      /* 2000/02/29 23:59:59.99 */

    ck_assert_str_eq(text_time(text, now), "2000/02/29 23:59:59.99");
    ck_assert_str_eq(text_time(text, 0), "1970/01/01 00:00:00.00");
    ck_assert_str_eq(text_clock(text, now), "23.59.59");
    ck_assert(text_parse_time("2000/02/29-23.59.59.99", 0, &us) && us == now);
    ck_assert(text_parse_time("2000/02/29 23:59:59", 0, &us) && us == now - 990000);
    ck_assert(text_parse_time("00.00.01", now, &us) && us == now - 86398990000ull);
    for (uint64_t day = 0; day < 49000; day++) {
        uint64_t written = day * 86400000000ull + 1230000;
        ck_assert_msg(text_parse_time(text_time(text, written), now, &us) && us == written, "%s", text);
    }
    static const char *const wrong[] = { "", "12", "12.30", "24.00.00", "12.60.00", "12.30.60", "12.30.00.100", "12.30.00 ",
                                         "2001/02/29-00.00.00", "2001/13/01-00.00.00", "1969/12/31-00.00.00", "2001/02-00.00.00",
                                         "2001/02/03", "2001/02/03-", "x", "12.30.00.", "12.30.00/" };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        ck_assert_msg(!text_parse_time(wrong[i], now, &us), "%s", wrong[i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, formats_as_the_library_does);
    tcase_add_test(tcase, formats_long_numbers);
    tcase_add_test(tcase, cuts_at_the_end_of_the_buffer);
    tcase_add_test_raise_signal(tcase, unknown_conversion_stops_the_image, SIGABRT);
    tcase_add_test(tcase, writes_one_line_to_the_operator);
    tcase_add_loop_test(tcase, reads_addresses, 0, sizeof addresses / sizeof *addresses);
    tcase_add_loop_test(tcase, reads_numbers, 0, sizeof numbers / sizeof *numbers);
    tcase_add_test(tcase, names_are_padded_and_folded);
    tcase_add_test(tcase, abbreviations_have_a_least_length);
    tcase_add_test(tcase, equal_without_case);
    tcase_add_test(tcase, patterns_match_by_how_specific_they_are);
    tcase_add_test(tcase, times_are_read_and_written);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
