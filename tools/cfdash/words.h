/* Values as words, as displays of z/OS spell them. */
#ifndef CFDASH_WORDS_H
#define CFDASH_WORDS_H

#include "tools/cfdash/model.h"

const char *member_text(uint8_t member);
const char *structure_type_text(uint8_t type);
const char *structure_status_text(const struct model_structure *s);
const char *port_text(uint8_t port);

/* What to say of a system in one word: of what its record and its process tell. */
const char *system_state_text(const struct model_system *system);

/* Who keeps the ports of the DVIPA, and where its map comes from. */
const char *keeper_text(const struct model_dvipa *dvipa);

/* "10.1.9.1", or "EXPLICITBIND". text: 20 bytes; result: text. */
const char *address_text(uint32_t address, char text[20]);

#endif
