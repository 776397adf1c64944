/* Child processes that cannot outlive this one: each is killed by the kernel when its parent ends, however it ends. What a child
 * itself has started (hercules starts hercifc, which takes a second to see its end) is in its process group, and process_ended() and
 * process_kill() end that, too. */
#ifndef SYSPLEX_PROCESS_H
#define SYSPLEX_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process_options {
    int network;                /* descriptor of the network namespace to run in, -1: this one's */
    const char *directory;      /* to run in, NULL: this one's */
    int input, output, error;   /* descriptors to have as 0, 1, 2; -1: /dev/null */
    const char *environment;    /* one more "NAME=value", or NULL */
};

#define PROCESS_DEFAULTS { .network = -1, .input = -1, .output = -1, .error = -1 }

/* Fork. 0 in the child, prepared as the options say (if that fails it exits with 126 after a line on `error`); the child's
 * pid, or -errno. The child has no signal blocked, default signal actions, and a process group of its own, so that a
 * Ctrl-C at the terminal reaches only the parent. */
pid_t process_fork(const struct process_options *options);

/* Run a program, looked up in PATH and in the sbin folders. pid, or -errno, also if the program cannot be executed. */
pid_t process_spawn(const char *const argv[], const struct process_options *options);

/* From now on the children of a child that ends are this process's: it can wait for their end, too. 0 or -errno. */
int process_adopt(void);

/* Wait for a child: its exit code, or 128 + the signal that ended it. */
int process_wait(pid_t pid);

/* Has a child ended? Then it is waited for, and its process group ended. */
bool process_ended(pid_t pid);

/* End a child and its process group at once and wait for them. */
void process_kill(pid_t pid);

/* Is there such a program? */
bool process_exists(const char *program);

uint64_t now_ms(void);          /* monotonic */

#endif
