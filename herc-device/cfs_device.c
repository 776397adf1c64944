/* The CFS device as Hercules and channel programs see it.
 *
 *   0F00 CFS PLEX1.CF01 SYSTEM=MVS1
 *            │          └ the image's name for displays; LPARNAME unless given
 *            └ the shared memory segment that is the CF; or a remote one, which cfd serves:
 *              PLEX1.CF01@192.0.2.1:7070,psk=/etc/plex1.psk     over TLS, with a key file (cfemu/link/cf_tls.h)
 *              PLEX1.CF01@/run/plex1                            over a Unix socket
 *
 * A channel program is WRITE (MCB and data: the command is executed when its last byte is there) and READ (MRB and data
 * of the last WRITE), usually chained. Both may be data-chained, which is the only way to pass more than 65,535 bytes.
 * READ does not use the answer up: a program may fetch the MRB first and all of it in a second READ. Every command ends
 * in exactly one of two ways: channel end and device end, or these with unit check and a sense that says why.
 *
 * A command blocks no longer than the CF's own bounded wait, or the link's (cfs_path.h). There is therefore nothing to interrupt for HALT and CLEAR:
 * Hercules ends the channel program at the next CCW, and data gathered so far is forgotten by the next WRITE. */
#include "herc-device/cfs_device.h"

#include <ctype.h>
#include <stddef.h>
#include <strings.h>
#include <sys/eventfd.h>

#define SENSE_BYTES 32

static struct cfs_device devices[CFS_DEVICES_MAX];

/* --- channel programs ----------------------------------------------------------------------------------------------*/

static BYTE ended(void)
{
    return CSW_CE | CSW_DE;
}

static BYTE rejected(DEVBLK *dev, BYTE sense, enum cfs_sense reason)
{
    memset(dev->sense, 0, sizeof dev->sense);
    dev->sense[0] = sense;
    dev->sense[1] = (BYTE)reason;
    return CSW_CE | CSW_DE | CSW_UC;
}

static BYTE not_operational(DEVBLK *dev)
{
    return rejected(dev, SENSE_IR, CFS_SENSE_NOT_OPERATIONAL);
}

/* Execute the request and keep the answer. */
static BYTE execute(struct cfs_device *device, const BYTE *request, uint32_t len)
{
    BYTE *data = device->answer + CF_MRB_SIZE;

    device->answer_len = 0;
    device->answer_pos = 0;
    if (len < CF_MCB_SIZE)
        return rejected(device->dev, SENSE_CR, CFS_SENSE_SHORT_WRITE);
    if (cfs_path_message(&device->path, request, request + CF_MCB_SIZE, len - CF_MCB_SIZE, device->answer, data,
                         CF_DATA_MAX, CF_WAIT_US) == CFS_NOT_OPERATIONAL)
        return not_operational(device->dev);
    device->answer_len = CF_MRB_SIZE + cfs_path_data_len(device->answer, CF_DATA_MAX);
    return ended();
}

/* One CCW of a WRITE; first and last in its data chain? */
static BYTE write_part(struct cfs_device *device, const BYTE *part, uint32_t len, bool first, bool last)
{
    if (first && last)
        return execute(device, part, len);
    if (first)
        device->request_len = 0;
    if (len > sizeof device->request - device->request_len) {
        device->answer_len = 0;
        return rejected(device->dev, SENSE_CR, CFS_SENSE_LONG_WRITE);
    }
    memcpy(device->request + device->request_len, part, len);
    device->request_len += len;
    return last ? execute(device, device->request, device->request_len) : ended();
}

/* One CCW of a READ. *residual: bytes of the CCW that stay unused; *more: the answer has bytes left. */
static BYTE read_part(struct cfs_device *device, BYTE *part, uint32_t len, bool first, uint32_t *residual, BYTE *more)
{
    uint32_t left, n;

    if (device->answer_len == 0)
        return rejected(device->dev, SENSE_CR, CFS_SENSE_NOTHING_TO_READ);
    if (first)
        device->answer_pos = 0;
    left = device->answer_len - device->answer_pos;
    n = len < left ? len : left;
    memcpy(part, device->answer + device->answer_pos, n);
    device->answer_pos += n;
    *residual = len - n;
    *more = n < left;
    return ended();
}

/* SENSE and SENSE ID: give what there is of size bytes. */
static BYTE give(BYTE *to, uint32_t len, const BYTE *from, uint32_t size, uint32_t *residual, BYTE *more)
{
    uint32_t n = len < size ? len : size;

    memcpy(to, from, n);
    *residual = len - n;
    *more = n < size;
    return ended();
}

