/* card SOCKET : send standard input, a command a line, to the card reader of an image (a Hercules 3505 "sockdev").
 *
 * The emulator takes one sender at a time and turns others away after they could connect: it closes the connection with
 * what was sent still unread, which we see as a reset. A sender that was served sees the end of the file instead, when
 * the last line has been read. So nothing is lost and nothing comes twice: turned away, we send all of it again. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define INPUT_MAX (1 << 20)
#define TRIES 1000              /* one every 10 ms */

static char input[INPUT_MAX];

static bool read_input(size_t *size)
{
    ssize_t got = 1;

    for (*size = 0; *size < sizeof(input) && got > 0; *size += (size_t)got)
        if ((got = read(STDIN_FILENO, input + *size, sizeof(input) - *size)) < 0)
            return false;
    return got == 0;
}

static bool write_all(int fd, size_t size)
{
    ssize_t put;

    for (size_t done = 0; done < size; done += (size_t)put)
        if ((put = write(fd, input + done, size - done)) < 0)
            return false;
    return true;
}

static bool send_once(const struct sockaddr_un *address, size_t size)
{
    char byte;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return false;
    bool sent = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 && write_all(fd, size) &&
                shutdown(fd, SHUT_WR) == 0 && read(fd, &byte, 1) == 0;
    close(fd);
    return sent;
}

int main(int argc, char **argv)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const struct timespec pause = { .tv_nsec = 10000000 };
    size_t size;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        fprintf(stderr, "usage: card SOCKET <commands\n");
        return 2;
    }
    strcpy(address.sun_path, argv[1]);
    signal(SIGPIPE, SIG_IGN);
    if (!read_input(&size)) {
        fprintf(stderr, "card: standard input cannot be read or has more than %d bytes\n", INPUT_MAX);
        return 1;
    }
    for (int n = 0; n < TRIES; n++) {
        if (send_once(&address, size))
            return 0;
        nanosleep(&pause, NULL);
    }
    fprintf(stderr, "card: %s: %s\n", argv[1], strerror(errno));
    return 1;
}
