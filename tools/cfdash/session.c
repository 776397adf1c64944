#include "tools/cfdash/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t realtime_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int open_common(struct session *s, uint32_t frames, size_t bytes)
{
    *s = (struct session){0};
    s->frames = frames_new(frames, bytes);
    s->shown = model_new();
    s->live = model_new();
    return s->frames && s->shown && s->live ? 0 : -ENOMEM;
}

int session_open(struct session *s, const struct source_options *options)
{
    int rc = open_common(s, SESSION_FRAMES, SESSION_BYTES);
    rc = rc ? rc : source_open(options, &s->source);
    if (rc < 0)
        session_close(s);
    return rc;
}

int session_open_replay(struct session *s, FILE *in, uint32_t *at)
{
    int rc = open_common(s, 1u << 20, SIZE_MAX);
    *at = 0;
    rc = rc ? rc : frames_replay(s->frames, in, at);
    if (rc == 0 && !frames_get(s->frames, 0, s->shown))
        rc = -ENODATA;
    if (rc < 0)
        session_close(s);
    return rc;
}

void session_close(struct session *s)
{
    if (s->source)
        source_close(s->source);
    if (s->frames)
        frames_free(s->frames);
    model_free(s->shown);
    model_free(s->live);
    if (s->record)
        fclose(s->record);
    *s = (struct session){0};
}

int session_record(struct session *s, const char *path)
{
    s->record = fopen(path, "we");
    return s->record ? frames_record_begin(s->record) : -errno;
}

static void show_frame(struct session *s, uint32_t position)
{
    if (frames_get(s->frames, position, s->shown)) {
        s->position = position;
        s->version++;
    }
}

static int read_live(struct session *s)
{
    int rc = 0;
    uint32_t before = frames_count(s->frames);
    source_read(s->source, s->live, realtime_ms());
    bool kept = frames_add(s->frames, s->live);
    if (s->record && kept && (rc = frames_record(s->frames, s->record)) < 0) {
        fclose(s->record);
        s->record = NULL;
    }
    if (!s->paused) {
        model_copy(s->shown, s->live);
        s->version++;
    } else if (frames_count(s->frames) == before && s->position > 0) {
        s->position--;              /* the oldest was dropped: what is shown has moved up */
    }
    return rc;
}

/* The next frame of a recording, and when the one after it is due. */
static void play(struct session *s, uint64_t now_ms)
{
    uint64_t before = s->shown->time_ms;
    if (s->position + 1 < frames_count(s->frames))
        show_frame(s, s->position + 1);
    uint64_t took = s->shown->time_ms - before;
    s->due_ms = now_ms + (took > 0 && took < 10 * SESSION_INTERVAL_MS ? took : SESSION_INTERVAL_MS);
}

int session_step(struct session *s, uint64_t now_ms)
{
    if (now_ms < s->due_ms)
        return 0;
    if (!s->source) {
        if (s->due_ms != 0 && !s->paused)
            play(s, now_ms);
        else
            s->due_ms = now_ms + SESSION_INTERVAL_MS;
        return 0;
    }
    s->due_ms = now_ms + SESSION_INTERVAL_MS;
    return read_live(s);
}

void session_pause(struct session *s, bool paused)
{
    if (paused && !s->paused && s->source)
        s->position = frames_count(s->frames) - 1;
    s->paused = paused;
    if (!paused && s->source)
        model_copy(s->shown, s->live);
    s->version++;
}

void session_go_to(struct session *s, uint64_t ms)
{
    uint32_t last = frames_count(s->frames) - 1;
    show_frame(s, 0);
    for (uint64_t until_ms = s->shown->time_ms + ms; s->position < last;) {
        show_frame(s, s->position + 1);
        if (s->shown->time_ms > until_ms) {
            show_frame(s, s->position - 1);
            return;
        }
    }
}

void session_seek(struct session *s, int by)
{
    uint32_t count = frames_count(s->frames);
    session_pause(s, true);
    int64_t to = (int64_t)s->position + by;
    if (count > 0)
        show_frame(s, to < 0 ? 0 : to >= count ? count - 1 : (uint32_t)to);
}
