#include "tools/cfdash/canvas.h"

#include <SDL_ttf.h>
#include <errno.h>
#include <png.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FONT_FOLDER "/usr/share/fonts/truetype/dejavu/"
enum { FIRST = 32, LAST = 126, PLAIN = LAST - FIRST + 1, GLYPHS = PLAIN + 10 };

/* Beyond ASCII. */
static const uint16_t more[GLYPHS - PLAIN] = {0xB5, 0xB1, 0xB7, 0xD7, 0x2013, 0x2026, 0x2192, 0x25A0, 0x25CF, 0x25B6};    /* µ ± · × – … → ■ ● ▶ */

/* All glyphs of a font side by side in one texture, white; colours are laid on when they are drawn. */
struct canvas_glyphs {
    SDL_Texture *texture;
    int height;
    SDL_Rect at[GLYPHS];
    int advance[GLYPHS];
};

static const struct {
    const char *file;
    float size;
} faces[FONT_COUNT] = {
    [FONT_SMALL] = {FONT_FOLDER "DejaVuSans.ttf", 10.5f},
    [FONT_BODY] = {FONT_FOLDER "DejaVuSans.ttf", 12.5f},
    [FONT_BOLD] = {FONT_FOLDER "DejaVuSans-Bold.ttf", 12.5f},
    [FONT_TITLE] = {FONT_FOLDER "DejaVuSans-Bold.ttf", 17},
};

/* --- fonts ------------------------------------------------------------------------------------------------------------------ */

static void glyphs_free(struct canvas_glyphs *g)
{
    if (g && g->texture)
        SDL_DestroyTexture(g->texture);
    free(g);
}

static struct canvas_glyphs *glyphs_new(SDL_Renderer *renderer, const char *file, int size)
{
    struct canvas_glyphs *g = calloc(1, sizeof *g);
    TTF_Font *font = TTF_OpenFont(file, size);
    int width = 0, height = font ? TTF_FontHeight(font) : 0;
    SDL_Surface *sheet = font ? SDL_CreateRGBSurfaceWithFormat(0, GLYPHS * height * 5 / 4, height, 32, SDL_PIXELFORMAT_ARGB8888) : NULL;
    for (int i = 0; g && sheet && i < GLYPHS; i++) {
        uint16_t code = (uint16_t)(i < PLAIN ? FIRST + i : more[i - PLAIN]);
        SDL_Surface *glyph = TTF_RenderGlyph_Blended(font, code, (SDL_Color){255, 255, 255, 255});
        TTF_GlyphMetrics(font, code, NULL, NULL, NULL, NULL, &g->advance[i]);
        if (!glyph)
            continue;
        SDL_Rect to = {width, 0, glyph->w, glyph->h};
        SDL_SetSurfaceBlendMode(glyph, SDL_BLENDMODE_NONE);
        SDL_BlitSurface(glyph, NULL, sheet, &to);
        g->at[i] = to;
        width += to.w + 1;
        SDL_FreeSurface(glyph);
    }
    if (g && sheet) {
        g->height = height;
        g->texture = SDL_CreateTextureFromSurface(renderer, sheet);
        SDL_SetTextureBlendMode(g->texture, SDL_BLENDMODE_BLEND);
    }
    SDL_FreeSurface(sheet);
    if (font)
        TTF_CloseFont(font);
    if (g && g->texture)
        return g;
    glyphs_free(g);
    return NULL;
}

static void fonts_close(struct canvas *c)
{
    for (int i = 0; i < FONT_COUNT; i++) {
        glyphs_free(c->fonts[i]);
        c->fonts[i] = NULL;
    }
}

static bool fonts_open(struct canvas *c)
{
    for (int i = 0; i < FONT_COUNT; i++) {
        c->fonts[i] = glyphs_new(c->renderer, faces[i].file, (int)(faces[i].size * c->scale + 0.5f));
        if (!c->fonts[i])
            return false;
    }
    return true;
}

/* --- opening ---------------------------------------------------------------------------------------------------------------- */

bool canvas_open(struct canvas *c, int pixels_wide, int pixels_high, float scale)
{
    *c = (struct canvas){0};
    return (TTF_WasInit() || TTF_Init() == 0) && canvas_resize(c, pixels_wide, pixels_high, scale);
}

static void drop(struct canvas *c)
{
    fonts_close(c);                 /* their textures are the renderer's */
    if (c->renderer)
        SDL_DestroyRenderer(c->renderer);
    SDL_FreeSurface(c->surface);
    c->renderer = NULL;
    c->surface = NULL;
}

bool canvas_resize(struct canvas *c, int pixels_wide, int pixels_high, float scale)
{
    drop(c);
    c->scale = scale;
    c->width = (int)((float)pixels_wide / scale);
    c->height = (int)((float)pixels_high / scale);
    c->surface = SDL_CreateRGBSurfaceWithFormat(0, pixels_wide, pixels_high, 32, SDL_PIXELFORMAT_XRGB8888);
    c->renderer = c->surface ? SDL_CreateSoftwareRenderer(c->surface) : NULL;
    return c->renderer && fonts_open(c);
}

void canvas_close(struct canvas *c)
{
    drop(c);
    TTF_Quit();
    *c = (struct canvas){0};
}

void canvas_flush(struct canvas *c)
{
    SDL_RenderFlush(c->renderer);
}

/* --- drawing ---------------------------------------------------------------------------------------------------------------- */

static void use(struct canvas *c, colour ink)
{
    SDL_SetRenderDrawColor(c->renderer, (Uint8)(ink >> 16), (Uint8)(ink >> 8), (Uint8)ink, 255);
}

