/* What the port assigners of the stacks say to each other, over the XCF group of the stacks. One message is at most
 * CLP_MESSAGE_MAX bytes:
 *
 *     0  kind      1  flags     2  count of words   4  number of the question   8  DVIPA   12  ticket (u64)
 *    20  then count times: u16 word, u64 ports
 *
 *   RETURN    the pool runs low: give back what is idle; with URGENT also free ports of blocks in use. Answered when done
 *   GIVE_UP   give back this port, if it is not in use                    answer YES: done, NO: it is in use here
 *   WANT      broadcast keeper: may I have these ports?                   answer: those that I may not have
 *   GIVEN     broadcast keeper: these ports are nobody's now
 *   TAKE      to the distributing stack: ports, please; ticket: about how many (u32), from which one on, to which (u16)
 *                                                                         answer: the ports, or NO
 *   CLAIM     to the distributing stack: this port, please                answer YES or NO
 *   BACK      to the distributing stack: these ports are the pool's; with a ticket: if it has been so since then
 *   TELL      of the distributing stack since `ticket`: which ports have you?     answered by HAVE
 *   HAVE      to the distributing stack since `ticket`: these ports are mine; FIRST and LAST message of several
 *   RESERVED  PORT and PORTRANGE of the sender; count times u16 first, u16 count
 *   ANSWER    to the question with that number; ticket: its kind, and from bit 8 on, if it comes with ports, since when its
 *             sender is the distributing stack; words as above
 *
 * A question is asked on the main line and waited for there, at most its time; the main line meanwhile lets messages come
 * in and answers the questions of others. One question at a time, so an answer belongs to it or is late and dropped. */
#ifndef CLP_PEER_H
#define CLP_PEER_H

#include "stack/clp/clp_private.h"

enum clp_message_kind { CLP_RETURN = 1, CLP_GIVE_UP, CLP_WANT, CLP_GIVEN, CLP_TAKE, CLP_CLAIM, CLP_BACK, CLP_HAVE,
                        CLP_TELL, CLP_RESERVED, CLP_ANSWER };
enum { CLP_FLAG_YES = 0x80, CLP_FLAG_NO = 0x40, CLP_FLAG_URGENT = 0x20, CLP_FLAG_LAST = 0x10, CLP_FLAG_FIRST = 0x08 };

#define CLP_HEADER 20u
#define CLP_WORD_BYTES 10u
#define CLP_MESSAGE_MAX (CLP_HEADER + CLP_WORDS * CLP_WORD_BYTES)
#define CLP_ASK_US 500000u              /* for ports that others give back: who lets a connect wait this long is not waited for again
                                           until something is heard of him; once in CLP_ASK_AGAIN_US */
#define CLP_ASK_AGAIN_US 100000u
#define CLP_KEEPER_US 1000000u          /* for an answer without which there is no port; who does not answer is stopped or dead */

struct clp_message {
    uint8_t kind, flags;
    uint32_t id, address;
    uint64_t ticket;
    struct clp_grant grant;
};

/* Send; 0: it will arrive. */
int clp_send(struct clp *clp, uint8_t to, const struct clp_message *m);

/* Ask system `to`, or all others (0), and wait. clp->question then holds the answer: yes, no, grant. True: everybody has
 * answered who is there. `favour`: nothing depends on it that all answer; the first yes is enough, and who was silent the last
 * time is not waited for. */
bool clp_ask(struct clp *clp, uint8_t to, struct clp_message *m, uint32_t us, bool favour);

/* Parts of the keepers: a question or a message of another stack has come. *m becomes the answer (kind 0: none). */
void clp_broadcast_heard(struct clp *clp, uint8_t from, struct clp_message *m);
void clp_broadcast_refused(struct clp *clp, uint8_t from, const struct clp_message *m);
void clp_distributor_heard(struct clp *clp, uint8_t from, struct clp_message *m);

/* Ports that this stack has been given, but not in time. */
void clp_distributor_late(struct clp *clp, uint8_t from, uint32_t address, const struct clp_grant *ports, uint64_t since);

/* Another stack uses the port, perhaps no more: may this one have it? True: it was given back to the pool. */
bool clp_ask_owner(struct clp *clp, const struct clp_table *t, uint16_t port);

/* Tell system `to`, or all others (0), which ports are reserved here. */
void clp_tell_reserved(struct clp *clp, uint8_t to);

#endif
