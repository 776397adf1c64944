# Benchmarks beside those of the parts: what a command costs a guest; connection rate with and without CLUSTERPORTS; PEERS=1: what others need for the same work.
BENCHES += $(B)/bench/guest_bench
$(B)/bench/guest_bench: tools/bench/guest_bench $(addprefix $(B)/tests/guest_,cfs_instruction cfs_channel ports)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec tools/bench/guest_bench\n' >$@ && chmod +x $@

BENCHES += $(B)/bench/rate_bench
$(B)/bench/rate_bench: tools/bench/rate_bench $(B)/bin/sysplex $(B)/bin/tuplecheck $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexec tools/bench/rate_bench\n' >$@ && chmod +x $@

ifeq ($(PEERS),1)
BENCHES += $(B)/bench/peer_bench
endif
$(B)/bench/peer_bench: tools/bench/peer_bench.c
	@command -v redis-server >/dev/null && test -e /usr/include/hiredis/hiredis.h || \
		{ echo "make bench PEERS=1: Redis is missing; type: sudo apt-get install redis-server libhiredis-dev" >&2; exit 1; }
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -I. -D_GNU_SOURCE -o $@ $< -lhiredis
