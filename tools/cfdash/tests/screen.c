/* screen: a user before an X display (DISPLAY) with one window, who does what standard input says, line by line:
 *
 *   window TEXT            wait for a window whose title has TEXT, and give it the keyboard
 *   key NAME               press a key, by its X name: 2, space, End
 *   move X Y               the mouse to this place in the window
 *   click X Y              the same, and the left button
 *   size W H               make the window this large, and wait until it is
 *   has RRGGBB N [X Y W H] wait until N pixels of the window, or of this part, have this colour
 *   none RRGGBB [X Y W H]  wait until none has
 *   save FILE              what the window shows, as PNG
 *
 * Exit code: 0 all went so; 1 it did not: what was waited for is on standard error, what was shown in FILE of the last save. */
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <png.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 60000, LOOK_MS = 100 };         /* for what must come; a loaded machine is slow */

static Display *display;
static Window window;
static const char *step;                        /* in work */

static void fail(const char *what)
{
    fprintf(stderr, "screen: %s: %s\n", step, what);
    exit(1);
}

/* Once a look, until it says true. */
static void await(bool (*done)(const char *arguments), const char *arguments)
{
    const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
    for (int waited = 0; !done(arguments); waited += LOOK_MS) {
        if (waited > WAIT_MS)
            fail("this did not come");
        nanosleep(&pause, NULL);
    }
}

static bool find_window(const char *text)
{
    Window root, parent, *children = NULL;
    unsigned count = 0;
    XQueryTree(display, DefaultRootWindow(display), &root, &parent, &children, &count);
    for (unsigned i = 0; i < count && !window; i++) {
        XWindowAttributes a;
        char *title = NULL;
        if (XFetchName(display, children[i], &title) && strstr(title, text) && XGetWindowAttributes(display, children[i], &a) &&
            a.map_state == IsViewable)
            window = children[i];
        XFree(title);
    }
    XFree(children);
    return window;
}

static XWindowAttributes attributes(void)
{
    XWindowAttributes a;
    if (!window || !XGetWindowAttributes(display, window, &a))
        fail("there is no window");
    return a;
}

/* --- what is shown -------------------------------------------------------------------------------------------------- */

static XImage *look(void)
{
    XWindowAttributes a = attributes();
    XImage *image = XGetImage(display, window, 0, 0, (unsigned)a.width, (unsigned)a.height, AllPlanes, ZPixmap);
    if (!image)
        fail("the window is not all on the screen");
    if (image->bits_per_pixel != 32 || image->byte_order != LSBFirst)
        fail("expected a screen of 24 bits a pixel");
    return image;
}

/* Of a screen of 24 bits a pixel, in words of this machine: what look() made sure of. */
static uint32_t pixel(const XImage *image, int x, int y)
{
    uint32_t word;
    memcpy(&word, image->data + (size_t)y * (size_t)image->bytes_per_line + (size_t)x * sizeof word, sizeof word);
    return word & 0xffffff;
}

static unsigned count_pixels(uint32_t colour, int x, int y, int w, int h)
{
    XImage *image = look();
    unsigned count = 0;
    for (int row = y; row < image->height && row < y + h; row++)
        for (int column = x; column < image->width && column < x + w; column++)
            count += pixel(image, column, row) == colour;
    XDestroyImage(image);
    return count;
}

static bool has(const char *arguments)
{
    unsigned colour, least;
    int x = 0, y = 0, w = 10000, h = 10000;
    if (sscanf(arguments, "%x %u %d %d %d %d", &colour, &least, &x, &y, &w, &h) < 2)
        fail("expected RRGGBB N [X Y W H]");
    return count_pixels(colour, x, y, w, h) >= least;
}

static bool none(const char *arguments)
{
    unsigned colour;
    int x = 0, y = 0, w = 10000, h = 10000;
    if (sscanf(arguments, "%x %d %d %d %d", &colour, &x, &y, &w, &h) < 1)
        fail("expected RRGGBB [X Y W H]");
    return count_pixels(colour, x, y, w, h) == 0;
}

static void save(const char *file)
{
    XImage *image = look();
    png_image png = { .version = PNG_IMAGE_VERSION, .width = (png_uint_32)image->width, .height = (png_uint_32)image->height,
                      .format = PNG_FORMAT_RGB };
    uint8_t *rgb = malloc(PNG_IMAGE_SIZE(png)), *at = rgb;
    for (int y = 0; rgb && y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            for (int shift = 16; shift >= 0; shift -= 8)
                *at++ = (uint8_t)(pixel(image, x, y) >> shift);
    if (!rgb || !png_image_write_to_file(&png, file, 0, rgb, 0, NULL))
        fail(rgb ? png.message : "not enough memory");
    free(rgb);
    XDestroyImage(image);
}

/* --- what is done --------------------------------------------------------------------------------------------------- */

static void press(const char *name)
{
    KeySym symbol = XStringToKeysym(name);
    KeyCode code = symbol == NoSymbol ? 0 : XKeysymToKeycode(display, symbol);
    if (code == 0)
        fail("there is no such key");
    XTestFakeKeyEvent(display, code, True, 0);
    XTestFakeKeyEvent(display, code, False, 0);
    XSync(display, False);
}

static void move(const char *arguments)
{
    XWindowAttributes a = attributes();
    int x, y;
    if (sscanf(arguments, "%d %d", &x, &y) != 2)
        fail("expected X Y");
    XTestFakeMotionEvent(display, -1, a.x + x, a.y + y, 0);
    XSync(display, False);
}

static void click(const char *arguments)
{
    move(arguments);
    XTestFakeButtonEvent(display, 1, True, 0);
    XTestFakeButtonEvent(display, 1, False, 0);
    XSync(display, False);
}

static bool is_size(const char *arguments)
{
    XWindowAttributes a = attributes();
    int w, h;
    return sscanf(arguments, "%d %d", &w, &h) == 2 && a.width == w && a.height == h;
}

static void size(const char *arguments)
{
    unsigned w, h;
    if (sscanf(arguments, "%u %u", &w, &h) != 2)
        fail("expected W H");
    XResizeWindow(display, window, w, h);
    await(is_size, arguments);
}

static void open_window(const char *text)
{
    await(find_window, text);
    XSetInputFocus(display, window, RevertToParent, CurrentTime);
    XSync(display, False);
}

static void wait_for_pixels(const char *arguments)
{
    await(has, arguments);
}

static void wait_for_none(const char *arguments)
{
    await(none, arguments);
}

static void act(char *line)
{
    static const struct {
        const char *name;
        void (*act)(const char *arguments);
    } steps[] = {
        { "window ", open_window }, { "key ", press }, { "move ", move }, { "click ", click }, { "size ", size },
        { "has ", wait_for_pixels }, { "none ", wait_for_none }, { "save ", save },
    };
    step = line;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (strncmp(line, steps[i].name, strlen(steps[i].name)) == 0) {
            steps[i].act(line + strlen(steps[i].name));
            return;
        }
    fail("there is no such step");
}

int main(void)
{
    char line[512];
    step = "the display";
    display = XOpenDisplay(NULL);
    if (!display)
        fail("cannot be opened");
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0])
            act(line);
    }
    XCloseDisplay(display);
    return 0;
}
