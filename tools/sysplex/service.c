/* What is done for a request (control.h). A table says which requests there are; those that take their time leave the
 * client busy, and end where what they wait for is seen. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tools/sysplex/control.h"
#include "tools/sysplex/plex.h"
#include "tools/sysplex/process.h"

enum { AWAIT_SECONDS_MAX = 600 };

static struct plex *plex_of(const struct control_client *client)
{
    return client->owner->plex;
}

static const char *get_text(const cJSON *request, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, key));
    return text ? text : "";
}

static bool get_flag(const cJSON *request, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request, key));
}

/* The image that the request names; NULL: there is none, the request has been ended. */
static struct image *get_image(struct control_client *client, const cJSON *request)
{
    struct plex *p = plex_of(client);
    const char *name = get_text(request, "system");
    struct image *image = plex_image(p, name);
    char names[160] = "";
    for (unsigned i = 0; !image && i < p->image_count && strlen(names) < sizeof names - 16; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? ", " : "", p->images[i].system->name);
    if (!image)
        control_end(client, CONTROL_FAILED, "%.20s: expected a system of %s: %s", name, p->rundir.name, names);
    return image;
}

/* The same, and it must be ready. */
static struct image *get_ready(struct control_client *client, const cJSON *request)
{
    struct image *image = get_image(client, request);
    if (image && image->state != IMAGE_READY) {
        control_end(client, CONTROL_FAILED, "%s is not ready: %s", image->system->name, image_state_name(image->state));
        return NULL;
    }
    return image;
}

/* --- commands ------------------------------------------------------------------------------------------------------- */

static void answer_line(void *context, const char *system, const char *line)
{
    control_send_line(context, system, line);
}

static void command_ended(void *context, const char *system, enum command_end end);
static void member_read(void *context, const char *system, enum command_end end);

/* A console shows the answer anyway. */
static struct command_listener listener_of(struct control_client *client)
{
    return (struct command_listener){ client->console[0] ? NULL : answer_line, command_ended, client };
}

static int give(struct control_client *client, struct image *image, const char *text, const char *awaited, unsigned ms_max)
{
    struct command_listener listener = listener_of(client);
    int rc = commands_give(&image->commands, text, awaited, ms_max, &listener);
    if (rc < 0) {
        client->end = CONTROL_FAILED;
        snprintf(client->error, sizeof client->error, "%s: %s", image->system->name,
                 rc == -EINVAL ? "expected a command of at most 126 printable ASCII characters"
                 : rc == -EAGAIN ? "too many commands wait for their answers" : strerror(-rc));
    } else
        client->pending++;
    return rc;
}

static void end_when_answered(struct control_client *client)
{
    if (client->pending == 0)
        control_end(client, client->end, client->error[0] ? "%s" : NULL, client->error);
}

static void begin(struct control_client *client)
{
    client->busy = true;
    client->pending = 0;
    client->end = CONTROL_DONE;
    client->error[0] = '\0';
    client->then[0] = '\0';
}

static void note_end(struct control_client *client, const char *system, enum command_end end)
{
    static const struct {
        enum control_end end;
        const char *what;
    } ends[] = { { CONTROL_DONE, NULL }, { CONTROL_REFUSED, NULL }, { CONTROL_FAILED, "no answer in time" }, { CONTROL_FAILED, "the system has ended" } };
    client->pending--;
    if (ends[end].end > client->end)
        client->end = ends[end].end;
    if (ends[end].what)
        snprintf(client->error, sizeof client->error, "%s: %s", system, ends[end].what);
}

static void command_ended(void *context, const char *system, enum command_end end)
{
    struct control_client *client = context;
    if (client->image && end == COMMAND_LOST)
        return;                 /* Z EOD: the state of the image ends the request */
    note_end(client, system, end);
    end_when_answered(client);
}

static unsigned patience_ms(const cJSON *request)
{
    const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(request, "seconds");
    if (!cJSON_IsNumber(seconds) || seconds->valuedouble <= 0 || seconds->valuedouble > AWAIT_SECONDS_MAX)
        return COMMAND_MS_MAX;
    return (unsigned)(seconds->valuedouble * 1000);
}

static void command(struct control_client *client, const cJSON *request)
{
    struct plex *p = plex_of(client);
    const char *text = get_text(request, "text"), *awaited = get_text(request, "await");
    bool all = strcasecmp(get_text(request, "system"), "all") == 0;
    struct image *one = all ? NULL : get_ready(client, request);
    if (!all && !one)
        return;
    begin(client);
    events_write(&p->events, one ? one->system->name : "", "operator", "%s", text);
    for (unsigned i = 0; i < p->image_count; i++)
        if (p->images[i].state == IMAGE_READY && (all || one == &p->images[i]))
            (void)give(client, &p->images[i], text, awaited, patience_ms(request));
    if (all && client->pending == 0 && !client->error[0]) {
        client->end = CONTROL_FAILED;
        strcpy(client->error, "no system is ready");
    }
    end_when_answered(client);
}

