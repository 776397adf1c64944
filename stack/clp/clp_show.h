/* What a stack shows of itself to whoever looks at EZBEPORT: the CF knows which ports a stack owns, only the stack knows which
 * of them are in use; of the keepers without bit maps the stack alone tells both. Entries that nobody needs to work; they are
 * written when something has changed, at most once a second, beside the entries of clp_cf.c. Numbers are big-endian.
 *
 *   "0A010101#USE03 "   list of the DVIPA. A word is 64 ports, as in the maps: 2 bytes number, 8 bytes of ports. First the
 *                       words with ports in use, then those with ports that are not eligible here, then, unless they stand in
 *                       a bit map, those with ports that the stack owns
 *                       adjunct: "USE ", DVIPA, 4 bytes words in use, 4 bytes words not eligible, 4 bytes TIMEWAITINTERVAL in
 *                       seconds, 4 bytes words owned, 8 bytes time in microseconds, 12 bytes name of the keeper
 *   "#FLOW03        "   list 0. The FLOW counts of the stack, 8 bytes each in the order of flow_blocks.h
 *                       adjunct: "FLOW", 4 bytes how many, 16 bytes zero, 8 bytes time in microseconds
 *
 * "03" is the system number. What a failed stack had in use is deleted by its recovery from bit maps, else it counts no longer
 * when the system is no active member any more; its FLOW counts stay. */
#ifndef CLP_SHOW_H
#define CLP_SHOW_H

#define CLP_SHOW_USE "#USE%02u"
#define CLP_SHOW_FLOW "#FLOW%02u"
#define CLP_SHOW_RECORD 10u         /* bytes of a word */
enum { SHOW_ADDRESS = 4, SHOW_USED = 8, SHOW_NOT_ELIGIBLE = 12, SHOW_TIMEWAIT = 16, SHOW_OWNED = 20, SHOW_TIME = 24, SHOW_KEEPER = 32, SHOW_BLOCKS = 4 };
#define CLP_SHOW_KEEPER_LEN 12u     /* blank padded */

#endif