static void execute_ccw(DEVBLK *dev, BYTE code, BYTE flags, BYTE chained, hc_count count, BYTE previous, int sequence,
                        BYTE *iobuf, BYTE *more, BYTE *unitstat, hc_count *residual)
{
    struct cfs_device *device = dev->dev_data;
    bool first = (chained & CCW_FLAGS_CD) == 0;
    bool last = (flags & CCW_FLAGS_CD) == 0;
    uint32_t unused = 0;

    UNREFERENCED(previous);
    UNREFERENCED(sequence);
    switch (code) {
    case CFS_CCW_WRITE:
        *unitstat = device == NULL ? not_operational(dev) : write_part(device, iobuf, count, first, last);
        break;
    case CFS_CCW_READ:
        *unitstat = device == NULL ? not_operational(dev) : read_part(device, iobuf, count, first, &unused, more);
        break;
    case CFS_CCW_NOP:
        *unitstat = ended();
        break;
    case CFS_CCW_SENSE:
        *unitstat = give(iobuf, count, dev->sense, SENSE_BYTES, &unused, more);
        memset(dev->sense, 0, sizeof dev->sense);
        break;
    case CFS_CCW_SENSE_ID:
        *unitstat = give(iobuf, count, dev->devid, (uint32_t)dev->numdevid, &unused, more);
        break;
    default:
        *unitstat = rejected(dev, SENSE_CR, CFS_SENSE_UNKNOWN_COMMAND);
        break;
    }
    /* A rejected command has moved nothing. */
    *residual = *unitstat & CSW_UC ? count : (hc_count)unused;
}

/* --- the device statement ------------------------------------------------------------------------------------------*/

static bool is_system_name(const char *name)
{
    size_t len = strlen(name);

    return len >= 1 && len < CFS_SYSTEM_NAME_MAX && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == len;
}

/* The name that the LPARNAME statement gave this image. */
static void default_system(char name[CFS_SYSTEM_NAME_MAX])
{
    BYTE lpar[8];
    size_t len = sizeof lpar;

    get_lparname(lpar);
    for (size_t i = 0; i < sizeof lpar; i++)
        name[i] = (char)guest_to_host(lpar[i]);
    while (len > 0 && name[len - 1] == ' ')
        len--;
    name[len] = '\0';
}

static bool parse_system(struct cfs_device *device, const char *value)
{
    char *to = device->system;

    if (strlen(value) < CFS_SYSTEM_NAME_MAX)
        do
            *to++ = (char)toupper((unsigned char)*value);
        while (*value++ != '\0');
    if (is_system_name(device->system))
        return true;
    logmsg("CFS003E %4.4X: SYSTEM= does not name a system; expected 1 to 8 characters of A-Z 0-9 @ # $\n",
           device->dev->devnum);
    return false;
}

static bool parse(struct cfs_device *device, int argc, char *argv[])
{
    U16 devnum = device->dev->devnum;

    if (argc < 1 || strcspn(argv[0], "@") >= CFS_SEGMENT_NAME_MAX || strlen(argv[0]) >= sizeof device->segment) {
        logmsg("CFS001E %4.4X: no coupling facility named; expected CFS segment [SYSTEM=name] with a segment name of at "
               "most %d characters, for example %4.4X CFS PLEX1.CF01 SYSTEM=MVS1\n",
               devnum, CFS_SEGMENT_NAME_MAX - 1, devnum);
        return false;
    }
    strcpy(device->segment, argv[0]);
    default_system(device->system);
    for (int i = 1; i < argc; i++) {
        if (strncasecmp(argv[i], "SYSTEM=", 7) != 0) {
            logmsg("CFS002E %4.4X: operand \"%s\" is not known; expected SYSTEM=name\n", devnum, argv[i]);
            return false;
        }
        device->system[0] = '\0';
        if (!parse_system(device, argv[i] + 7))
            return false;
    }
    return true;
}

static const char *why_not_open(int rc)
{
    switch (rc) {
    case -ENOENT:
        return "there is no such segment; expected one made with cfctl create, and at a remote place one that cfd serves";
    case -EPROTO:
        return "this is not a coupling facility, or one of another version; expected a segment made with this cfctl";
    case -ENOSPC:
        return "all attachment slots of this coupling facility are taken";
    case -EINVAL:
        return "this is not the name of a segment; expected SEGMENT, SEGMENT@/socket or SEGMENT@host:port,psk=FILE";
    case -ENOKEY:
        return "no usable key; expected psk=FILE, or CF_PSK_FILE in the environment, to name a file of 64 hexadecimal "
               "digits that only its owner may read";
    case -EKEYREJECTED:
        return "the server has another key";
    default:
        return strerror(-rc);
    }
}

/* --- attach and detach ---------------------------------------------------------------------------------------------*/

static struct cfs_device *take_slot(void)
{
    for (size_t i = 0; i < CFS_DEVICES_MAX; i++) {
        bool expected = false;
        if (atomic_compare_exchange_strong(&devices[i].in_use, &expected, true))
            return &devices[i];
    }
    return NULL;
}

