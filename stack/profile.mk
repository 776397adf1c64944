# base, profile, sip, operator: sources for the image, objects and tests for the host.
STACK_PROFILE_SRC := stack/base/text.c stack/base/flow.c \
	$(addprefix stack/profile/profile, .c _lex.c _input.c _passed.c _net.c _port.c _vipa.c _distribute.c _source.c _change.c _query.c _display.c) \
	stack/sip/sip.c stack/operator/operator.c stack/operator/operator_flow.c \
	stack/operator/operator_profile.c
STACK_PROFILE_SAN := $(STACK_PROFILE_SRC:%.c=$(B)/san/%.o)

# tests, sanitized; each is one file, the console and the members
STACK_PROFILE_TESTS := $(B)/tests/text $(B)/tests/profile $(B)/tests/sip $(B)/tests/operator
CHECKS += $(STACK_PROFILE_TESTS)

$(STACK_PROFILE_TESTS): $(B)/tests/%: $(B)/san/stack/tests/%_test.o $(B)/san/stack/tests/console.o $(B)/san/stack/tests/members.o \
		$(STACK_PROFILE_SAN)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ -lcheck_pic -lrt -lm -lsubunit

$(B)/tests/sip: $(B)/san/stack/tests/flow_report.o

# The parser's fuzz target: its corpus is a test, with gcc; make fuzz goes on from there, with clang.
PROFILE_FUZZ_SRC := stack/fuzz/profile_fuzz.c stack/tests/members.c stack/tests/console.c $(STACK_PROFILE_SRC)
CHECKS += $(B)/tests/profile_corpus
$(B)/tests/profile_corpus: $(B)/san/tools/fuzz/replay.o $(PROFILE_FUZZ_SRC:%.c=$(B)/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^

FUZZERS += $(B)/fuzz/profile
$(B)/fuzz/profile: $(PROFILE_FUZZ_SRC) $(wildcard stack/profile/*.h stack/sip/*.h stack/base/*.h tools/fuzz/*.h)
	$(FUZZ_LINK)
