# Guest tests of the two doors to the coupling facility, and tests of the plugin that run Hercules themselves.

CFS_GUEST_TESTS := cfs_instruction cfs_access cfs_channel cfs_attention cfs_fence
CFS_NEEDS := $(B)/lib/hdtcfs.so $(B)/tests/cfs_segment

$(CFS_GUEST_TESTS:%=$(B)/guest/gt_%.bin): $(B)/guest/guest-tests/cfs_request.o
$(B)/guest/gt_cfs_access.bin: $(B)/guest/guest-tests/cfs_trap.o
$(CFS_GUEST_TESTS:%=$(B)/tests/guest_%): $(CFS_NEEDS)

$(B)/tests/guest_cfs_instruction $(B)/tests/guest_cfs_fence: $(B)/tests/cfs_hold
$(B)/tests/cfs_hold $(B)/tests/cfs_segment: $(B)/tests/%: $(B)/host/guest-tests/%.o $(CF_ENGINE_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) -pthread -o $@ $^

GUESTS += $(B)/guest/gt_cfs_loop.bin
$(B)/guest/gt_cfs_loop.bin: $(IMAGE_BASE) $(GUEST_TEST_LIB) $(B)/guest/guest-tests/cfs_request.o \
		$(B)/guest/guest-tests/cfs_loop.o stack/image/image.ld
	$(LINK_GUEST)

$(B)/tests/cfs_kill $(B)/tests/cfs_remote: $(B)/guest/gt_cfs_loop.bin
$(B)/tests/cfs_remote: $(B)/bin/cfd
$(B)/tests/cfs_kill $(B)/tests/cfs_config $(B)/tests/cfs_remote: $(B)/tests/%: guest-tests/% guest-tests/cfs_hosts $(CFS_NEEDS)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec guest-tests/%s\n' $* >$@ && chmod +x $@

CHECKS += $(B)/tests/cfs_config $(B)/tests/cfs_kill $(B)/tests/cfs_remote
