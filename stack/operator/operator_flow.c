/* D TCPIP,,FLOW[,figure]: how often each block of the patent's flowcharts has been passed on this stack. */
#include "stack/operator/operator.h"

#include <stddef.h>

#include "stack/base/flow.h"
#include "stack/base/text.h"

static unsigned display(const char *figure)
{
    unsigned records = 0;

    text_wto("EZD0101I FLOW CS TCPIP");
    text_wto("FIGURE BLOCK      COUNT WHAT");
    text_wto("------ ----- ---------- ----");
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++) {
        if (figure != NULL && !text_equal(figure, flow_names[i].figure))
            continue;
        text_wto("%-6s %5u %10llu %s", flow_names[i].figure, flow_names[i].block, (unsigned long long)flow_count(i), flow_names[i].text);
        records++;
    }
    return records;
}

static bool is_figure(const char *figure)
{
    for (unsigned i = 0; i < FLOW_BLOCK_COUNT; i++)
        if (text_equal(figure, flow_names[i].figure))
            return true;
    return false;
}

void operator_flow(void *context, const struct operator_parameters *parameters)
{
    const char *figure = operator_positional(parameters, 0);
    unsigned records;

    (void)context;
    if (!operator_check(parameters, ""))
        return;
    if (figure != NULL && !is_figure(figure)) {
        operator_unknown(parameters, figure, "2, 3, 4, 5, 7, 8A, 8B, 9, 10, 11 OR 12");
        return;
    }
    records = display(figure);
    text_wto("%u OF %u RECORDS DISPLAYED", records, FLOW_BLOCK_COUNT);
    text_wto("END OF THE REPORT");
}
