/* A CFS device: one subchannel of an image, one path to a coupling facility (private to this folder).
 *
 *   CFMSG, GR1 = subchannel ─► cfs_device_path() ─┐
 *   SSCH: WRITE, READ       ─► the channel half  ─┼─► path ─► cf_message()
 *   attention interrupt     ◄─ the notifier      ◄┘   cf_wait()
 *
 * Connections made through a device, by either door, are that device's: their notifications arrive as its attention, and
 * they fail when it is detached. */
#ifndef CFS_DEVICE_H
#define CFS_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "herc-device/cfs_path.h"
#include "herc-device/herc_compat.h"

#define CFS_DEVICES_MAX 16          /* two CFs and some parallel subchannels for each; 130 KiB of address space apiece */
#define CFS_SEGMENT_NAME_MAX 64     /* bytes of a segment's name with its end */
#define CFS_PLACE_MAX 256           /* the same with the place of a remote one */
#define CFS_SYSTEM_NAME_MAX 9       /* bytes of a system's name with its end */

struct cfs_device {
    atomic_bool in_use;             /* the slot is taken */
    DEVBLK *dev;
    char segment[CFS_PLACE_MAX];
    char system[CFS_SYSTEM_NAME_MAX];
    struct cfs_path path;

    /* Notification (cfs_notify.c). dev->fd is an eventfd that is readable once the threads shall end. */
    atomic_bool stopping;
    pthread_t notifier;             /* CF notification -> attention */
    pthread_t watcher;              /* liveness of the other processes */
    pid_t watchdog;                 /* of a remote CF (cfs_watchdog.c), 0: none */

    /* The channel half (cfs_device.c). */
    uint32_t request_len;           /* bytes gathered so far from data-chained WRITEs */
    uint32_t answer_len;            /* 0: nothing to READ */
    uint32_t answer_pos;            /* bytes of it given to data-chained READs */
    uint8_t request[CF_MCB_SIZE + CF_DATA_MAX];
    uint8_t answer[CF_MRB_SIZE + CF_DATA_MAX];
};

/* What Hercules calls for a device of type CFS. */
extern DEVHND cfs_device_handlers;

/* The path that a subsystem identification word names; NULL if that is no CFS device. The path may close at any moment
 * (cfs_path.h), its memory stays. */
struct cfs_path *cfs_device_path(U32 subsystem_id);

/* Start the two threads of a device whose path is open and whose dev->fd is set. 0 or an errno. */
int cfs_notify_start(struct cfs_device *device);

/* End them. The caller must not hold the device's lock: the notifier may be waiting for it. */
void cfs_notify_stop(struct cfs_device *device);

/* Start the watchdog of a device whose path is open; nothing if its CF is a local one. 0 or an errno. */
int cfs_watchdog_start(struct cfs_device *device);

/* End it, before the path is closed. */
void cfs_watchdog_stop(struct cfs_device *device);

/* CFMSG for the architectures that Hercules emulates; only z/Architecture has it. */
void(ATTR_REGPARM(2) s370_cfmsg)(BYTE inst[], REGS *regs);
void(ATTR_REGPARM(2) s390_cfmsg)(BYTE inst[], REGS *regs);
void(ATTR_REGPARM(2) z900_cfmsg)(BYTE inst[], REGS *regs);

#endif
