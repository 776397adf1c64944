# sysplex: boots the images and everything around them.

SYSPLEX_OBJECTS := $(addprefix tools/sysplex/,run.o summary.o requirements.o rundir.o segment.o network.o server.o capture.o \
	image.o job.o definition.o process.o tell.o)
PROGRAMS += $(B)/bin/sysplex

$(B)/bin/sysplex: $(addprefix $(B)/host/,tools/sysplex/main.o $(SYSPLEX_OBJECTS) $(TUPLECHECK_OBJECTS) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TUPLECHECK_LIBS) -lpthread
