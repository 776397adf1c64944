# tuplecheck: reads captures, finds 4-tuples that two images had open at once.

TUPLECHECK_OBJECTS := $(addprefix tools/tuplecheck/,tuplecheck.o reader.o packet.o flow.o tally.o report.o)
TUPLECHECK_LIBS := -lpcap -lcjson
PROGRAMS += $(B)/bin/tuplecheck

$(B)/bin/tuplecheck: $(addprefix $(B)/host/,$(TUPLECHECK_OBJECTS) tools/tuplecheck/main.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TUPLECHECK_LIBS)
