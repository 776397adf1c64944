# The simulator: the stack's core and the CF engine, on the simulator's port.
SIM_SRC := $(addprefix stack/sim/sim_,main.c run.c cf.c system.c work.c model.c) stack/platform/simulator.c stack/socket/source.c \
	$(STACK_CORE_SRC) $(STACK_PROFILE_SRC) $(CF_ENGINE_SRC)

PROGRAMS += $(B)/bin/sim
$(B)/bin/sim: $(SIM_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $$(pkg-config --libs libcjson) -lrt -pthread

## make sim             simulate whole sysplexes on virtual time, systems killed, stopped and fenced in the middle of any step
##   SEEDS=1..1000 STEPS=10000     which, and how long each; SEED=7 for one
##   STACKS=4 KEEPER=crht          instead of what the seed says; FAULTS=kill,hang: only these
##   FACILITIES=2                  a pair of coupling facilities: one is lost, structures are rebuilt and duplexed
##   BREAK=lock                    break the locks (or unlock, stale, write) and see it found; JSON=1: the report as JSON
.PHONY: sim
sim: SEEDS := 1..100
sim: $(B)/bin/sim
	@$(B)/bin/sim --seed $(if $(SEED),$(SEED),$(subst ..,-,$(SEEDS))) $(if $(STEPS),--steps $(STEPS)) $(if $(STACKS),--stacks $(STACKS)) \
		$(if $(FACILITIES),--facilities $(FACILITIES)) $(if $(KEEPER),--keeper $(KEEPER)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(BREAK),--break $(BREAK)) $(if $(JSON),--json)

CHECKS += $(B)/tests/sim
$(B)/tests/sim: stack/sim/tests/sim.sh $(B)/bin/sim
	@mkdir -p $(@D)
	install $< $@
