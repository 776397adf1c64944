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

void clp_log_line(const struct clp_log_record *r, const char *system, char *line, uint32_t size)
{
    uint32_t first = bits_first(r->ports), last = 63;
    char ip[16], when[TEXT_TIME_SIZE];

    while (last > first && !(r->ports & port_bit(last)))
        last--;
    text_format(line, size, "%s %s %s %s %u-%u (%u PORTS)", text_time(when, r->time_us), system,
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
