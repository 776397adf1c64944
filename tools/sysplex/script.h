/* A script of operator commands, run after the boot: a story while the jobs run, or commands in place of them. A line each:
 *
 *   MVS2: D TCPIP,,FLOW                       give a system a command; all: to each that lives
 *   MVS2: S A,PGM=CONNGEN,N=1 => A - ENDED    and wait until its console shows this text
 *   all: => IXC105I                           only wait for it, if it has not come since the last command without => there
 *   MVS2 < flow/late.profile                  load a deck into its reader 02C; path relative to the script
 *   outside: curl -sf http://10.1.9.1:8080/   a command of the host's shell in the outside server's network
 *   kill MVS3                                 end its emulator
 *   stop MVS3, cont MVS3                      let it hang, and go on
 *   stop MVS3 inside IXCSTR1                  let it hang in the middle of a command to this structure (hang.h)
 *   ipl MVS3                                  IPL it again, in a new emulator if it has none, and wait until it is ready
 *   fail CF01                                 a coupling facility is lost, for all systems at once
 *   activate CF01                             it comes back, empty
 *   jobs MVS3                                 start the jobs of the definition on it again
 *   await MVS3 partitioned recovered          until its failure has come so far: steps of incident.h
 *   wait 1.5                                  seconds
 *   wait 40%                                  until the jobs of the systems that live have done so much
 *   repeat                                    the lines from here on ...
 *   until 300                                 ... up to here, until so many seconds of the script have passed
 *   # comment
 *
 * Answers are in the consoles' logs, those of outside: in outside.console. A text that does not come, a command of the shell
 * that fails, and a line that is none of these end the script. */
#ifndef SYSPLEX_SCRIPT_H
#define SYSPLEX_SCRIPT_H

#include "tools/sysplex/plex.h"

/* Can every line of a script be understood, with the definition that has been read? 0 or -errno, told; nothing is done. */
int script_check(struct plex *p, const char *path);

/* Run a script. 0 or -errno, told. */
int script_run(struct plex *p, const char *path);

#endif
