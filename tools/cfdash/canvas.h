/* Drawing: rectangles, lines, text in one of a few sizes, on a picture in memory. Places and sizes are in logical pixels; on a
 * screen of high density each is several physical ones. The only file that knows fonts. */
#ifndef CFDASH_CANVAS_H
#define CFDASH_CANVAS_H

#include <SDL.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t colour;            /* 0xRRGGBB */

/* Okabe and Ito's colours, which people with any kind of colour vision tell apart, on a dark ground. */
enum {
    INK = 0xE6EAF0, FAINT = 0x8A94A3, DIM = 0x4A5361, GROUND = 0x12161C, PANEL = 0x1B2129, EDGE = 0x2C343F,
    ORANGE = 0xE69F00, SKY = 0x56B4E9, GREEN = 0x009E73, YELLOW = 0xF0E442, BLUE = 0x0072B2, VERMILLION = 0xD55E00, PURPLE = 0xCC79A7,
};

enum canvas_font { FONT_SMALL, FONT_BODY, FONT_BOLD, FONT_TITLE, FONT_COUNT };

struct canvas_glyphs;

struct canvas {
    SDL_Renderer *renderer;
    SDL_Surface *surface;           /* what is drawn on */
    float scale;                    /* physical pixels of a logical one */
    int width, height;              /* logical */
    struct canvas_glyphs *fonts[FONT_COUNT];
};

struct area {
    int x, y, w, h;
};

/* Open, or take another size: pixels of the picture, how many of them (in a row) make a logical one. What was on it is gone.
 * false: SDL_GetError() says why; no font counts as that. */
bool canvas_open(struct canvas *c, int pixels_wide, int pixels_high, float scale);
bool canvas_resize(struct canvas *c, int pixels_wide, int pixels_high, float scale);
void canvas_close(struct canvas *c);

/* Everything that was drawn is in the surface afterwards. */
void canvas_flush(struct canvas *c);

/* Where an area is in the surface. */
SDL_Rect canvas_rect(const struct canvas *c, struct area area);

void canvas_fill(struct canvas *c, struct area area, colour ink);
void canvas_frame(struct canvas *c, struct area area, colour ink);
void canvas_line(struct canvas *c, int x1, int y1, int x2, int y2, colour ink);
void canvas_clip(struct canvas *c, const struct area *area);        /* NULL: no more */

/* A line of text (UTF-8; what the fonts' tables lack is a '?'). Result: its width. canvas_right ends at x. */
__attribute__((format(printf, 6, 7))) int canvas_text(struct canvas *c, enum canvas_font font, int x, int y, colour ink, const char *format, ...);
__attribute__((format(printf, 6, 7))) int canvas_right(struct canvas *c, enum canvas_font font, int x, int y, colour ink, const char *format, ...);
int canvas_text_width(struct canvas *c, enum canvas_font font, const char *text);

/* A curve of the last values of `span`, the newest at the right edge of an area; `top` is the value at its upper edge. */
void canvas_curve(struct canvas *c, struct area area, const float *values, int count, int span, float top, colour ink);

/* A picture of the same format as the canvas' surface, each of its pixels a rectangle. Not clipped. */
void canvas_picture(struct canvas *c, struct area area, SDL_Surface *picture);

/* part of 0 (ground) .. 1 (colour) */
colour canvas_mix(colour ground, colour ink, float part);

/* Write what is on it to a PNG file. 0 or -errno. */
int canvas_save(struct canvas *c, const char *path);

#endif
