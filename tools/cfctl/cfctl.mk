# cfctl: make, look at, check and remove coupling facilities. The files of its commands:
CFCTL_SRC := $(addprefix tools/cfctl/, \
	cfctl.c \
	view.c \
	facility.c \
	pair.c \
	display.c \
	list.c \
	statistics.c \
	policy.c \
	dump.c)

PROGRAMS += $(B)/bin/cfctl
$(B)/bin/cfctl: $(CFCTL_SRC:%.c=$(B)/host/%.o) $(CF_ENGINE_SRC:%.c=$(B)/host/%.o) $(CF_POLICY_SRC:%.c=$(B)/host/%.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $$(pkg-config --libs libcjson) -lz -lm -lpthread

CHECKS += $(B)/tests/test_cfctl
$(B)/san/tools/cfctl/test_cfctl.o: EXTRA_CFLAGS += -Wno-missing-field-initializers -Wno-format-nonliteral
$(B)/tests/test_cfctl: $(addprefix $(B)/san/,tools/cfctl/test_cfctl.o cfemu/tests/cf_fixture.o $(CF_ENGINE_SRC:.c=.o)) | $(B)/bin/cfctl
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $$(pkg-config --libs check libcjson)
