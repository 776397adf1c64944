/* Everything is drawn into a texture, once for each reading and for what the user does; a frame is that texture and what
 * follows the mouse. Between frames the program sleeps: a mouse that moves costs a copy, nothing happening costs nothing. */
#include "tools/cfdash/window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

struct window {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *base;
    struct app app;
    uint32_t version;               /* of the model that is drawn */
    bool stale;                     /* the base must be drawn anew */
    bool moved;                     /* the frame must */
};

static bool base_fit(struct window *w)
{
    int width, height;
    SDL_GetRendererOutputSize(w->renderer, &width, &height);
    if (w->base)
        SDL_DestroyTexture(w->base);
    w->base = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_ARGB8888, SDL_TEXTUREACCESS_TARGET, width, height);
    w->stale = true;
    return w->base && canvas_fit(&w->app.canvas, w->window);
}

static bool open(struct window *w, const char *title, const struct window_options *o)
{
    SDL_SetHint(SDL_HINT_VIDEO_HIGHDPI_DISABLED, "0");
    if (SDL_Init(SDL_INIT_VIDEO) != 0)
        return false;
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, o->width, o->height,
                                 SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    w->renderer = w->window ? SDL_CreateRenderer(w->window, -1, SDL_RENDERER_PRESENTVSYNC) : NULL;
    if (w->window && !w->renderer)
        w->renderer = SDL_CreateRenderer(w->window, -1, SDL_RENDERER_SOFTWARE);
    if (!w->renderer || !canvas_open(&w->app.canvas, w->renderer))
        return false;
    SDL_SetWindowMinimumSize(w->window, 960, 640);
    return base_fit(w);
}

/* S: a file in the working directory, named by the time. */
static void save(struct window *w)
{
    char name[64];
    time_t now = time(NULL);
    struct tm local;
    strftime(name, sizeof name, "cfdash-%Y%m%d-%H%M%S.png", localtime_r(&now, &local));
    SDL_SetRenderTarget(w->renderer, w->base);
    int rc = canvas_save(&w->app.canvas, name);
    SDL_SetRenderTarget(w->renderer, NULL);
    if (rc == 0)
        snprintf(w->app.notice, sizeof w->app.notice, "picture in %s", name);
    else
        snprintf(w->app.notice, sizeof w->app.notice, "no picture in %s: %s", name, strerror(-rc));
}

/* false: the user leaves. */
static bool handle(struct window *w, const SDL_Event *e)
{
    switch (e->type) {
    case SDL_QUIT:
        return false;
    case SDL_WINDOWEVENT:
        if (e->window.event == SDL_WINDOWEVENT_SIZE_CHANGED && !base_fit(w))
            return false;
        w->moved = true;
        return true;
    case SDL_RENDER_TARGETS_RESET:
        w->stale = true;
        return true;
    case SDL_KEYDOWN:
        w->stale = true;
        w->app.notice[0] = 0;
        if (e->key.keysym.sym == SDLK_s)
            save(w);
        return app_key(&w->app, e->key.keysym.sym, (e->key.keysym.mod & KMOD_SHIFT) != 0);
    case SDL_MOUSEBUTTONDOWN:
        app_click(&w->app, e->button.x, e->button.y);
        w->stale = true;
        return true;
    case SDL_MOUSEWHEEL:
        app_wheel(&w->app, e->wheel.y);
        w->stale = true;
        return true;
    case SDL_MOUSEMOTION:
        w->moved |= app_move(&w->app, e->motion.x, e->motion.y);
        return true;
    default:
        return true;
    }
}

static void draw(struct window *w)
{
    if (w->stale) {
        SDL_SetRenderTarget(w->renderer, w->base);
        app_draw(&w->app);
        SDL_SetRenderTarget(w->renderer, NULL);
    }
    SDL_RenderCopy(w->renderer, w->base, NULL, NULL);
    app_draw_pointer(&w->app);
    SDL_RenderPresent(w->renderer);
    w->stale = w->moved = false;
}

static void step(struct window *w)
{
    struct session *s = w->app.session;
    int rc = session_step(s, monotonic_ms());
    if (rc < 0)
        snprintf(w->app.notice, sizeof w->app.notice, "the recording has ended: %s", strerror(-rc));
    if (lookup_step(&w->app.lookup))
        w->stale = true;
    if (s->version == w->version)
        return;
    w->version = s->version;
    w->stale = true;
    app_update(&w->app);
}

static void loop(struct window *w)
{
    SDL_Event event;
    for (bool stay = true; stay;) {
        step(w);
        if (w->stale || w->moved)
            draw(w);
        uint64_t now = monotonic_ms(), due = w->app.session->due_ms;
        int wait = due > now ? (int)(due - now) : 1;
        if (w->app.lookup.state == LOOKUP_WAITS && wait > 20)
            wait = 20;
        if (SDL_WaitEventTimeout(&event, wait))
            do
                stay &= handle(w, &event);
            while (stay && SDL_PollEvent(&event));
    }
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
    snprintf(title, sizeof title, "cfdash");
    bool opened = open(&w, title, o);
    if (opened) {
        app_open(&w.app, session, run);
        step(&w);
        choose(&w.app, o);
        loop(&w);
        app_close(&w.app);
    }
    if (w.renderer)
        SDL_DestroyRenderer(w.renderer);
    if (w.window)
        SDL_DestroyWindow(w.window);
    SDL_Quit();
    return opened ? 0 : -1;
}

int window_picture(struct session *session, const char *run, const struct window_options *o)
{
    static struct app app;
    uint64_t end = monotonic_ms() + (uint64_t)(o->after_s * 1000);
    if (!canvas_open_picture(&app.canvas, o->width, o->height, o->scale))
        return -1;
    app_open(&app, session, run);
    for (bool first = true; first || monotonic_ms() < end; first = false) {
        if (session_step(session, monotonic_ms()) < 0)
            fprintf(stderr, "cfdash: the recording has ended: it cannot be written\n");
        app_update(&app);
        if (first)
            choose(&app, o);
        lookup_step(&app.lookup);
        uint64_t now = monotonic_ms(), until = session->due_ms < end ? session->due_ms : end;
        struct timespec pause = {.tv_sec = (time_t)((until > now ? until - now : 0) / 1000), .tv_nsec = (long)((until > now ? until - now : 0) % 1000 * 1000000)};
        nanosleep(&pause, NULL);
    }
    app_draw(&app);
    int rc = canvas_save(&app.canvas, o->screenshot);
    app_close(&app);
    return rc == 0 ? 0 : rc;
}
