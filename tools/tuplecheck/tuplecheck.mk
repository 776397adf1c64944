# tuplecheck: reads captures, finds 4-tuples that two images had open at once.

TUPLECHECK_OBJECTS := $(addprefix tools/tuplecheck/,tuplecheck.o reader.o packet.o flow.o tally.o plot.o address.o roster.o report.o)
TUPLECHECK_LIBS := -lpcap -lcjson -lm
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

# As its user has it.
CHECKS += $(B)/tests/tuplecheck_live
$(B)/tests/tuplecheck_live: tools/tuplecheck/tests/tuplecheck_live.sh $(B)/bin/tuplecheck
	@mkdir -p $(@D)
	install -m 755 $< $@

# Its fuzz target: the corpus is a test, with gcc; make fuzz goes on from there, with clang.
TUPLECHECK_FUZZ_SRC := tools/tuplecheck/tests/capture_fuzz.c $(TUPLECHECK_OBJECTS:.o=.c)
CHECKS += $(B)/tests/capture_corpus
$(B)/tests/capture_corpus: $(B)/san/tools/fuzz/replay.o $(TUPLECHECK_FUZZ_SRC:%.c=$(B)/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(TUPLECHECK_LIBS)
FUZZERS += $(B)/fuzz/capture
$(B)/fuzz/capture: FUZZ_LIBS = $(TUPLECHECK_LIBS)
$(B)/fuzz/capture: $(TUPLECHECK_FUZZ_SRC) $(wildcard tools/tuplecheck/*.h tools/fuzz/*.h)
	$(FUZZ_LINK)
