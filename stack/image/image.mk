# The control program of an image, and lwIP.
#
# IMAGE_BASE is what every guest program is linked with: boot, interruptions, channel subsystem, console, reader, timer,
# the platform contract, the libc. The first object must be boot.o.

# The compiler's own headers and the few of image/include, never those of the host.
GUEST_HEADERS := $(shell $(GUEST_CC) -print-file-name=include 2>/dev/null)
GUEST_CPPFLAGS += -nostdinc -isystem stack/image/include -isystem $(GUEST_HEADERS)
GUEST_LDFLAGS := -static -Wl,-T,stack/image/image.ld -Wl,--build-id=none -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments

IMAGE_BASE := $(addprefix $(B)/guest/stack/, image/boot.o image/libc.o image/css.o image/ebcdic.o image/console.o \
	image/fault.o image/loop.o image/random.o image/parm.o image/reader.o image/cfs.o platform/guest.o base/text.o)

# A guest program: link its objects with the base, keep the ELF file beside the flat image for debugging.
define LINK_GUEST
@mkdir -p $(@D)
$(GUEST_CC) $(GUEST_CFLAGS) $(GUEST_LDFLAGS) -o $(@:.bin=.elf) $(filter %.o,$^)
$(GUEST_OBJCOPY) -O binary $(@:.bin=.elf) $@
endef

# lwIP 2.1.3, unpatched, with its own warnings; its headers count as system headers for our code.
GUEST_CPPFLAGS += -Istack/image/lwip -isystem $(LWIP_SRC)/src/include
LWIP_CFLAGS := $(filter-out $(WARNINGS),$(GUEST_CFLAGS)) -Wall

LWIP_OBJECTS := $(patsubst %,$(B)/guest/lwip/core/%.o, init def inet_chksum ip mem memp netif pbuf raw stats sys tcp tcp_in \
	tcp_out timeouts udp ipv4/etharp ipv4/icmp ipv4/ip4 ipv4/ip4_addr ipv4/ip4_frag) $(B)/guest/lwip/netif/ethernet.o

$(LWIP_OBJECTS): $(B)/guest/lwip/%.o: $(LWIP_SRC)/src/%.c
	@mkdir -p $(@D)
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(LWIP_CFLAGS) -c -o $@ $<

# What a program with a network needs besides the base; whoever links it defines the hooks of lwip/hooks.h.
IMAGE_NET := $(addprefix $(B)/guest/stack/image/, lcs.o net.o) $(LWIP_OBJECTS)

# The image: the control program with everything.
IMAGE_SRC := stack/image/main.c stack/image/job.c stack/image/conngen.c stack/image/httpd.c stack/image/moddvipa.c stack/image/pair.c \
	stack/image/members.c stack/operator/operator_vipa.c stack/operator/operator_audit.c stack/operator/operator_xcf.c \
	stack/socket/socket.c stack/socket/hold.c stack/socket/source.c \
	$(STACK_SOCKET_SRC) $(STACK_CORE_SRC) $(filter-out stack/base/text.c,$(STACK_PROFILE_SRC))
GUESTS += $(B)/guest/image.bin
$(B)/guest/image.bin: $(IMAGE_BASE) $(sort $(IMAGE_SRC:%.c=$(B)/guest/%.o)) $(IMAGE_NET) stack/image/image.ld
	$(LINK_GUEST)
