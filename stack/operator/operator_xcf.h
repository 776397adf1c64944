/* The operator's commands of XCF:
 *
 *   D XCF                      the systems                    D XCF,Sysplex,ALL     with status and time stamps
 *   D XCF,Group[,name]         groups and their members       D XCF,COUPLE          intervals
 *   V XCF,sys,OFFLINE[,FORCE]  asks for a confirmation: R nn,SYSNAME=sys or R nn,C; FORCE: no waiting for the system to stop
 *   R nn,DOWN                  to IXC102A: the system that could not be fenced has been reset
 *   SETXCF COUPLE,INTERVAL=s or CLEANUP=s
 *
 * Shaped as on z/OS: MVS System Messages (IXC334I, IXC335I, IXC331I, IXC332I, IXC357I, IXC371D) and System Commands; layouts are
 * modelled on them. The number of a reply is that of the system it is about, as there is one question about each at a time. */
#ifndef OPERATOR_XCF_H
#define OPERATOR_XCF_H

#include "stack/operator/operator.h"
#include "stack/xcf/xcf.h"

/* Register them. xcf and sysplex are kept. */
void operator_xcf_register(struct operator *operator, struct xcf *xcf, const char *sysplex);

#endif
