/* The doors to the coupling facilities (cfemu/arch/cf_arch.h): requests by the CFMSG instruction, notification by the attentions
 * of the CFS channel device. */
#ifndef IMAGE_CFS_H
#define IMAGE_CFS_H

#include <stdbool.h>
#include <stdint.h>

#include "cfemu/arch/cf_arch.h"

#define CFS_MAX 2               /* coupling facilities of an image: CF 0 is device 0F00, CF 1 is device 0F10 */
#define CFS_FIRST_DEVICE 0x0F00
#define CFS_DEVICE_STEP 0x0010

/* Called from the interrupt of the device: a connection of this image in CF cf has something to read. */
typedef void cfs_attention(unsigned cf);

/* Open the devices there are. Returns how many; numbers of those that are missing answer "not operational". */
unsigned cfs_open(cfs_attention *attention);

/* One message by the instruction. Parameters and result as platform_cf_message(). */
int cfs_message(unsigned cf, const uint8_t *mcb, const void *out, uint32_t out_len, uint8_t *mrb, void *in,
                uint32_t in_cap);

#endif
