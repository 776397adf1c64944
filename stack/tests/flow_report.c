/* What flow_host sums: a test program that is linked with this file appends its FLOW counts to the file that the environment
 * variable FLOW_COUNTS names, each process when it ends: libcheck runs each test in one of its own, whose counts begin at
 * zero. A line per block: figure, block, count, what it does. Without the variable nothing is written. */
#include "stack/tests/flow_report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/base/flow.h"

static uint64_t before[FLOW_BLOCK_COUNT];      /* the last flow_restart() */

void flow_restart(void)
{
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        before[i] += flow_count(i);
    flow_reset();
}

static void append_counts(void)
{
    static char text[FLOW_BLOCK_COUNT * 80];
    int length = 0;
    int file = open(getenv("FLOW_COUNTS"), O_WRONLY | O_CREAT | O_APPEND, 0600);

    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s %u %llu %s\n", flow_names[i].figure,
                           flow_names[i].block, (unsigned long long)(before[i] + flow_count(i)), flow_names[i].text);
    if (file < 0 || write(file, text, (size_t)length) != length) {      /* one write: processes do not mix their lines */
        perror(getenv("FLOW_COUNTS"));
        _exit(EXIT_FAILURE);
    }
    close(file);
}

__attribute__((constructor)) static void report_at_the_end(void)
{
    if (getenv("FLOW_COUNTS") != NULL)
        atexit(append_counts);
}
