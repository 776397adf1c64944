# sysplex: boots the images and everything around them, and operates them.

SYSPLEX_OBJECTS := $(addprefix tools/sysplex/,main.o words.o incident.o operate.o status.o console.o logs.o client.o \
	supervise.o run.o summary.o report.o timeline.o html.o script.o \
	plex.o control.o service.o statistics.o events.o loop.o privilege.o requirements.o rundir.o segment.o network.o links.o server.o capture.o \
	image.o image_files.o hang.o command.o cards.o job.o definition.o process.o tell.o)
PROGRAMS += $(B)/bin/sysplex

$(B)/bin/sysplex: $(addprefix $(B)/host/,$(SYSPLEX_OBJECTS) $(TUPLECHECK_OBJECTS) $(CF_ENGINE_SRC:.c=.o) $(CF_POLICY_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TUPLECHECK_LIBS) -lreadline -lpthread

CHECKS += $(B)/tests/test_sysplex $(B)/tests/sysplex_leaves_nothing

$(B)/tests/test_sysplex: $(addprefix $(B)/san/tools/sysplex/,definition.o job.o incident.o html.o tests/test_sysplex.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ -lcheck -lsubunit -lm -lrt -lpthread

# A script that runs what the build made: its copy beside the other tests is made anew when one of these changes.
$(B)/tests/sysplex_leaves_nothing: tools/sysplex/tests/sysplex_leaves_nothing.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/sysplex_operates

$(B)/tests/sysplex_operates: tools/sysplex/tests/sysplex_operates.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/sysplex_definitions

$(B)/tests/sysplex_definitions: tools/sysplex/tests/sysplex_definitions.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# Everything together.
CHECKS += $(B)/tests/run_end_to_end

$(B)/tests/run_end_to_end: tools/tests/run_end_to_end.sh $(B)/bin/sysplex $(B)/bin/tuplecheck $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/story_end_to_end

$(B)/tests/story_end_to_end: tools/tests/story_end_to_end.sh $(B)/bin/sysplex $(B)/bin/cfdash $(B)/bin/tuplecheck $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/cfloss_end_to_end

$(B)/tests/cfloss_end_to_end: tools/tests/cfloss_end_to_end.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/flow_end_to_end

$(B)/tests/flow_end_to_end: tools/tests/flow_end_to_end.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

CHECKS += $(B)/tests/keepers_end_to_end

$(B)/tests/keepers_end_to_end: tools/tests/keepers_end_to_end.sh $(B)/bin/sysplex $(B)/bin/tuplecheck $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# Systems that are killed, hang, or are removed, in real images.
CHECKS += $(B)/tests/xcf_end_to_end
$(B)/tests/xcf_end_to_end: tools/tests/xcf_end_to_end.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# A system over links to the coupling facilities, in real images.
CHECKS += $(B)/tests/remote_end_to_end
$(B)/tests/remote_end_to_end: tools/tests/remote_end_to_end.sh $(B)/bin/sysplex $(B)/bin/cfd $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# The life of DVIPAs and the distribution of connections in real images.
CHECKS += $(B)/tests/vipa_end_to_end
$(B)/tests/vipa_end_to_end: tools/tests/vipa_end_to_end.sh $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# Every operator command, in real images. plant_leak does to a coupling facility what a stack does that dies at the wrong moment.
$(B)/tests/plant_leak: $(addprefix $(B)/host/,tools/tests/plant_leak.o $(sort $(STACK_HOST_SRC:.c=.o)))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lpthread

CHECKS += $(B)/tests/operator_end_to_end
$(B)/tests/operator_end_to_end: tools/tests/operator_end_to_end.sh $(B)/tests/plant_leak $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# The operator's console on a terminal.
$(B)/tests/terminal: $(B)/host/tools/tests/terminal.o
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lutil

CHECKS += $(B)/tests/sysplex_console
$(B)/tests/sysplex_console: tools/sysplex/tests/sysplex_console.sh $(B)/tests/terminal $(B)/bin/sysplex $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@
