# cfctl: make, look at, check and remove coupling facilities.
PROGRAMS += $(B)/bin/cfctl
$(B)/bin/cfctl: $(addprefix $(B)/host/,tools/cfctl/cfctl.o tools/cfctl/display.o $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lm -lpthread

CHECKS += $(B)/tests/test_cfctl
$(B)/san/tools/cfctl/test_cfctl.o: EXTRA_CFLAGS += -Wno-missing-field-initializers -Wno-format-nonliteral
$(B)/tests/test_cfctl: $(addprefix $(B)/san/,tools/cfctl/test_cfctl.o cfemu/tests/cf_fixture.o $(CF_ENGINE_SRC:.c=.o)) | $(B)/bin/cfctl
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $(filter %.o,$^) $$(pkg-config --libs check)
