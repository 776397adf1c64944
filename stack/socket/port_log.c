#include "stack/socket/port_log.h"

struct port_use port_use_begin(const char *job, uint64_t now_us)
{
    struct port_use use = {.since_us = now_us};

    for (unsigned i = 0; i < NAME_LEN && job[i] != 0; i++)
        use.job[i] = job[i];
    return use;
}

void port_log_write(struct port_log *log, const struct port_use *use, uint64_t now_us)
{
    struct port_use *written = &log->uses[log->written++ % PORT_LOG_USES];

    *written = *use;
    written->until_us = now_us;
}

bool port_use_matches(const struct port_use *use, uint32_t address, uint16_t port, uint64_t time_us)
{
    if ((address != 0 && use->address != 0 && use->address != address) || (port != 0 && use->port != port))
        return false;
    return time_us == 0 || (use->since_us <= time_us && (use->until_us == 0 || time_us < use->until_us));
}

static uint64_t oldest(const struct port_log *log)
{
    return log->written > PORT_LOG_USES ? log->written - PORT_LOG_USES : 0;
}

uint32_t port_log_find(const struct port_log *log, uint32_t address, uint16_t port, uint64_t time_us, uint32_t most,
                       port_use_fn *use, void *argument)
{
    uint32_t found = 0;

    for (uint64_t n = oldest(log); n < log->written; n++)
        found += port_use_matches(&log->uses[n % PORT_LOG_USES], address, port, time_us);
    uint32_t passed = 0;
    for (uint64_t n = oldest(log); n < log->written; n++) {
        const struct port_use *u = &log->uses[n % PORT_LOG_USES];

        if (port_use_matches(u, address, port, time_us) && passed++ + most >= found)
            use(argument, u);
    }
    return found;
}

uint64_t port_log_reaches_us(const struct port_log *log)
{
    /* Uses are written in the order of their ends: what ended before the first that is left may be missing. */
    return oldest(log) == 0 ? 0 : log->uses[oldest(log) % PORT_LOG_USES].until_us;
}
