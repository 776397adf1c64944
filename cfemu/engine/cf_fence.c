#include "cfemu/engine/cf_fence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cfemu/engine/cf_connect.h"
#include "cfemu/engine/cf_duplex.h"
#include "cfemu/engine/cf_notify.h"
#include "cfemu/engine/cf_undo.h"

#define DEATH_MS_MAX 100        /* one command waits so long for a killed process to be dead: it gives its memory back first */
#define HOLDER_LOOKS 50         /* a mutex that has one and the same owner at so many looks, */
#define HOLDER_LOOK_NS 2000000L /* so far apart, is held by somebody who is not at work: commands take microseconds */

/* --- processes ------------------------------------------------------------------------------------------------------ */

/* Read a file of /proc into text. false: there is none. */
static bool proc_read(pid_t pid, const char *file, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

uint64_t cf_process_born(pid_t pid)
{
    char text[1024];
    if (!proc_read(pid, "stat", text, sizeof text))
        return 0;
    const char *at = strrchr(text, ')');        /* the second field is a name with anything in it */
    for (int field = 2; at && field < 22; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

/* The process that a thread belongs to, 0: it is gone. */
static pid_t process_of(pid_t thread)
{
    char text[1024];
    const char *line = proc_read(thread, "status", text, sizeof text) ? strstr(text, "\nTgid:") : NULL;
    return line ? (pid_t)strtol(line + 6, NULL, 10) : 0;
}

/* Kill a process and see it dead. born: its start time. */
static int process_end(pid_t pid, uint64_t born)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0)
        return errno == ESRCH ? CF_RSP_OK : CF_RSP_TIMEOUT;
    int result = CF_RSP_OK;
    if (cf_process_born(pid) == born) {
        struct pollfd ended = {.fd = fd, .events = POLLIN};
        if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) != 0 && errno != ESRCH)
            result = CF_RSP_TIMEOUT;      /* another user's: who owns it must end it */
        else if (poll(&ended, 1, DEATH_MS_MAX) != 1)
            result = CF_RSP_TIMEOUT;
    }
    close(fd);
    return result;
}

/* --- FENCE ----------------------------------------------------------------------------------------------------------- */

/* A rebuild waits for this connection, and goes on when it fails: for a remote system that is too early before cfd has closed its view. */
static bool is_waited_for(const struct cf *cf, const struct cf_slot *slot, bool remote)
{
    return remote && cf_control(cf, slot)->rebuild_phase != CF_REBUILD_NONE;
}

/* End the connections of a view, whose process lives. */
static int view_fence(struct cf *cf, uint32_t number, bool remote)
{
    struct cf_attachment *attachment = &cf->attachments[number];
    struct cf_wakes wakes = {0};
    if (cf_directory_lock(cf) != 0)
        return CF_RSP_BUSY;
    int result = CF_RSP_OK;
    atomic_store(&attachment->fenced, CF_FENCE_BEGUN);
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        if (slot->state == CF_SLOT_ACTIVE && !is_waited_for(cf, slot, remote) && !cf_structure_fail(cf, slot, number, &wakes))
            result = CF_RSP_BUSY;
    if (result == CF_RSP_OK)
        atomic_store(&attachment->fenced, CF_FENCE_DONE);
    atomic_fetch_add(&attachment->notify, 1);
    wakes.set[number / 64] |= 1ull << number % 64;
    cf_directory_unlock(cf);
    cf_wake(cf, &wakes);
    cf_duplex_tell();
    return result;
}

/* The view of a connection, as long as it is the one that made it. */
static bool view_is(const struct cf_attachment *attachment, const struct cf_conn *conn)
{
    return atomic_load(&attachment->state) == CF_ATTACHMENT_ACTIVE && attachment->attached_ns == conn->attached_ns;
}

static int connection_fence(struct cf_call *call, const struct cf_structure *s, uint32_t conid, uint32_t version)
{
    struct cf *cf = call->cf;
    const struct cf_conn *conn = &s->conn[conid];
    uint32_t number = conn->attachment;
    pid_t pid = (pid_t)conn->pid;
    uint64_t born = conn->born;
    if (__atomic_load_n(&conn->version, __ATOMIC_ACQUIRE) != version)
        return CF_RSP_NO_CONNECTION;
    memcpy(call->mrb + MRB_OWN + FENCE_SYSTEM, conn->system, sizeof conn->system);
    if (pid == 0)
        return CF_RSP_OK;
    struct cf_attachment *attachment = &cf->attachments[number];
    if (number == cf->attachment && view_is(attachment, conn))
        return cf_bad(call, MCB_OWN + FENCE_CONID);
    if (call->mcb[MCB_OPTIONS] & CF_OPT_FAILURE && conn->state == CF_CONN_ACTIVE && !cf_attachment_dead(cf, number))
        return CF_RSP_CONN_ACTIVE;
    if (!conn->remote && pid != getpid())
        return process_end(pid, born);
    if (!view_is(attachment, conn))
        return CF_RSP_OK;
    int result = atomic_load(&attachment->fenced) == CF_FENCE_DONE ? CF_RSP_OK : view_fence(cf, number, conn->remote);
    return result == CF_RSP_OK && conn->remote ? CF_RSP_TIMEOUT : result;   /* until cfd has closed it */
}

