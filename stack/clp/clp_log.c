#include "stack/clp/clp_log.h"

#include "stack/base/text.h"
#include "stack/clp/clp_bits.h"

void clp_log_write(struct clp_log *log, uint64_t time_us, uint32_t address, uint16_t word, uint64_t ports, bool came)
{
    log->records[log->written++ % CLP_LOG_RECORDS] =
        (struct clp_log_record){ .time_us = time_us, .ports = ports, .address = address, .word = word, .came = came };
}

static uint64_t oldest(const struct clp_log *log)
{
    return log->written > CLP_LOG_RECORDS ? log->written - CLP_LOG_RECORDS : 0;
}

enum clp_log_answer clp_log_had(const struct clp_log *log, uint32_t address, uint16_t port, uint64_t time_us, uint64_t *since)
{
    for (uint64_t n = log->written; n-- > oldest(log);) {
        const struct clp_log_record *r = &log->records[n % CLP_LOG_RECORDS];

        if (r->time_us > time_us || r->address != address || r->word != port / 64 || !(r->ports & port_bit(port)))
            continue;
        if (since)
            *since = r->time_us;
        return r->came ? CLP_LOG_YES : CLP_LOG_NO;
    }
    return oldest(log) ? CLP_LOG_UNKNOWN : CLP_LOG_NO;
}

/* Days since 1970-01-01 as a date (civil calendar; H. Hinnant's algorithm for eras of 400 years). */
static void date_of(uint32_t days, uint32_t *year, uint32_t *month, uint32_t *day)
{
    uint32_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
    uint32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    uint32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;

    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

void clp_log_line(const struct clp_log_record *r, const char *system, char *line, uint32_t size)
{
    uint32_t seconds = (uint32_t)(r->time_us / 1000000 % 86400), year, month, day;
    uint32_t first = bits_first(r->ports), last = 63;
    char ip[16];

    while (last > first && !(r->ports & port_bit(last)))
        last--;
    date_of((uint32_t)(r->time_us / 1000000 / 86400), &year, &month, &day);
    text_format(line, size, "%u/%02u/%02u %02u:%02u:%02u.%02u %s %s %s %u-%u (%u PORTS)", year, month, day, seconds / 3600,
                seconds / 60 % 60, seconds % 60, (uint32_t)(r->time_us / 10000 % 100), system,
                r->address == 0xFFFFFFFFu ? "EXPLICITBIND" : text_ip(ip, r->address), r->came ? "CAME" : "LEFT",
                r->word * 64u + first, r->word * 64u + last, bits_count(r->ports));
}

void clp_log_display(const struct clp_log *log, const char *system, uint32_t address, uint32_t records, clp_line_fn *line,
                     void *context)
{
    char text[128];
    uint64_t n = log->written;

    for (uint32_t found = 0; n > oldest(log) && found < records;)
        found += log->records[--n % CLP_LOG_RECORDS].address == address || address == 0;
    for (; n < log->written; n++) {
        const struct clp_log_record *r = &log->records[n % CLP_LOG_RECORDS];

        if (address && r->address != address)
            continue;
        clp_log_line(r, system, text, sizeof text);
        line(context, text);
    }
}
