/* Everything is drawn in memory, by the processor, once for each reading and for what the user does. A frame shows that picture
 * and what follows the mouse: of it only the rectangle around the mouse is drawn and sent to the screen, where it was and where
 * it is. Between frames the program sleeps: a mouse that moves costs little, nothing happening costs nothing, and no graphics
 * driver has to be loaded first. */
#include "tools/cfdash/window.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { FRAME_MS = 16 };             /* 60 frames a second */
static const float zooms[] = {1, 1.25f, 1.5f, 2, 2.5f, 3, 4};
enum { ZOOMS = sizeof zooms / sizeof zooms[0] };

uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct window {
    SDL_Window *window;
    SDL_Surface *under;             /* what is under what follows the mouse, while that is drawn */
    float zoom;
    struct app app;
    uint32_t version;               /* of the model that is drawn */
    bool stale;                     /* everything must be drawn anew */
    bool moved;                     /* what follows the mouse must */
    SDL_Rect pointer;               /* where that is on the screen; empty: nowhere */
    uint64_t frame_ms;              /* when the next frame may be drawn */
};

/* The window has got a size, or another one: so has the picture. */
static bool fit(struct window *w)
{
    int wide, high, pixels_wide, pixels_high;
    SDL_GetWindowSize(w->window, &wide, &high);
    SDL_GetWindowSizeInPixels(w->window, &pixels_wide, &pixels_high);
    w->stale = true;
    w->pointer = (SDL_Rect){0};
    return canvas_resize(&w->app.canvas, pixels_wide, pixels_high, w->zoom * (float)pixels_wide / (float)(wide > 0 ? wide : 1));
}

