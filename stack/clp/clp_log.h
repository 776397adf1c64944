/* Attribution: which stack had an address and port at what time. Each stack logs the ports that come to it and leave it, a
 * record per word of a trip; a port is this stack's from a record that brings it to the next one that takes it away. The log
 * is a ring in memory: the newest CLP_LOG_RECORDS records. What leaves the ring can be kept by whoever is given the lines. */
#ifndef CLP_LOG_H
#define CLP_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define CLP_LOG_RECORDS 8192u               /* 192 KiB: half a million ports that came or went */

struct clp_log_record {
    uint64_t time_us;
    uint64_t ports;                         /* of the word, as in the maps */
    uint32_t address;
    uint16_t word;
    bool came;                              /* else left */
};

struct clp_log {
    uint64_t written;                       /* records ever; record n stands at n % CLP_LOG_RECORDS */
    struct clp_log_record records[CLP_LOG_RECORDS];
};

typedef void clp_line_fn(void *context, const char *line);

void clp_log_write(struct clp_log *log, uint64_t time_us, uint32_t address, uint16_t word, uint64_t ports, bool came);

/* Had this stack the port at that time? *since: when it came (may be NULL). CLP_LOG_UNKNOWN: the log does not reach back. */
enum clp_log_answer { CLP_LOG_NO, CLP_LOG_YES, CLP_LOG_UNKNOWN };
enum clp_log_answer clp_log_had(const struct clp_log *log, uint32_t address, uint16_t port, uint64_t time_us, uint64_t *since);

/* One record as a line of the hardcopy: "yyyy/mm/dd hh:mm:ss.th system address CAME 49152-49215 (64 PORTS)". */
void clp_log_line(const struct clp_log_record *record, const char *system, char *line, uint32_t size);

/* The newest `records` records of the address (0 = of all), oldest first. */
void clp_log_display(const struct clp_log *log, const char *system, uint32_t address, uint32_t records, clp_line_fn *line,
                     void *context);

#endif