/* The member first; when the system says that it has it, the command. */
static void member_read(void *context, const char *system, enum command_end end)
{
    struct control_client *client = context;
    struct image *image = plex_image(plex_of(client), system);
    note_end(client, system, end);
    if (end == COMMAND_ANSWERED)
        (void)give(client, image, client->then, "", COMMAND_MS_MAX);
    end_when_answered(client);
}

static void obey(struct control_client *client, const cJSON *request)
{
    const char *file = get_text(request, "file");
    char member[DEFINED_NAME_SIZE], awaited[64];
    struct image *image = get_ready(client, request);
    if (!image)
        return;
    int rc = image_deck(image, file, member);
    if (rc < 0) {
        control_end(client, CONTROL_FAILED, "%.80s: %s", file, strerror(-rc));
        return;
    }
    begin(client);
    snprintf(awaited, sizeof awaited, "MEMBER %s READ FROM READER", member);
    snprintf(client->then, sizeof client->then, "V TCPIP,,OBEYFILE,%s", member);
    events_write(&plex_of(client)->events, image->system->name, "operator", "%s", client->then);
    struct command_listener listener = { NULL, member_read, client };
    rc = commands_give(&image->commands, "", awaited, COMMAND_MS_MAX, &listener);
    if (rc < 0)
        control_end(client, CONTROL_FAILED, "%s: %s", image->system->name, strerror(-rc));
    else
        client->pending++;
}

/* The command asks back: "*01 IXC371D CONFIRM REQUEST TO VARY SYSTEM MVS3 OFFLINE. ...". The reply stands in client->then. */
static void vary_line(void *context, const char *system, const char *line)
{
    struct control_client *client = context;
    unsigned number;
    char gone[DEFINED_NAME_SIZE];
    if (sscanf(line, "*%u IXC371D CONFIRM REQUEST TO VARY SYSTEM %8s", &number, gone) == 2)
        snprintf(client->then, sizeof client->then, "R %u,SYSNAME=%s", number, gone);
    control_send_line(client, system, line);
}

/* Who has given the request has meant it: it is confirmed, and done when the system is out. */
static void vary_asked(void *context, const char *system, enum command_end end)
{
    struct control_client *client = context;
    note_end(client, system, end);
    if (end == COMMAND_ANSWERED && client->then[0])
        (void)give(client, plex_image(plex_of(client), system), client->then, "IXC105I", COMMAND_MS_MAX);
    end_when_answered(client);
}

static void vary(struct control_client *client, const cJSON *request)
{
    const struct command_listener listener = { vary_line, vary_asked, client };
    struct plex *p = plex_of(client);
    const struct image *gone = get_image(client, request);
    char text[COMMAND_LINE_MAX];
    for (unsigned i = 0; gone && i < p->image_count; i++)
        if (p->images[i].state == IMAGE_READY && &p->images[i] != gone) {
            begin(client);
            snprintf(text, sizeof text, "V XCF,%s,OFFLINE", gone->system->name);
            events_write(&p->events, p->images[i].system->name, "operator", "%s", text);
            if (commands_give(&p->images[i].commands, text, "", COMMAND_MS_MAX, &listener) == 0)
                client->pending++;
            else
                client->end = CONTROL_FAILED;
            end_when_answered(client);
            return;
        }
    if (gone)
        control_end(client, CONTROL_FAILED, "no other system is ready, to be given V XCF,%s,OFFLINE", gone->system->name);
}

/* --- systems -------------------------------------------------------------------------------------------------------- */

static void state_due(void *context)
{
    struct control_client *client = context;
    if (client->image)
        control_end(client, CONTROL_FAILED, "%s was not %s in time: %s", client->image->system->name,
                    image_state_name((enum image_state)client->wanted), image_state_name(client->image->state));
}

static void await_state(struct control_client *client, struct image *image, enum image_state wanted, unsigned ms_max)
{
    begin(client);
    client->image = image;
    client->wanted = wanted;
    loop_timer(&plex_of(client)->loop, ms_max, state_due, client);
}

void service_changed(struct control_client *client)
{
    const struct image *image = client->image;
    if (!image || image->state == IMAGE_BOOTING)
        return;
    loop_timer_stop(&plex_of(client)->loop, state_due, client);
    if (image->state == (enum image_state)client->wanted)
        control_end(client, CONTROL_DONE, NULL);
    else
        control_end(client, CONTROL_FAILED, "%s: %s", image->system->name, image_state_name(image->state));
}

static void kill_system(struct control_client *client, const cJSON *request)
{
    struct image *image = get_image(client, request);
    if (image && (image->pid <= 0 || image->state == IMAGE_KILLED))
        control_end(client, CONTROL_FAILED, "%s has no emulator: %s", image->system->name, image_state_name(image->state));
    else if (image) {
        image_kill(image, IMAGE_KILLED);
        control_end(client, CONTROL_DONE, NULL);
    }
}

