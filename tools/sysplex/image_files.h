/* What an image consists of on disk, in <run>/MVSn (Hercules runs in it, so that none of their names needs a path, and none
 * can be spoilt by a blank in a path):
 *
 *   hercules.conf  devices    oat       MAC of the TAP         image.bin  control program (hard link or copy)
 *   hercules.rc    ipl        profile   PROFILE.TCPIP and the other members of its folder, a deck
 *   parameters     NAME=value ...       reader, members         sockets of the card readers
 *   image.ins      what is loaded where                        lib        link to the folder of the plugin
 *
 * The TAP has the MAC 02:00:00:00:01:NN, the guest sends with 02:00:00:00:00:NN: a bridge takes frames with the TAP's own
 * address for its own. */
#ifndef SYSPLEX_IMAGE_FILES_H
#define SYSPLEX_IMAGE_FILES_H

#include "tools/sysplex/image.h"

/* Make the folder with its files and open the hardcopy log. 0 or -errno. */
int image_files_write(struct image *image);

/* The file as a deck for reader 02C, to be freed, *length bytes; member: its name there, that of the file NAME.profile, else
 * OBEY. NULL and errno: it cannot be read. */
char *image_deck_text(const char *path, char member[DEFINED_NAME_SIZE], size_t *length);

#endif
