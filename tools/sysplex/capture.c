/* The process writes struct capture_report twice: when it is ready, and when it has been asked to end (SIGTERM) and the
 * file is complete. Without a report it has failed; why stands on standard error. */
#include "tools/sysplex/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

enum {
    SNAPLEN = 128,              /* Ethernet, IP and TCP with all options take at most 134; with usual ones 78 */
    KERNEL_BUFFER = 32 << 20,   /* bytes; a second of a heavy run */
    TIMEOUT_MS = 50,            /* after which a block of the kernel that is not full is delivered */
};

static volatile sig_atomic_t end_asked;
static pcap_t *handle;

static void ask_end(int signal_number)
{
    (void)signal_number;
    end_asked = 1;
    pcap_breakloop(handle);
}

struct sink {
    pcap_dumper_t *dumper;
    uint64_t packets;
};

static void take_packet(u_char *context, const struct pcap_pkthdr *header, const u_char *data)
{
    struct sink *sink = (struct sink *)(void *)context;
    pcap_dump((u_char *)sink->dumper, header, data);
    sink->packets++;
}

static pcap_t *open_interface(void)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_create("eth0", error);
    if (!p) {
        fprintf(stderr, "sysplex: capture: %s\n", error);
        return NULL;
    }
    pcap_set_snaplen(p, SNAPLEN);
    pcap_set_buffer_size(p, KERNEL_BUFFER);
    pcap_set_timeout(p, TIMEOUT_MS);
    int rc = pcap_activate(p);
    if (rc >= 0)
        return p;
    fprintf(stderr, "sysplex: capture: cannot open eth0: %s: %s\n", pcap_statustostr(rc), pcap_geterr(p));
    pcap_close(p);
    return NULL;
}

static bool send_report(int to, const struct sink *sink)
{
    struct pcap_stat stat = { 0 };
    if (pcap_stats(handle, &stat) < 0)
        return false;
    struct capture_counts counts = { .packets = sink->packets, .dropped = (uint64_t)stat.ps_drop + stat.ps_ifdrop };
    return write(to, &counts, sizeof counts) == sizeof counts;
}

/* pcap_loop() ends at ask_end(). The kernel hands a block over when it is full or its time is up: after that time all that
 * came before is there to be read. */
static bool catch_packets(struct sink *sink)
{
    int rc = end_asked ? PCAP_ERROR_BREAK : pcap_loop(handle, -1, take_packet, (u_char *)sink);
    if (rc != PCAP_ERROR_BREAK || pcap_setnonblock(handle, 1, NULL) < 0)
        return false;
    usleep(3 * TIMEOUT_MS * 1000);
    do {
        rc = pcap_dispatch(handle, -1, take_packet, (u_char *)sink);
    } while (rc > 0 || rc == PCAP_ERROR_BREAK);     /* a late break is delivered once */
    return rc == 0 && pcap_dump_flush(sink->dumper) == 0;
}

static int capture_main(const char *file, int report)
{
    struct sink sink = { 0 };
    handle = open_interface();
    if (!handle)
        return 1;
    sink.dumper = pcap_dump_open(handle, file);
    struct sigaction end = { .sa_handler = ask_end };
    bool good = sink.dumper && sigaction(SIGTERM, &end, NULL) == 0 && send_report(report, &sink) &&
                catch_packets(&sink) && send_report(report, &sink);
    if (!good)
        fprintf(stderr, "sysplex: capture: %s: %s\n", file, pcap_geterr(handle));
    if (sink.dumper)
        pcap_dump_close(sink.dumper);
    pcap_close(handle);
    return good ? 0 : 1;
}

static int get_report(const struct capture *c, struct capture_counts *counts)
{
    ssize_t got = read(c->report, counts, sizeof *counts);
    return got == sizeof *counts ? 0 : got < 0 ? -errno : -EPIPE;
}

int capture_start(struct capture *c, const struct network *n, const char *file)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return -errno;
    struct process_options options = PROCESS_DEFAULTS;
    options.network = n->server;
    options.error = STDERR_FILENO;
    c->pid = process_fork(&options);
    if (c->pid == 0) {
        close(report[0]);
        _exit(capture_main(file, report[1]));
    }
    close(report[1]);
    c->report = report[0];
    struct capture_counts ready;
    int rc = c->pid < 0 ? c->pid : get_report(c, &ready);
    if (rc < 0) {
        tell_error("the capture did not start: %s", strerror(-rc));
        capture_kill(c);
    }
    return rc;
}

int capture_stop(struct capture *c, struct capture_counts *counts)
{
    kill(c->pid, SIGTERM);
    int rc = get_report(c, counts);
    int code = process_wait(c->pid);
    c->pid = 0;
    close(c->report);
    if (rc < 0 || code != 0) {
        tell_error("the capture did not end well: %s", rc < 0 ? strerror(-rc) : "its process failed");
        return rc < 0 ? rc : -EIO;
    }
    return 0;
}

void capture_kill(struct capture *c)
{
    if (c->pid <= 0)
        return;
    process_kill(c->pid);
    c->pid = 0;
    close(c->report);
}
