/* What xcf.c and xcf_rebuild.c share. */
#ifndef XCF_PRIVATE_H
#define XCF_PRIVATE_H

#include "stack/xcf/xcf.h"

enum { CONTROL_LIST = 0, QUEUE_INDEX = 0 };

/* Adjunct of a message. */
enum { MSG_FROM = 0, MSG_TYPE = 2, MSG_LENGTH = 4, MSG_GROUP = 8, MSG_JOINED = 16, MSG_TO_JOINED = 24, MSG_SEQUENCE = 32 };

/* Over a connection to the structure, this one or the new one of a rebuild. */
bool xcf_monitor_queue(struct xcf *xcf, struct xes_connection *connection);
bool xcf_write_own_record(struct xcf *xcf, struct xes_connection *connection);

/* A message stands in the queue of system `to`: keep it. length 0 .. XCF_MESSAGE_MAX. */
void xcf_resend_keep(struct xcf_resend *resend, uint8_t to, const uint8_t adjunct[CF_ADJUNCT_SIZE], const void *data,
                     uint32_t length);

/* A message has come. False: it has come before. */
bool xcf_first_time(struct xcf *xcf, const uint8_t adjunct[CF_ADJUNCT_SIZE]);

/* As in struct xes_rebuild; context: the struct xcf. */
int xcf_contribute(void *context, struct xes_connection *new);
void xcf_rebuilt(void *context);

#endif
