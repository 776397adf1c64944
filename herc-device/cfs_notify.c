/* The two threads of a CFS device.
 *
 * The notifier sleeps in the CF until one of the device's connections has something to report, and presents attention.
 * Attention says "look at your vector", never how often or what: the subchannel holds one attention at a time, and what
 * happens while one is pending is found when the program looks. A subchannel that is busy or has status pending takes
 * none; the notifier tries again, soon at first, then less often, so that a program which leaves its interrupts alone
 * costs nothing to speak of. A subchannel that is not enabled gets none at all: who enables it looks at the vector then.
 *
 * The watcher lends the CF a thread in which to see at once that the process of another image has ended. */
#include "herc-device/cfs_device.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>

#define RETRY_NS_MIN 20000L
#define RETRY_NS_MAX 5000000L

/* Sleep for ns, or until the device is stopped. */
static void pause_ns(const struct cfs_device *device, long ns)
{
    struct pollfd stop = {.fd = device->dev->fd, .events = POLLIN};
    const struct timespec time = {.tv_nsec = ns};

    ppoll(&stop, 1, &time, NULL);
}

/* No lock is held here: device_attention() takes Hercules' own in an order that depends on its version. */
static void present_attention(struct cfs_device *device)
{
    for (long ns = RETRY_NS_MIN; device_attention(device->dev, CSW_ATTN) == 1; ns = ns * 2 < RETRY_NS_MAX ? ns * 2 : RETRY_NS_MAX) {
        pause_ns(device, ns);
        if (atomic_load(&device->stopping))
            return;
    }
}

static void *notifier_main(void *arg)
{
    struct cfs_device *device = arg;
    struct cf *cf = atomic_load(&device->path.cf);
    uint32_t seen = 0;

    while (!atomic_load(&device->stopping) && atomic_load(&device->path.cf) != NULL) {
        if (!cf_wait(cf, &seen, -1))
            continue;
        cfs_path_look(&device->path);
        if (atomic_load(&device->path.cf) != NULL)
            present_attention(device);
    }
    if (!atomic_load(&device->stopping)) /* fenced or lost: who looks now finds the path not operational */
        present_attention(device);
    return NULL;
}

static void *watcher_main(void *arg)
{
    struct cfs_device *device = arg;

    cfs_path_watch(&device->path);
    return NULL;
}

/* Tell the threads to end; they look at stopping whenever the CF lets go of them. Who fences the path tells them too. */
static void stop(struct cfs_device *device)
{
    struct cf *cf = atomic_load(&device->path.cf);

    atomic_store(&device->stopping, true);
    eventfd_write(device->dev->fd, 1);
    if (cf != NULL)
        cf_interrupt(cf);
}

int cfs_notify_start(struct cfs_device *device)
{
    sigset_t all, before;
    int rc;

    atomic_store(&device->stopping, false);
    /* Hercules uses signals between its own threads; ours inherit a mask that keeps them out of it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&device->notifier, NULL, notifier_main, device);
    if (rc == 0) {
        rc = pthread_create(&device->watcher, NULL, watcher_main, device);
        if (rc != 0) {
            stop(device);
            pthread_join(device->notifier, NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void cfs_notify_stop(struct cfs_device *device)
{
    stop(device);
    pthread_join(device->notifier, NULL);
    pthread_join(device->watcher, NULL);
}
