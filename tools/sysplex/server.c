/* One process without a master, so that it ends with us. Connections held open are what the run is about: they are kept for
 * an hour, and none is ended by the number of its requests. It stays root, which in a user namespace is the only user. */
#include "tools/sysplex/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sysplex/process.h"
#include "tools/sysplex/tell.h"

enum { START_MS_MAX = 20000, LOOK_EVERY_US = 5000 };

static const char configuration[] =
    "user root;\n"
    "daemon off;\n"
    "master_process off;\n"
    "pid nginx.pid;\n"
    "error_log error.log warn;\n"
    "events {\n"
    "    worker_connections 32768;\n"
    "    multi_accept on;\n"
    "}\n"
    "http {\n"
    "    access_log off;\n"
    "    client_body_temp_path body;\n"
    "    proxy_temp_path proxy;\n"
    "    fastcgi_temp_path fastcgi;\n"
    "    uwsgi_temp_path uwsgi;\n"
    "    scgi_temp_path scgi;\n"
    "    keepalive_timeout 3600s;\n"
    "    keepalive_requests 1000000;\n"
    "    client_header_timeout 3600s;\n"
    "    server {\n"
    "        listen %u backlog=16384;\n"
    "        default_type text/plain;\n"
    "        location / { return 200 \"The outside server saw $remote_addr:$remote_port\\n\"; }\n"
    "    }\n"
    "}\n";

static int write_configuration(const struct definition *d, const struct rundir *r)
{
    if (mkdir(rundir_file(r, "server"), 0755) < 0)
        return -errno;
    FILE *out = fopen(rundir_file(r, "server/nginx.conf"), "we");
    if (!out)
        return -errno;
    fprintf(out, configuration, (unsigned)d->server_port);      /* at every address: a script may add one */
    return fclose(out) == 0 ? 0 : -errno;
}

static bool accepts(const struct definition *d, const struct network *n)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = d->server, .sin_port = htons((uint16_t)d->server_port) };
    int own = network_enter(n->server);
    if (own < 0)
        return false;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
    if (fd >= 0)
        close(fd);
    close(network_enter(own));
    close(own);
    return yes;
}

static int wait_until_accepts(pid_t pid, const struct definition *d, const struct network *n)
{
    for (uint64_t end = now_ms() + START_MS_MAX; now_ms() < end; usleep(LOOK_EVERY_US)) {
        if (accepts(d, n))
            return 0;
        if (process_ended(pid))
            return -ECHILD;
    }
    process_kill(pid);
    return -ETIMEDOUT;
}

pid_t server_start(const struct definition *d, const struct rundir *r, const struct network *n)
{
    static const char *const argv[] = { "nginx", "-p", ".", "-c", "nginx.conf", "-e", "error.log", NULL };
    int rc = write_configuration(d, r);
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", rundir_file(r, "server"));
    struct process_options options = PROCESS_DEFAULTS;
    options.network = n->server;
    options.directory = folder;
    pid_t pid = rc < 0 ? rc : process_spawn(argv, &options);
    rc = pid < 0 ? pid : wait_until_accepts(pid, d, n);
    if (rc < 0)
        tell_error("the server (nginx) did not start: %s; see %s/error.log", strerror(-rc), folder);
    return rc < 0 ? rc : pid;
}
