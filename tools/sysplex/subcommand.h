/* The subcommands of sysplex: each has a function that reads its own command line and does it. */
#ifndef SYSPLEX_SUBCOMMAND_H
#define SYSPLEX_SUBCOMMAND_H

#include <argp.h>
#include <stdbool.h>

/* argv[0]: "sysplex NAME". Each returns an exit code (exits.h). */
typedef int subcommand(int argc, char **argv);

subcommand subcommand_up, subcommand_run, subcommand_clean;                         /* main.c */
subcommand subcommand_status;                                                       /* status.c */
subcommand subcommand_console;                                                      /* console.c */
subcommand subcommand_logs;                                                         /* logs.c */
subcommand subcommand_cmd, subcommand_start, subcommand_obey, subcommand_kill, subcommand_stop, subcommand_ipl, subcommand_vary,
           subcommand_capture, subcommand_down;                                     /* operate.c */

enum { SUBCOMMAND_WORDS_MAX = 32 };

/* The command line of a subcommand that talks to a Sysplex which is up. */
struct words {
    const char *name;                           /* --name, or NULL */
    bool force, json, follow;                   /* of those that have them */
    const char *await;                          /* --wait */
    double seconds;                             /* --seconds, 0: not given */
    const char *word[SUBCOMMAND_WORDS_MAX];     /* what is left */
    unsigned count;
    unsigned min, max;                          /* so many of them, set before */
};

/* options: which there are besides --name: f --force, F --follow (both -f), j --json, w --wait, s --seconds. Ends the program on a wrong usage. usage,
 * doc: as argp's args_doc and doc. */
void words_parse(struct words *w, int argc, char **argv, const char *options, const char *usage, const char *doc);

#endif