/* The thread that holds a mutex and does not let go. 0: there is none. */
static pid_t holder_of(const pthread_mutex_t *mutex)
{
    const struct timespec pause = {.tv_nsec = HOLDER_LOOK_NS};
    pid_t holder = 0;
    for (int look = 0; look < HOLDER_LOOKS; look++) {
        pid_t owner = (pid_t)((uint32_t)__atomic_load_n(&mutex->__data.__lock, __ATOMIC_RELAXED) & FUTEX_TID_MASK);
        if (owner == 0 || (look > 0 && owner != holder))
            return 0;
        holder = owner;
        nanosleep(&pause, NULL);
    }
    return holder;
}

static void name_of(const struct cf *cf, pid_t pid, uint8_t name[8])
{
    for (uint32_t i = 0; i < CF_ATTACHMENTS_MAX; i++)
        if (atomic_load(&cf->attachments[i].state) == CF_ATTACHMENT_ACTIVE && (pid_t)cf->attachments[i].pid == pid)
            memcpy(name, cf->attachments[i].system, 8);
}

/* Who holds the structure up, or keeps everybody from the directory. */
static int holder_fence(struct cf_call *call, const struct cf_slot *slot)
{
    pid_t thread = holder_of(&slot->mutex);
    if (thread == 0)
        thread = holder_of(&call->cf->half[0].header->mutex);
    pid_t pid = thread ? process_of(thread) : 0;
    uint64_t born = pid ? cf_process_born(pid) : 0;
    if (pid == 0 || born == 0)
        return CF_RSP_OK;
    if (pid == getpid())
        return CF_RSP_BUSY;
    name_of(call->cf, pid, call->mrb + MRB_OWN + FENCE_SYSTEM);
    return process_end(pid, born);
}

int cf_command_fence(struct cf_call *call)
{
    uint32_t id = get_be32(call->mcb + MCB_STRUCTURE);
    uint32_t conid = get_be32(call->mcb + MCB_OWN + FENCE_CONID);
    if ((id & 0xFFFF) >= CF_STRUCTURES_MAX || id >> 16 == 0)
        return CF_RSP_NO_STRUCTURE;
    if (call->mcb[MCB_OPTIONS] & (uint8_t)~CF_OPT_FAILURE)
        return cf_bad(call, MCB_OPTIONS);
    if (conid > CF_CONNECTIONS_MAX)
        return cf_bad(call, MCB_OWN + FENCE_CONID);
    if (atomic_load(&call->cf->attachments[call->cf->attachment].fenced))
        return CF_RSP_NO_CONNECTION;
    const struct cf_slot *slot = &call->cf->slots[id & 0xFFFF];
    if (slot->state != CF_SLOT_ACTIVE || cf_slot_id(call->cf, slot) != id)
        return CF_RSP_NO_STRUCTURE;
    int result = conid != 0 ? connection_fence(call, cf_control(call->cf, slot), conid,
                                               get_be32(call->mcb + MCB_OWN + FENCE_VERSION))
                            : holder_fence(call, slot);
    if (result == CF_RSP_OK)
        cf_reap(call->cf);              /* its connections fail now, not when somebody meets them */
    return result;
}

/* --- RESET ----------------------------------------------------------------------------------------------------------- */

/* The program that made the connections of this view is not there any more: nobody has to be killed for them. */
static void connections_disown(struct cf *cf, struct cf_structure *s)
{
    for (uint32_t i = 1; i <= CF_CONNECTIONS_MAX; i++) {
        struct cf_conn *conn = &s->conn[i];
        if (conn->state == CF_CONN_ACTIVE && conn->attachment == cf->attachment) {
            cf_set32(s, &conn->pid, 0);
            cf_commit(s);
        }
    }
}

static int reset_one(struct cf *cf, struct cf_slot *slot, struct cf_wakes *wakes)
{
    bool waited;
    if (cf_slot_lock(cf, slot, &waited) == CF_NOT_TAKEN)
        return CF_RSP_BUSY;
    connections_disown(cf, cf_control(cf, slot));
    cf_slot_unlock(slot);
    return cf_structure_fail(cf, slot, cf->attachment, wakes) ? 0 : CF_RSP_BUSY;
}

int cf_command_reset(struct cf_call *call)
{
    struct cf *cf = call->cf;
    if (cf_directory_lock(cf) != 0)
        return CF_RSP_BUSY;
    int result = CF_RSP_OK;
    for (struct cf_slot *slot = cf->slots; slot < cf->slots + CF_STRUCTURES_MAX; slot++)
        if (slot->state == CF_SLOT_ACTIVE && reset_one(cf, slot, &call->wakes) != 0)
            result = CF_RSP_BUSY;
    cf_directory_unlock(cf);
    return result;
}