static bool open(struct window *w, const struct window_options *o)
{
    SDL_SetHint(SDL_HINT_VIDEO_HIGHDPI_DISABLED, "0");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return false;
    if (strcmp(SDL_GetCurrentVideoDriver(), "x11") == 0)            /* shared memory with the X server; no OpenGL in between */
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    w->zoom = o->scale;
    w->window = SDL_CreateWindow("cfdash", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, (int)((float)o->width * w->zoom), (int)((float)o->height * w->zoom),
                                 SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (!w->window || !canvas_open(&w->app.canvas, o->width, o->height, 1))
        return false;
    SDL_SetWindowMinimumSize(w->window, 960, 640);
    return fit(w);
}

/* + and -: everything larger, smaller. */
static bool zoom(struct window *w, int by)
{
    int at = 0;
    while (at + 1 < ZOOMS && zooms[at] < w->zoom - 0.01f)
        at++;
    at = at + by < 0 ? 0 : at + by >= ZOOMS ? ZOOMS - 1 : at + by;
    w->zoom = zooms[at];
    return fit(w);
}

/* S: a file in the working directory, named by the time. */
static void save(struct window *w)
{
    char name[64];
    time_t now = time(NULL);
    struct tm local;
    strftime(name, sizeof name, "cfdash-%Y%m%d-%H%M%S.png", localtime_r(&now, &local));
    int rc = canvas_save(&w->app.canvas, name);
    if (rc == 0)
        snprintf(w->app.notice, sizeof w->app.notice, "picture in %s", name);
    else
        snprintf(w->app.notice, sizeof w->app.notice, "no picture in %s: %s", name, strerror(-rc));
}

/* Places in the window are in its units; those of the picture are larger by the zoom. */
static int place(const struct window *w, int at)
{
    return (int)((float)at / w->zoom);
}

static bool press(struct window *w, const SDL_KeyboardEvent *e)
{
    SDL_Keycode key = e->keysym.sym;
    w->stale = true;
    w->app.notice[0] = 0;
    if (key == SDLK_s)
        save(w);
    if (key == SDLK_PLUS || key == SDLK_EQUALS || key == SDLK_KP_PLUS || key == SDLK_MINUS || key == SDLK_KP_MINUS)
        return zoom(w, key == SDLK_MINUS || key == SDLK_KP_MINUS ? -1 : 1);
    return app_key(&w->app, key, (e->keysym.mod & KMOD_SHIFT) != 0);
}

/* false: the user leaves. */
static bool handle(struct window *w, const SDL_Event *e)
{
    switch (e->type) {
    case SDL_QUIT:
        return false;
    case SDL_WINDOWEVENT:
        w->stale = true;
        return e->window.event != SDL_WINDOWEVENT_SIZE_CHANGED || fit(w);
    case SDL_KEYDOWN:
        return press(w, &e->key);
    case SDL_MOUSEBUTTONDOWN:
        app_click(&w->app, place(w, e->button.x), place(w, e->button.y));
        w->stale = true;
        return true;
    case SDL_MOUSEWHEEL:
        app_wheel(&w->app, e->wheel.y);
        w->stale = true;
        return true;
    case SDL_MOUSEMOTION:
        w->moved |= app_move(&w->app, place(w, e->motion.x), place(w, e->motion.y), monotonic_ms());
        return true;
    default:
        return true;
    }
}

/* The part of the picture that follows the mouse, on the screen only: the picture is afterwards as it was. Result: where. */
static SDL_Rect draw_pointer(struct window *w, SDL_Surface *screen)
{
    SDL_Surface *picture = w->app.canvas.surface;
    struct area area = app_pointer_area(&w->app);
    SDL_Rect whole = {0, 0, picture->w, picture->h}, wanted = canvas_rect(&w->app.canvas, area), at;
    if (area.w == 0 || !SDL_IntersectRect(&wanted, &whole, &at))
        return (SDL_Rect){0};
    if (!w->under || w->under->w < at.w || w->under->h < at.h) {
        SDL_FreeSurface(w->under);
        w->under = SDL_CreateRGBSurfaceWithFormat(0, at.w, at.h, 32, SDL_PIXELFORMAT_XRGB8888);
    }
    if (!w->under)
        return (SDL_Rect){0};
    SDL_Rect from = at, to = at, kept = {0, 0, at.w, at.h}, back = at;
    SDL_BlitSurface(picture, &from, w->under, NULL);
    app_draw_pointer(&w->app);
    SDL_BlitSurface(picture, &from, screen, &to);
    SDL_BlitSurface(w->under, &kept, picture, &back);
    return at;
}

/* false: SDL_GetError() says why. */
static bool draw(struct window *w)
{
    SDL_Surface *screen = SDL_GetWindowSurface(w->window);
    SDL_Rect changed[2] = {w->pointer}, whole = {0, 0, w->app.canvas.surface->w, w->app.canvas.surface->h};
    if (!screen)
        return false;
    if (w->stale) {
        app_draw(&w->app);
        changed[0] = whole;
    }
    SDL_Rect from = changed[0], to = changed[0];
    if (from.w > 0)
        SDL_BlitSurface(w->app.canvas.surface, &from, screen, &to);
    w->pointer = changed[1] = draw_pointer(w, screen);
    w->stale = w->moved = false;
    w->frame_ms = monotonic_ms() + FRAME_MS;
    /* An empty rectangle is none; the first may be empty, the second lies in the first if that is the whole. */
    int first = changed[0].w == 0, count = 2 - first - (changed[1].w == 0 || changed[0].w == whole.w);
    return count <= 0 || SDL_UpdateWindowSurfaceRects(w->window, &changed[first], count) == 0;
}

static void step(struct window *w)
{
    struct session *s = w->app.session;
    bool pointer = false;
    int rc = session_step(s, monotonic_ms());
    if (rc < 0)
        snprintf(w->app.notice, sizeof w->app.notice, "the recording has ended: %s", strerror(-rc));
    w->stale |= app_step(&w->app, monotonic_ms(), &pointer);
    w->moved |= pointer;
    if (s->version == w->version)
        return;
    w->version = s->version;
    w->stale = true;
    app_update(&w->app);
}

/* Until a reading, an answer, or a frame is due. */
static int wait_ms(const struct window *w)
{
    uint64_t now = monotonic_ms(), due = w->app.session->due_ms;
    int wait = due > now ? (int)(due - now) : 1, other = app_wait_ms(&w->app, now);
    if ((w->stale || w->moved) && w->frame_ms > now && w->frame_ms - now < (uint64_t)wait)
        wait = (int)(w->frame_ms - now);
    return other < wait ? other : wait;
}

/* false: SDL_GetError() says why. */
static bool loop(struct window *w)
{
    SDL_Event event;
    for (bool stay = true; stay;) {
        step(w);
        if ((w->stale || w->moved) && monotonic_ms() >= w->frame_ms && !draw(w))
            return false;
        if (SDL_WaitEventTimeout(&event, wait_ms(w)))
            do
                stay &= handle(w, &event);
            while (stay && SDL_PollEvent(&event));
    }
    return true;
}

static void choose(struct app *app, const struct window_options *o)
{
    app->view = o->view;
    app->figure = o->figure;
    if (o->port != APP_NONE)
        app_choose_port(app, o->port);
}

int window_run(struct session *session, const char *run, const struct window_options *o)
{
    static struct window w;
    char title[64];
    bool well = open(&w, o);
    if (well) {
        app_open(&w.app, session, run);
        step(&w);
        snprintf(title, sizeof title, "%s - cfdash", session->shown->sysplex);
        SDL_SetWindowTitle(w.window, title);
        choose(&w.app, o);
        well = loop(&w);
        app_close(&w.app);
    }
    SDL_FreeSurface(w.under);
    /* The window goes with the process: SDL sends itself events to it over another connection, and the X server may have one of them
     * still to deliver when the window has been destroyed; that ends the program with an error. */
    return well ? 0 : -1;
}

static volatile sig_atomic_t told_to_end;

static void on_signal(int signal_number)
{
    (void)signal_number;
    told_to_end = 1;
}

/* SIGINT and SIGTERM come only while nothing is done. */
static void take_signals(sigset_t *while_waiting)
{
    const struct sigaction action = {.sa_handler = on_signal};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, while_waiting);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Read, and record if so wanted, until the picture is due or a signal wants it now. */
static void read_until(struct app *app, uint64_t end, const sigset_t *while_waiting)
{
    struct session *s = app->session;
    for (;;) {
        uint64_t now = monotonic_ms(), until = s->due_ms < end ? s->due_ms : end, ms = until > now ? until - now : 0;
        struct timespec pause = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)};
        ppoll(NULL, 0, &pause, while_waiting);
        if (told_to_end || monotonic_ms() >= end)
            return;
        if (session_step(s, monotonic_ms()) < 0)
            fprintf(stderr, "cfdash: the recording has ended: it cannot be written\n");
        app_update(app);
    }
}

int window_picture(struct session *session, const char *run, const struct window_options *o)
{
    static struct app app;
    uint64_t after_ms = (uint64_t)(o->after_s * 1000);
    bool pointer;
    sigset_t while_waiting;
    take_signals(&while_waiting);
    if (!canvas_open(&app.canvas, (int)((float)o->width * o->scale), (int)((float)o->height * o->scale), o->scale))
        return -1;
    app_open(&app, session, run);
    uint64_t end = monotonic_ms() + after_ms;
    if (session_step(session, monotonic_ms()) < 0)
        fprintf(stderr, "cfdash: the recording has ended: it cannot be written\n");
    if (!session->source)
        session_go_to(session, after_ms);
    app_update(&app);
    choose(&app, o);
    if (session->source)
        read_until(&app, end, &while_waiting);
    app_step(&app, monotonic_ms(), &pointer);
    app_draw(&app);
    int rc = canvas_save(&app.canvas, o->screenshot);
    app_close(&app);
    return rc == 0 ? 0 : rc;
}