static void describe(DEVBLK *dev)
{
    const BYTE id[] = {0xFF,
                       CFS_CU_TYPE >> 8, CFS_CU_TYPE & 0xFF, CFS_CU_MODEL,  /* control unit */
                       CFS_CU_TYPE >> 8, CFS_CU_TYPE & 0xFF, CFS_CU_MODEL}; /* device */

    dev->devtype = CFS_CU_TYPE;
    dev->numsense = SENSE_BYTES;
    memset(dev->sense, 0, sizeof dev->sense);
    memcpy(dev->devid, id, sizeof id);
    dev->numdevid = sizeof id;
    HC_SYNCHRONOUS_IO(dev);
}

static void say_fenced(struct cfs_path *path, enum cfs_end how, const char *what)
{
    struct cfs_device *device = (struct cfs_device *)((char *)path - offsetof(struct cfs_device, path));

    if (how == CFS_ASSERTION)
        logmsg("CFS008E %4.4X: coupling facility %s: assertion failed at %s; not operational until the device is "
               "initialized anew, connections of system %s through it have failed\n",
               device->dev->devnum, device->segment, what, device->system);
    else
        logmsg("CFS009E %4.4X: coupling facility %s: link lost: %s; not operational until the device is initialized "
               "anew, connections of system %s through it fail\n",
               device->dev->devnum, device->segment, what, device->system);
}

/* Open the path and start what serves it. Everything or nothing; a message says what was in the way. */
static bool start(struct cfs_device *device)
{
    DEVBLK *dev = device->dev;
    int rc = cfs_path_open(&device->path, device->segment, device->system, say_fenced);

    if (rc != 0) {
        logmsg("CFS004E %4.4X: coupling facility %s: %s\n", dev->devnum, device->segment, why_not_open(rc));
        return false;
    }
    dev->fd = eventfd(0, EFD_CLOEXEC); /* Hercules calls the close handler only of a device with a descriptor */
    rc = dev->fd < 0 ? errno : cfs_watchdog_start(device);
    if (rc == 0 && (rc = cfs_notify_start(device)) == 0)
        return true;
    logmsg("CFS005E %4.4X: coupling facility %s: cannot start what serves it: %s\n", dev->devnum, device->segment,
           strerror(rc));
    cfs_watchdog_stop(device);
    if (dev->fd >= 0)
        close(dev->fd);
    dev->fd = -1;
    cfs_path_close(&device->path);
    return false;
}

/* What the coupling facility has to tell: onto the console, as from the system's own services. */
static void tell_operator(const char *line)
{
    logmsg("%s\n", line);
}

static int init_device(DEVBLK *dev, int argc, char *argv[])
{
    struct cfs_device *device = take_slot();

    cf_operator = tell_operator;
    if (device == NULL) {
        logmsg("CFS006E %4.4X: too many CFS devices; expected at most %d\n", dev->devnum, CFS_DEVICES_MAX);
        return -1;
    }
    describe(dev);
    dev->dev_data = NULL;
    device->dev = dev;
    device->answer_len = 0;
    device->request_len = 0;
    if (!parse(device, argc, argv) || !start(device)) {
        atomic_store(&device->in_use, false);
        return -1;
    }
    dev->dev_data = device;
    logmsg("CFS007I %4.4X: coupling facility %s, system %s\n", dev->devnum, device->segment, device->system);
    return 0;
}

/* Called with the device's lock, which the notifier may be waiting for; it is let go of while the threads end. */
static int close_device(DEVBLK *dev)
{
    struct cfs_device *device = dev->dev_data;

    if (device == NULL || dev->fd < 0)
        return 0;
    release_lock(&dev->lock);
    cfs_notify_stop(device);
    cfs_watchdog_stop(device);
    cfs_path_close(&device->path);
    obtain_lock(&dev->lock);
    close(dev->fd);
    dev->fd = -1;
    dev->dev_data = NULL; /* the slot may soon be another device's */
    atomic_store(&device->in_use, false);
    return 0;
}

static void query_device(DEVBLK *dev, char **class, int len, char *text)
{
    if (class != NULL)
        *class = "CFS";
    if (dev == NULL || class == NULL || len <= 0 || text == NULL)
        return;
    struct cfs_device *device = dev->dev_data;
    if (device == NULL || atomic_load(&device->path.cf) == NULL)
        snprintf(text, (size_t)len, "not operational");
    else
        snprintf(text, (size_t)len, "%s SYSTEM=%s", device->segment, device->system);
}

struct cfs_path *cfs_device_path(U32 subsystem_id)
{
    DEVBLK *dev;
    struct cfs_device *device;

    /* Hercules takes the word on trust: bit 15 must be one and the bits before it name a channel subsystem it has. */
    if ((subsystem_id >> 16 & 1) == 0 || subsystem_id >> 17 >= FEATURE_LCSS_MAX)
        return NULL;
    dev = find_device_by_subchan(subsystem_id);
    if (dev == NULL || !dev->allocated || dev->hnd != &cfs_device_handlers)
        return NULL;
    device = dev->dev_data;
    return device != NULL ? &device->path : NULL;
}

DEVHND cfs_device_handlers = {
    .init = init_device,
    .exec = execute_ccw,
    .close = close_device,
    .query = query_device,
};
