/* Reading the end of HTTP/1.1 responses on a kept connection (RFC 9112): status line, header, Content-Length body.
 *
 * The caller feeds bytes as they come, in pieces of any size. Chunked bodies are not understood and are an error: the
 * programs ask for static files. */
#ifndef STACK_HTTP_H
#define STACK_HTTP_H

#include <stdint.h>

#define HTTP_LINE_MAX 63    /* bytes of a header line that are looked at; longer lines are cut, which loses nothing we read */

struct http_response {
    uint32_t body_left;
    uint16_t status;        /* 0 until the status line is read */
    uint8_t state;          /* enum in http.c */
    uint8_t line_length;
    char line[HTTP_LINE_MAX + 1];
};

enum http_result { HTTP_MORE, HTTP_DONE, HTTP_ERROR };

/* Begin to read a response. */
void http_response_begin(struct http_response *response);

/* Read length bytes. HTTP_DONE: the response has ended with the last byte; bytes after it are an error, as nothing else was
 * asked for. */
enum http_result http_response_read(struct http_response *response, const uint8_t *data, uint16_t length);

#endif
