#include "stack/image/job.h"

#include <string.h>

#include "stack/base/text.h"

static const struct program *const programs[] = {&conngen_program, &httpd_program, &moddvipa_program, &pair_program};
#define PROGRAMS (sizeof programs / sizeof programs[0])

static struct job jobs[JOB_MAX];    /* program NULL: free */
static uint16_t last_id;

static struct job *job_find(const char *name)
{
    for (int i = 0; i < JOB_MAX; i++)
        if (jobs[i].program != NULL && text_equal(jobs[i].owner.job, name))
            return &jobs[i];
    return NULL;
}

static const struct program *program_find(const char *name)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (text_equal(programs[i]->name, name))
            return programs[i];
    return NULL;
}

/* 1 to 8 letters, digits and @ # $, the first not a digit: a name as JCL has it. */
static bool name_valid(const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < length; i++) {
        bool letter = (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '@' || name[i] == '#' || name[i] == '$';
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!letter && (!digit || i == 0))
            return false;
    }
    return length >= 1 && length <= NAME_LEN;
}

static struct job *job_free(void)
{
    for (int i = 0; i < JOB_MAX; i++)
        if (jobs[i].program == NULL)
            return &jobs[i];
    return NULL;
}

/* S name[,PGM=program][,USER=userid][,parameters of the program] */
static void start_command(void *context, const struct operator_parameters *parameters)
{
    const char *name = operator_positional(parameters, 0);
    const char *program_name = operator_value(parameters, "PGM");
    const char *user = operator_value(parameters, "USER");
    (void)context;

    if (name == NULL) {
        operator_missing(parameters, "NAME OF THE JOB");
        return;
    }
    const struct program *program = program_find(program_name != NULL ? program_name : name);
    struct job *job = job_free();
    if (!name_valid(name) || (user != NULL && !name_valid(user)))
        text_wto("IEE535I START    INVALID PARAMETER, NAMES HAVE 1 TO 8 OF A-Z 0-9 @ # $");
    else if (program == NULL)
        text_wto("IEE122I START COMMAND JCL ERROR, PGM=%s IS NOT A PROGRAM OF THIS SYSTEM", program_name != NULL ? program_name : name);
    else if (job_find(name) != NULL)
        text_wto("CFS104E %s IS ACTIVE ALREADY, THE JOB IS NOT STARTED", name);
    else if (job == NULL)
        text_wto("CFS105E %s NOT STARTED, %d JOBS ARE ACTIVE", name, JOB_MAX);
    else {
        *job = (struct job){.id = ++last_id};
        text_format(job->owner.job, sizeof job->owner.job, "%s", name);
        text_format(job->owner.user, sizeof job->owner.user, "%s", user != NULL ? user : name);
        if (program->start(job, parameters)) {
            job->program = program;
            text_wto("IEF403I %s - STARTED", job->owner.job);
        } else {
            text_wto("IEF452I %s - JOB NOT RUN - PARAMETER ERROR", job->owner.job);
            text_wto(" %s TAKES %s", program->name, program->parameters);
        }
    }
}

static struct job *job_operand(const struct operator_parameters *parameters)
{
    const char *name = operator_positional(parameters, 0);
    struct job *job = name != NULL ? job_find(name) : NULL;

    if (!operator_check(parameters, "") || !operator_positionals(parameters, 1))
        return NULL;
    if (name == NULL)
        operator_missing(parameters, "NAME OF THE JOB");
    else if (job == NULL)
        text_wto("IEE341I %s              NOT ACTIVE", name);
    return job;
}

static void stop_command(void *context, const struct operator_parameters *parameters)
{
    struct job *job = job_operand(parameters);
    (void)context;

    if (job != NULL)
        job->stopping = true;
}

static void job_end(struct job *job)
{
    text_wto("IEF404I %s - ENDED", job->owner.job);
    job->program = NULL;
}

static void cancel_command(void *context, const struct operator_parameters *parameters)
{
    struct job *job = job_operand(parameters);
    (void)context;

    if (job != NULL) {
        job->program->cancel(job);
        job_end(job);
    }
}

/* D A,L and D A,name, perhaps with an asterisk at the end */
static void display_active(void *context, const struct operator_parameters *parameters)
{
    const char *name = operator_positional(parameters, 0);
    unsigned count = 0, shown = 0;
    (void)context;

    if (!operator_check(parameters, "") || !operator_positionals(parameters, 1))
        return;
    if (name == NULL) {
        operator_missing(parameters, "L OR THE NAME OF A JOB");
        return;
    }
    if (text_equal(name, "L"))
        name = "*";
    for (int i = 0; i < JOB_MAX; i++)
        count += jobs[i].program != NULL;
    text_wto("IEE114I DISPLAY ACTIVITY");
    text_wto(" JOBS %05u", count);
    for (int i = 0; i < JOB_MAX; i++) {
        if (jobs[i].program == NULL || text_match(name, jobs[i].owner.job) == 0)
            continue;
        text_wto(" %-8s %-8s STC%05u %-8s %s", jobs[i].owner.job, jobs[i].program->name, jobs[i].id, jobs[i].owner.user,
                 jobs[i].stopping ? "STOPPING" : "OWT");
        shown++;
    }
    if (shown == 0 && !text_equal(name, "*"))
        text_wto(" %s NOT FOUND", name);
}

void jobs_start(struct operator *operator)
{
    operator_register(operator, "S", start_command, NULL, " name,PGM=program,...  start a job");
    operator_register(operator, "P", stop_command, NULL, " name  stop a job in order");
    operator_register(operator, "C", cancel_command, NULL, " name  end a job at once");
    operator_register(operator, "D A", display_active, NULL, ",L|name*  list the active jobs");
}

bool jobs_poll(void)
{
    bool active = false;

    for (int i = 0; i < JOB_MAX; i++) {
        if (jobs[i].program == NULL)
            continue;
        if (jobs[i].program->poll(&jobs[i]))
            active = true;
        else
            job_end(&jobs[i]);
    }
    return active;
}
