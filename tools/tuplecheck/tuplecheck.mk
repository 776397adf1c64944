# tuplecheck: reads captures, finds 4-tuples that two images had open at once.

TUPLECHECK_OBJECTS := $(addprefix tools/tuplecheck/,tuplecheck.o reader.o packet.o flow.o tally.o report.o)
TUPLECHECK_LIBS := -lpcap -lcjson
PROGRAMS += $(B)/bin/tuplecheck

$(B)/bin/tuplecheck: $(addprefix $(B)/host/,$(TUPLECHECK_OBJECTS) tools/tuplecheck/main.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TUPLECHECK_LIBS)

TUPLECHECK_TEST_OBJECTS := $(addprefix tools/tuplecheck/tests/,script.o golden.o)
CHECKS += $(B)/tests/test_tuplecheck
BENCHES += $(B)/bench/tuplecheck

$(B)/tests/test_tuplecheck: $(addprefix $(B)/san/,$(TUPLECHECK_OBJECTS) $(TUPLECHECK_TEST_OBJECTS) tools/tuplecheck/tests/test_tuplecheck.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(TUPLECHECK_LIBS) -lcheck -lsubunit -lm -lrt -lpthread

$(B)/bench/tuplecheck: $(addprefix $(B)/host/,$(TUPLECHECK_OBJECTS) $(TUPLECHECK_TEST_OBJECTS) tools/tuplecheck/tests/bench_tuplecheck.o)
	@mkdir -p $(@D)
	$(CC) -o $@ $^ $(TUPLECHECK_LIBS)
