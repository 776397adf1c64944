/* The members of PROFILE.TCPIP on an image: a library in storage, filled with decks from card readers.
 *
 *     ./ ADD NAME=MVS1         as IEBUPDTE reads it: the cards up to the next one are member MVS1
 *     DEVICE LCS1 LCS E20
 *     ./ ADD NAME=OBEY1
 *     ...
 *
 * Reader 01C has the deck for the start; its first member is the profile, which is also called DD:PROFILE. Reader 02C takes
 * decks at any time: their members are added, or replace those of the same name, for VARY TCPIP,,OBEYFILE. Cards in front of
 * the first ./ ADD are member PROFILE of reader 01C, member OBEY of reader 02C. */
#ifndef IMAGE_MEMBERS_H
#define IMAGE_MEMBERS_H

#include <stdint.h>

#include "stack/profile/profile.h"

#define MEMBERS_MAX 64
#define MEMBERS_TEXT_MAX (4 * PROFILE_TEXT_MAX)
#define MEMBERS_PROFILE "DD:PROFILE"

/* Read the deck of reader 01C, and make reader 02C ready if there is one. */
void members_start(void);

/* What reader 02C has read. For the event loop. */
void members_poll(void);

extern const struct profile_source members_source;

#endif
