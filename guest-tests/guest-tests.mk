# Programs that IPL under Hercules and test one mechanism each.
#
# To add one: write guest-tests/NAME.c with a main() as lib/gt.h shows, add NAME to GUEST_TESTS. That is all for a test that
# needs only the base of an image. More of the stack:      $(B)/guest/gt_NAME.bin: $(OBJECTS) (see the lines below).
# More on the host side (devices, network, commands):      guest-tests/NAME.sh, see guest-tests/run-guest.
# It is built as build/guest/gt_NAME.bin and run by build/tests/guest_NAME (or: guest-tests/run-guest NAME).

GUEST_TESTS := program_check timer reader deck net
GUEST_TESTS += ports cfs_instruction cfs_access cfs_channel cfs_attention cfs_fence

GUEST_TEST_TOOLS := $(B)/bin/card $(B)/bin/echo
GUEST_TEST_LIB := $(B)/guest/guest-tests/lib/gt.o

GUEST_TEST_BINS := $(GUEST_TESTS:%=$(B)/guest/gt_%.bin) $(B)/guest/gt_fault.bin
$(GUEST_TEST_BINS): $(B)/guest/gt_%.bin: $(IMAGE_BASE) $(GUEST_TEST_LIB) $(B)/guest/guest-tests/%.o stack/image/image.ld
	$(LINK_GUEST)

# What a test needs besides the base.
$(B)/guest/gt_net.bin: $(IMAGE_NET)
$(B)/guest/gt_ports.bin: $(addprefix $(B)/guest/,$(STACK_CLP_SRC:.c=.o) $(STACK_XES_SRC:.c=.o) stack/base/flow.o)
$(B)/tests/guest_ports: $(B)/lib/hdtcfs.so $(B)/tests/cfs_segment

$(GUEST_TESTS:%=$(B)/tests/guest_%): $(B)/tests/guest_%: $(B)/guest/gt_%.bin guest-tests/run-guest $(GUEST_TEST_TOOLS)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec guest-tests/run-guest %s\n' $* >$@ && chmod +x $@

# One program, an IPL for each kind of fault: run-guest fault:KIND.
GUEST_FAULTS := program recursive svc assertion stack restart return
$(GUEST_FAULTS:%=$(B)/tests/guest_fault_%): $(B)/tests/guest_fault_%: $(B)/guest/gt_fault.bin guest-tests/run-guest
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec guest-tests/run-guest fault:%s\n' $* >$@ && chmod +x $@

# For the scripts of the tests: the sender of commands to a card reader, and a ping that checks its answers.
$(GUEST_TEST_TOOLS): $(B)/bin/%: $(B)/host/guest-tests/%.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -o $@ $<

PROGRAMS += $(GUEST_TEST_TOOLS)
GUESTS += $(GUEST_TEST_BINS)
CHECKS += $(GUEST_TESTS:%=$(B)/tests/guest_%) $(GUEST_FAULTS:%=$(B)/tests/guest_fault_%)

include guest-tests/cfs.mk