static void stop_system(struct control_client *client, const cJSON *request)
{
    struct image *image = get_ready(client, request);
    if (!image)
        return;
    await_state(client, image, IMAGE_HALTED, PLEX_HALT_MS_MAX);
    struct command_listener listener = { answer_line, NULL, client };
    int rc = commands_give(&image->commands, "Z EOD", "", PLEX_HALT_MS_MAX, &listener);
    if (rc < 0)
        control_end(client, CONTROL_FAILED, "%s: %s", image->system->name, strerror(-rc));
}

static void ipl_system(struct control_client *client, const cJSON *request)
{
    struct image *image = get_image(client, request);
    bool active = image && (image->state == IMAGE_READY || image->state == IMAGE_BOOTING || image->state == IMAGE_STOPPED);
    if (!image)
        return;
    if (active && !get_flag(request, "force")) {
        control_end(client, CONTROL_FAILED, "%s is active (%s): stop or kill it first, or use --force", image->system->name,
                    image_state_name(image->state));
        return;
    }
    if (image_ipl(image) < 0)
        control_end(client, CONTROL_FAILED, "%s cannot be IPLed, see %s", image->system->name, rundir_file(&plex_of(client)->rundir, "supervisor.log"));
    else
        await_state(client, image, IMAGE_READY, PLEX_BOOT_MS_MAX);
}

static void console(struct control_client *client, const cJSON *request)
{
    const struct image *image = get_image(client, request);
    if (!image)
        return;
    strcpy(client->console, image->system->name);
    unsigned count = image->line_count < IMAGE_LAST_LINES ? image->line_count : IMAGE_LAST_LINES;
    for (unsigned i = image->line_count - count; i < image->line_count; i++)
        control_send_line(client, image->system->name, image->last[i % IMAGE_LAST_LINES]);
    control_end(client, CONTROL_DONE, NULL);
}

/* --- the Sysplex ---------------------------------------------------------------------------------------------------- */

static void status(struct control_client *client, const cJSON *request)
{
    struct plex *p = plex_of(client);
    cJSON *packet = cJSON_CreateObject(), *o = statistics_json(&p->statistics);
    (void)request;
    cJSON_AddStringToObject(o, "name", p->rundir.name);
    cJSON_AddStringToObject(o, "sysplex", p->definition.sysplex);
    cJSON_AddStringToObject(o, "definition", p->definition.path);
    cJSON_AddStringToObject(o, "directory", p->rundir.path);
    cJSON_AddStringToObject(o, "clusterports", p->options.clusterports);
    cJSON_AddNumberToObject(o, "pid", getpid());
    cJSON_AddNumberToObject(o, "up_seconds", (double)((now_ms() - p->began_ms) / 1000));
    cJSON_AddStringToObject(o, "capture", p->capture.pid > 0 ? plex_capture_file(p, "pcap") : "");
    cJSON_AddItemToObject(packet, "status", o);
    control_send(client, packet);
    control_end(client, CONTROL_DONE, NULL);
}

static void told(struct control_client *client, const char *text)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "told", text);
    control_send(client, o);
}

static void capture(struct control_client *client, const cJSON *request)
{
    struct plex *p = plex_of(client);
    struct capture_counts counts;
    char text[PATH_MAX + 64];
    bool start = get_flag(request, "start"), runs = p->capture.pid > 0;
    if (start == runs) {
        control_end(client, CONTROL_FAILED, runs ? "a capture is running: %s" : "no capture is running%.0s", plex_capture_file(p, "pcap"));
    } else if (start ? plex_capture_start(p) < 0 : plex_capture_stop(p, &counts) < 0) {
        control_end(client, CONTROL_FAILED, "see %s", rundir_file(&p->rundir, "supervisor.log"));
    } else {
        snprintf(text, sizeof text, "%s", plex_capture_file(p, "pcap"));
        if (!start)
            snprintf(text + strlen(text), sizeof text - strlen(text), ": %lu packets, %lu lost", counts.packets, counts.dropped);
        told(client, text);
        control_end(client, CONTROL_DONE, NULL);
    }
}

static void down(struct control_client *client, const cJSON *request)
{
    begin(client);              /* ends with the Sysplex */
    client->owner->down_asked = true;
    client->owner->force_asked |= get_flag(request, "force");
}

static const struct {
    const char *name;
    void (*serve)(struct control_client *client, const cJSON *request);
} services[] = {
    { "status", status }, { "command", command }, { "obey", obey }, { "console", console }, { "kill", kill_system },
    { "stop", stop_system }, { "ipl", ipl_system }, { "vary", vary }, { "capture", capture }, { "down", down },
};

void service_request(struct control_client *client, const cJSON *request)
{
    const char *name = get_text(request, "request");
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
        if (strcmp(services[i].name, name) == 0) {
            services[i].serve(client, request);
            return;
        }
    control_end(client, CONTROL_FAILED, "%.20s: expected a request of control.h", name);
}
