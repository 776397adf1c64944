/* Jobs: small programs that the operator starts, `S APPA,PGM=CONNGEN,DEST=10.1.0.100,PORT=80`.
 *
 * A job has a name and a user id, by which SOURCEIPA and PORT know it, and a program. Programs are event driven: the main
 * loop polls each active job, socket events come in between; a program never waits. The START parameters are the program's
 * own; one that it does not know is an error and nothing starts. */
#ifndef STACK_JOB_H
#define STACK_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/operator/operator.h"
#include "stack/socket/socket.h"

#define JOB_MAX 16          /* active jobs of an image */

struct job {
    struct socket_owner owner;
    const struct program *program;
    void *state;            /* the program's own */
    uint16_t id;            /* STC number for displays */
    bool stopping;          /* STOP was given: end in order */
};

struct program {
    const char *name;       /* PGM= */
    const char *parameters; /* for HELP and error messages */
    /* Start with the parameters of the START command. false: a message was written, the job does not start. */
    bool (*start)(struct job *job, const struct operator_parameters *parameters);
    /* Do what is to do now; called once a turn of the main loop. false: the job has ended. */
    bool (*poll)(struct job *job);
    /* CANCEL: end at once. */
    void (*cancel)(struct job *job);
};

/* Register the job commands (START, STOP, CANCEL, D A,L) with the operator. */
void jobs_start(struct operator *operator);

/* Poll all jobs; true while at least one is active (the main loop then looks more often). */
bool jobs_poll(void);

/* Programs */
extern const struct program conngen_program, httpd_program, moddvipa_program, pair_program;

#endif
