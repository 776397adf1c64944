#include "stack/socket/http.h"

#include <stdbool.h>
#include <stddef.h>

#include "stack/base/text.h"

enum { STATE_STATUS, STATE_HEADER, STATE_BODY, STATE_DONE };

void http_response_begin(struct http_response *response)
{
    *response = (struct http_response){.state = STATE_STATUS};
}

/* "HTTP/1.1 200 OK": the three digits after the first blank. */
static bool read_status(struct http_response *response)
{
    const char *line = response->line;
    uint32_t status;
    char digits[4] = {0};

    if (response->line_length < 12 || line[0] != 'H' || line[4] != '/' || line[8] != ' ')
        return false;
    for (int i = 0; i < 3; i++)
        digits[i] = line[9 + i];
    if (!text_parse_u32(digits, 999, &status))
        return false;
    response->status = (uint16_t)status;
    return true;
}

static bool read_header(struct http_response *response)
{
    char *line = response->line;
    char *value = line;

    while (*value != 0 && *value != ':')
        value++;
    if (*value == 0)
        return false;
    *value++ = 0;
    while (*value == ' ')
        value++;
    if (text_equal(line, "Transfer-Encoding"))
        return false;
    if (text_equal(line, "Content-Length"))
        return text_parse_u32(value, UINT32_MAX, &response->body_left);
    return true;
}

/* A header line has ended. */
static bool end_of_line(struct http_response *response)
{
    if (response->line_length > 0 && response->line[response->line_length - 1] == '\r')
        response->line_length--;
    response->line[response->line_length] = 0;
    bool empty = response->line_length == 0;
    bool good = true;

    if (response->state == STATE_STATUS) {
        good = read_status(response);
        response->state = STATE_HEADER;
    } else if (!empty) {
        good = read_header(response);
    } else {
        response->state = response->body_left > 0 ? STATE_BODY : STATE_DONE;
    }
    response->line_length = 0;
    return good;
}

enum http_result http_response_read(struct http_response *response, const uint8_t *data, uint16_t length)
{
    for (uint16_t i = 0; i < length; i++) {
        if (response->state == STATE_DONE)
            return HTTP_ERROR;
        if (response->state == STATE_BODY) {
            uint32_t take = (uint32_t)(length - i);
            if (take > response->body_left)
                return HTTP_ERROR;
            response->body_left -= take;
            if (response->body_left == 0)
                response->state = STATE_DONE;
            break;
        }
        if (data[i] == '\n') {
            if (!end_of_line(response))
                return HTTP_ERROR;
        } else if (response->line_length < HTTP_LINE_MAX) {
            response->line[response->line_length++] = (char)data[i];
        }
    }
    return response->state == STATE_DONE ? HTTP_DONE : HTTP_MORE;
}
