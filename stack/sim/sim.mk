# The simulator: the stack's core and the CF engine, on the simulator's port.
SIM_SRC := $(addprefix stack/sim/sim_,main.c run.c system.c work.c model.c) stack/platform/simulator.c stack/socket/source.c \
	$(STACK_CORE_SRC) $(STACK_PROFILE_SRC) $(CF_ENGINE_SRC)

PROGRAMS += $(B)/bin/sim
$(B)/bin/sim: $(SIM_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $$(pkg-config --libs libcjson) -lrt -pthread
