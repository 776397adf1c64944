/* FLOW counts in tests: those of a test begin where it says, and all of them are reported (flow_host). */
#ifndef FLOW_REPORT_H
#define FLOW_REPORT_H

/* The counts are zero again; what they were goes into the report all the same. */
void flow_restart(void);

#endif
