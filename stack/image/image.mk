# The control program of an image, and lwIP.
#
# IMAGE_BASE is what every guest program is linked with: boot, interruptions, channel subsystem, console, reader, timer,
# the platform contract, the libc. The first object must be boot.o.

GUEST_CPPFLAGS += -isystem stack/image/include
GUEST_LDFLAGS := -static -Wl,-T,stack/image/image.ld -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

IMAGE_BASE := $(addprefix $(B)/guest/stack/, image/boot.o image/libc.o image/css.o image/ebcdic.o image/console.o \
	image/fault.o image/loop.o image/random.o image/parm.o image/cfs.o platform/guest.o base/text.o)

# A guest program: link its objects with the base, keep the ELF file beside the flat image for debugging.
define LINK_GUEST
@mkdir -p $(@D)
$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $(@:.bin=.elf) $(filter %.o,$^)
$(GUEST_OBJCOPY) -O binary $(@:.bin=.elf) $@
endef
