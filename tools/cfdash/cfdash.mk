# cfdash: a Sysplex in a window. The model runs without SDL.
CFDASH_MODEL_SRC := $(addprefix tools/cfdash/,model.c words.c model_json.c frames.c session.c \
	source.c source_facility.c source_systems.c source_ports.c source_events.c) stack/base/flow.c
CFDASH_SRC := $(addprefix tools/cfdash/,main.c place.c) $(addprefix tools/sysplex/,rundir.c tell.c client.c)
CFDASH_LIBS = $$(pkg-config --libs libcjson) -lz -lm -lpthread

PROGRAMS += $(B)/bin/cfdash
$(B)/bin/cfdash: $(addprefix $(B)/host/,$(CFDASH_SRC:.c=.o) $(CFDASH_MODEL_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(CFDASH_LIBS)

CHECKS += $(B)/tests/test_cfdash_model
$(B)/tests/test_cfdash_model: $(addprefix $(B)/san/,tools/cfdash/tests/test_cfdash_model.o stack/tests/core_plex.o \
		$(sort $(CFDASH_MODEL_SRC:.c=.o) $(STACK_HOST_SRC:.c=.o)))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lrt $(CFDASH_LIBS)
