# xes, xcf, vipa, clp: the stack's core, for host tests and the image. The image compiles STACK_CORE_SRC with the guest rule.
STACK_CLP_SRC := $(addprefix stack/clp/,clp.c clp_activate.c clp_assign.c clp_table.c clp_bind.c clp_cf.c clp_lists.c clp_crht.c clp_peer.c \
	clp_broadcast.c clp_distributor.c clp_log.c clp_rebuild.c clp_show.c clp_view.c)
STACK_XES_SRC := $(addprefix stack/xes/,xes.c xes_rebuild.c xes_lock.c xes_lock_manager.c xes_lock_mail.c xes_lock_table.c)
STACK_XCF_SRC := $(addprefix stack/xcf/,xcf.c xcf_status.c xcf_rebuild.c xcf_lock.c)
STACK_CORE_SRC := stack/stack.c $(STACK_XES_SRC) $(STACK_XCF_SRC) $(addprefix stack/vipa/,vipa.c vipa_owner.c vipa_route.c vipa_crht.c vipa_display.c) \
	$(STACK_CLP_SRC) stack/recovery/recovery.c stack/operator/operator_cf.c stack/operator/operator_lists.c stack/operator/operator_ports.c stack/socket/port_log.c

# What a host program links besides: the text functions, the FLOW counters, the host port, the coupling facility.
STACK_HOST_SRC := $(STACK_CORE_SRC) stack/sip/sip.c stack/profile/profile_query.c stack/profile/profile_change.c stack/base/text.c stack/base/flow.c stack/platform/host.c stack/operator/operator.c stack/operator/operator_xcf.c $(CF_ENGINE_SRC)

STACK_CORE_TESTS := core_xes core_xes_lock core_rebuild core_cfloss core_xcf core_xcf_operator core_xcf_lock core_vipa core_clp core_recovery core_processes
CHECKS += $(STACK_CORE_TESTS:%=$(B)/tests/%)
$(STACK_CORE_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/san/stack/tests/%.o $(B)/san/stack/tests/core_plex.o \
		$(B)/san/stack/tests/flow_report.o \
		$(STACK_HOST_SRC:%.c=$(B)/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lm -lrt -pthread

$(B)/tests/core_clp: $(addprefix $(B)/san/stack/tests/core_clp_,blocks.o initial.o bind.o recovery.o log.o keepers.o)

BENCHES += $(B)/bench/clp_bench
$(B)/bench/clp_bench: $(B)/host/stack/bench/clp_bench.o $(STACK_HOST_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lrt -pthread

# Which blocks of the flowcharts the tests have passed, figure by figure.
CHECKS += $(B)/tests/flow_host
$(B)/tests/flow_host: stack/tests/flow_host.sh $(addprefix $(B)/tests/,sip core_clp core_vipa)
	@mkdir -p $(@D)
	install -m 755 $< $@