static int physical(const struct canvas *c, int logical)
{
    return (int)((float)logical * c->scale);
}

SDL_Rect canvas_rect(const struct canvas *c, struct area a)
{
    int x = physical(c, a.x), y = physical(c, a.y);
    return (SDL_Rect){x, y, physical(c, a.x + a.w) - x, physical(c, a.y + a.h) - y};
}

void canvas_fill(struct canvas *c, struct area area, colour ink)
{
    SDL_Rect r = canvas_rect(c, area);
    use(c, ink);
    SDL_RenderFillRect(c->renderer, &r);
}

void canvas_frame(struct canvas *c, struct area area, colour ink)
{
    SDL_Rect r = canvas_rect(c, area);
    use(c, ink);
    SDL_RenderDrawRect(c->renderer, &r);
}

void canvas_line(struct canvas *c, int x1, int y1, int x2, int y2, colour ink)
{
    use(c, ink);
    SDL_RenderDrawLine(c->renderer, physical(c, x1), physical(c, y1), physical(c, x2), physical(c, y2));
}

void canvas_clip(struct canvas *c, const struct area *area)
{
    SDL_Rect r = area ? canvas_rect(c, *area) : (SDL_Rect){0};
    SDL_RenderSetClipRect(c->renderer, area ? &r : NULL);
}

void canvas_curve(struct canvas *c, struct area a, const float *values, int count, int span, float top, colour ink)
{
    SDL_FPoint points[1024];
    int n = count < span ? count : span;
    n = n < 1024 ? n : 1024;
    float step = (float)(a.w - 1) / (float)(span > 1 ? span - 1 : 1);
    for (int i = 0; i < n; i++) {
        float part = top > 0 ? values[count - n + i] / top : 0;
        points[i].x = ((float)(a.x + a.w - 1) - (float)(n - 1 - i) * step) * c->scale;
        points[i].y = ((float)(a.y + a.h - 1) - (part > 1 ? 1 : part) * (float)(a.h - 2)) * c->scale;
    }
    use(c, ink);
    if (n > 1)
        SDL_RenderDrawLinesF(c->renderer, points, n);
}

void canvas_picture(struct canvas *c, struct area area, SDL_Surface *picture)
{
    SDL_Rect to = canvas_rect(c, area);
    canvas_flush(c);                /* what is under it was drawn before */
    SDL_BlitScaled(picture, NULL, c->surface, &to);
}

colour canvas_mix(colour ground, colour over, float part)
{
    colour mixed = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        float a = (float)(ground >> shift & 255), b = (float)(over >> shift & 255);
        mixed |= (colour)(a + (b - a) * part + 0.5f) << shift;
    }
    return mixed;
}

/* --- text ------------------------------------------------------------------------------------------------------------------- */

/* The next character of a UTF-8 text, as number of its glyph. */
static int next_glyph(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    uint32_t code = p[0];
    int length = 1;
    if (code >= 0xC0 && (p[1] & 0xC0) == 0x80) {
        length = code >= 0xE0 && (p[2] & 0xC0) == 0x80 ? 3 : 2;
        code = length == 2 ? (code & 31) << 6 | (p[1] & 63u) : (code & 15) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u);
    }
    *text += length;
    if (code >= FIRST && code <= LAST)
        return (int)code - FIRST;
    for (int i = 0; i < GLYPHS - PLAIN; i++)
        if (more[i] == code)
            return PLAIN + i;
    return '?' - FIRST;
}

static int width_of(const struct canvas_glyphs *g, const char *text)
{
    int width = 0;
    while (*text)
        width += g->advance[next_glyph(&text)];
    return width;
}

int canvas_text_width(struct canvas *c, enum canvas_font font, const char *text)
{
    return (int)((float)width_of(c->fonts[font], text) / c->scale + 0.5f);
}

static void draw(struct canvas *c, enum canvas_font font, int x, int y, colour ink, const char *text)
{
    struct canvas_glyphs *g = c->fonts[font];
    SDL_SetTextureColorMod(g->texture, (Uint8)(ink >> 16), (Uint8)(ink >> 8), (Uint8)ink);
    while (*text) {
        int i = next_glyph(&text);
        SDL_Rect to = {x, y, g->at[i].w, g->at[i].h};
        SDL_RenderCopy(c->renderer, g->texture, &g->at[i], &to);
        x += g->advance[i];
    }
}

int canvas_text(struct canvas *c, enum canvas_font font, int x, int y, colour ink, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    draw(c, font, physical(c, x), physical(c, y), ink, text);
    return canvas_text_width(c, font, text);
}

int canvas_right(struct canvas *c, enum canvas_font font, int x, int y, colour ink, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    draw(c, font, physical(c, x) - width_of(c->fonts[font], text), physical(c, y), ink, text);
    return canvas_text_width(c, font, text);
}

/* --- pictures --------------------------------------------------------------------------------------------------------------- */

int canvas_save(struct canvas *c, const char *path)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
    int width, height;
    SDL_GetRendererOutputSize(c->renderer, &width, &height);
    uint8_t *pixels = malloc((size_t)width * (size_t)height * 3);
    if (!pixels || SDL_RenderReadPixels(c->renderer, NULL, SDL_PIXELFORMAT_RGB24, pixels, width * 3) != 0) {
        free(pixels);
        return -ENOMEM;
    }
    image.width = (png_uint_32)width;
    image.height = (png_uint_32)height;
    errno = 0;
    int written = png_image_write_to_file(&image, path, 0, pixels, 0, NULL);
    int rc = written ? 0 : errno ? -errno : -EIO;
    free(pixels);
    return rc;
}
