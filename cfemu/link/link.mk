# Links to a coupling facility elsewhere. A program that is linked with CF_CLIENT_SRC opens remote CFs by cf_open(); cfd and
# its tests need CF_LINK_SRC, both sides. Either needs CF_LINK_LIBS.
CF_CLIENT_SRC := $(addprefix cfemu/link/,cf_address.c cf_client.c cf_frame.c cf_tls.c cf_wire.c)
CF_LINK_SRC := $(CF_CLIENT_SRC) $(addprefix cfemu/link/,cf_session.c cf_server.c)
CF_LINK_LIBS := -lssl -lcrypto

PROGRAMS += $(B)/bin/cfd
$(B)/bin/cfd: $(addprefix $(B)/host/,cfemu/link/cfd.o $(CF_LINK_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -pthread -o $@ $^ $(CF_LINK_LIBS)

BENCHES += $(B)/bench/link_bench
$(B)/bench/link_bench: $(addprefix $(B)/host/,cfemu/bench/link_bench.o $(CF_LINK_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -pthread -o $@ $^ $(CF_LINK_LIBS)
