#include "tools/sysplex/image_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/sysplex/links.h"

__attribute__((format(printf, 3, 4))) static int write_file(int folder, const char *name, const char *format, ...)
{
    int fd = openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return -errno;
    va_list arguments;
    va_start(arguments, format);
    int rc = vdprintf(fd, format, arguments) < 0 ? -errno : 0;
    va_end(arguments);
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    return rc;
}

static int copy_file(int folder, const char *from, const char *name)
{
    char block[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in < 0 ? -1 : openat(folder, name, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t got = 0;
    int rc = out < 0 ? -errno : 0;
    while (rc == 0 && (got = read(in, block, sizeof block)) > 0)
        if (write(out, block, (size_t)got) != got)
            rc = errno ? -errno : -EIO;
    if (rc == 0 && got < 0)
        rc = -errno;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}

/* The 3505's socket must be given to Hercules as a path that begins with a slash, and a socket's path is at most 107
 * characters long; its own working directory has a short one. */
static int write_hercules_conf(int folder, const struct image *image, const struct image_plan *plan)
{
    char facilities[DEFINED_CFS_MAX * (SEGMENT_NAME_SIZE + LINK_PLACE_SIZE + 32)] = "", place[LINK_PLACE_SIZE];
    size_t length = 0;
    for (unsigned i = 0; i < plan->segments->count; i++) {      /* the n-th is device 0Fn0: stack/image/cfs.h */
        link_place(image->system, i, place);
        length += (size_t)snprintf(facilities + length, sizeof facilities - length, "0F%u0 CFS %s%s SYSTEM=%s\n", i,
                                   plan->segments->cf[i].name, place, image->system->name);
    }
    return write_file(folder, "hercules.conf",
        "ARCHMODE z/Arch\nMAINSIZE 128\nNUMCPU 1\nCPUMODEL 2064\nCPUSERIAL %06X\nLPARNAME %s\nOSTAILOR QUIET\nPANRATE SLOW\n"
        "TIMERINT 1000\nHERCPRIO 0\nTODPRIO 0\nDEVPRIO 0\nCPUPRIO 0\nMODPATH lib\n"
        "0009 3215-C / noprompt\n"
        "000C 3505 /proc/self/cwd/reader sockdev ascii trunc intrq\n"
        "001C 3505 profile ascii eof\n"
        "002C 3505 /proc/self/cwd/members sockdev ascii eof\n"
        "0E20-0E21 LCS -o oat\n"
        "%s",
        (unsigned)image->system->number, image->system->name, facilities);
}

/* The parameters end with a zero byte. */
static int write_parameters(int folder, const struct image *image, const struct image_plan *plan)
{
    return write_file(folder, "parameters", "SYSNAME=%s SYSNUM=%u SYSPLEX=%s CLUSTERPORTS=%s INTERVAL=%lu CLEANUP=%lu%c", image->system->name,
                      (unsigned)image->system->number, plan->definition->sysplex, plan->clusterports,
                      plan->definition->interval_s, plan->definition->cleanup_s, '\0');
}

static int link_program(int folder, const struct rundir *r)
{
    char program[PATH_MAX];
    snprintf(program, sizeof program, "%s/guest/image.bin", r->build);
    if (linkat(AT_FDCWD, program, folder, "image.bin", 0) == 0)
        return 0;
    return copy_file(folder, program, "image.bin");
}

/* --- the deck of profile members ---------------------------------------------------------------------------------- */

/* The name of a member for the file `name`: FLOW1 for flow1.profile. false: it is none. */
static bool member_of(const char *name, char member[DEFINED_NAME_SIZE])
{
    const char *dot = strrchr(name, '.');
    size_t length = dot ? (size_t)(dot - name) : 0;
    if (length == 0 || length >= DEFINED_NAME_SIZE || strcmp(dot, ".profile") != 0)
        return false;
    for (size_t i = 0; i < length; i++)
        member[i] = (char)toupper((unsigned char)name[i]);
    member[length] = '\0';
    return strspn(member, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$") == length;
}

static int add_member(FILE *deck, const char *member, const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    if (!in)
        return -errno;
    fprintf(deck, "./ ADD NAME=%s\n", member);
    for (ssize_t length; (length = getline(&line, &size, in)) > 0;)
        fprintf(deck, "%s%s", line, line[length - 1] == '\n' ? "" : "\n");
    free(line);
    int rc = ferror(in) ? -EIO : 0;
    fclose(in);
    return rc;
}

/* The profile first, then all others of its folder: it may include them, and OBEYFILE may name them. */
static int add_members(FILE *deck, const char *profile)
{
    char folder[PATH_MAX], member[DEFINED_NAME_SIZE], path[PATH_MAX + 256];
    const char *slash = strrchr(profile, '/'), *own = slash ? slash + 1 : profile;
    int rc = add_member(deck, member_of(own, member) ? member : "PROFILE", profile);
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - profile) : 1, slash ? profile : ".");
    DIR *d = rc ? NULL : opendir(folder);
    if (!d)
        return rc ? rc : -errno;
    for (struct dirent *e; rc == 0 && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, own) != 0 && member_of(e->d_name, member))
            rc = add_member(deck, member, path);
    }
    closedir(d);
    return rc;
}

static int write_deck(int folder, const char *profile)
{
    int fd = openat(folder, "profile", O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    FILE *deck = fd < 0 ? NULL : fdopen(fd, "w");
    if (!deck)
        return -errno;
    int rc = add_members(deck, profile);
    return fclose(deck) == 0 ? rc : -errno;
}

char *image_deck_text(const char *path, char member[DEFINED_NAME_SIZE], size_t *length)
{
    char *cards = NULL;
    const char *slash = strrchr(path, '/');
    FILE *deck = open_memstream(&cards, length);
    if (!member_of(slash ? slash + 1 : path, member))
        strcpy(member, "OBEY");
    int rc = deck ? add_member(deck, member, path) : -errno;
    if (deck)
        fclose(deck);
    if (rc == 0)
        return cards;
    free(cards);
    errno = -rc;
    return NULL;
}

int image_files_write(struct image *image)
{
    const struct image_plan *plan = image->plan;
    const struct rundir *r = plan->rundir;
    char modules[PATH_MAX];
    snprintf(modules, sizeof modules, "%s/lib", r->build);
    const char *path = rundir_file(r, "%s", image->system->name);
    if (mkdir(path, 0755) < 0)
        return -errno;
    int folder = image->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    unsigned number = (unsigned)image->system->number;
    int rc = symlinkat(modules, folder, "lib") < 0 ? -errno : 0;
    rc = rc ? rc : write_hercules_conf(folder, image, plan);
    rc = rc ? rc : write_file(folder, "oat", "0E20 IP 00 PRI\nHWADD 00 02:00:00:00:01:%02X\n", number);
    rc = rc ? rc : write_file(folder, "hercules.rc", "ipl image.ins\n");
    rc = rc ? rc : write_file(folder, "image.ins", "* image\nimage.bin 0x00000000\nparameters 0x00008000\n");
    rc = rc ? rc : write_parameters(folder, image, plan);
    rc = rc ? rc : link_program(folder, r);
    rc = rc ? rc : write_deck(folder, image->system->profile);
    image->console = rc ? NULL : fopen(rundir_file(r, "%s.console", image->system->name), "w+e");
    return rc ? rc : image->console ? 0 : -errno;
}
