# The coupling facility engine. Others link it as $(CF_ENGINE_SRC:%.c=$(B)/host/%.o), or /san/ in tests, or /pic/ in a module.
CF_ENGINE_SRC := $(addprefix cfemu/engine/, \
	cf_segment.c cf_undo.c cf_element.c cf_entry.c cf_connect.c cf_life.c cf_list.c cf_lock.c cf_locktable.c cf_rdata.c \
	cf_notify.c cf_message.c cf_duplex.c cf_rebuild.c cf_check.c)
CF_ENGINE_SRC += $(addprefix cfemu/engine/,cf_condition.c cf_list_move.c cf_list_multi.c cf_lcontrols.c cf_sublist.c)

CF_ENGINE_SRC += cfemu/engine/cf_snapshot.c cfemu/engine/cf_look.c
CF_ENGINE_SRC += cfemu/engine/cf_fence.c cfemu/engine/cf_alter.c cfemu/engine/cf_active.c cfemu/engine/cf_display.c

# CFRM policies as text: host code, for cfctl and sysplex.
CF_POLICY_SRC := cfemu/policy/cf_policy.c

# gcc clears blocks of some hundred bytes, such as an answer, by rep stos, whose start is a tenth of a command.
ifeq ($(shell uname -m),x86_64)
$(foreach kind,host pic,$(CF_ENGINE_SRC:%.c=$(B)/$(kind)/%.o)): EXTRA_CFLAGS += -mmemset-strategy=unrolled_loop:512:noalign,libcall:-1:noalign
endif

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC $(EXTRA_CFLAGS) -c -o $@ $<

-include $(shell find $(B)/pic -name '*.d' 2>/dev/null)

# Sanitized engine objects have the steps at which tests let a process die (cf_undo.h).
$(CF_ENGINE_SRC:%.c=$(B)/san/%.o): EXTRA_CFLAGS += -DCF_CRASH_HOOK

include cfemu/link/link.mk

BENCHES += $(B)/bench/cf_bench
$(B)/bench/cf_bench: $(addprefix $(B)/host/,cfemu/bench/cf_bench.o $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lpthread

BENCHES += $(B)/bench/limits_bench
$(B)/bench/limits_bench: $(addprefix $(B)/host/,cfemu/bench/limits_bench.o cfemu/bench/cf_scale.o $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lpthread

CF_TESTS := test_cf_commands test_cf_crash test_cf_duplex test_cf_rebuild test_cf_life test_cf_lists test_cf_locks test_cf_link
CF_TESTS += test_cf_alter test_cf_policy test_cf_limits test_cf_fence
CHECKS += $(CF_TESTS:%=$(B)/tests/%)
$(CF_TESTS:%=$(B)/tests/%): $(B)/tests/%: $(B)/san/cfemu/tests/%.o \
		$(addprefix $(B)/san/,cfemu/tests/cf_fixture.o cfemu/tests/cf_link_fixture.o $(CF_LINK_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(CF_LINK_LIBS) $$(pkg-config --libs check)
# Tables name the fields that matter.
$(CF_TESTS:%=$(B)/san/cfemu/tests/%.o): EXTRA_CFLAGS += -DCF_CRASH_HOOK -Wno-missing-field-initializers

$(addprefix $(B)/tests/,test_cf_crash test_cf_duplex test_cf_rebuild test_cf_alter): $(B)/san/cfemu/tests/cf_crash.o

CF_SOAK := $(addprefix $(B)/san/cfemu/tests/,cf_soak.o cf_soak_work.o cf_soak_users.o)
$(B)/tests/test_cf_crash: $(CF_SOAK)
$(B)/tests/test_cf_link: | $(B)/bin/cfd
$(B)/tests/test_cf_limits: $(B)/san/cfemu/bench/cf_scale.o

# The same for as long as one likes: make soak.
$(CF_SOAK): EXTRA_CFLAGS += -DCF_CRASH_HOOK -Wno-missing-field-initializers
$(B)/tests/soak: $(CF_SOAK) $(addprefix $(B)/san/,cfemu/tests/soak.o cfemu/tests/cf_fixture.o cfemu/tests/cf_link_fixture.o \
		$(CF_LINK_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o))
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(CF_LINK_LIBS) $$(pkg-config --libs check)

# Fuzz targets: cfemu/fuzz/NAME_fuzz.c, its corpus cfemu/fuzz/corpus/NAME. The corpus is a test, with gcc; make fuzz goes on
# from there, with clang.
CF_FUZZ := $(patsubst cfemu/fuzz/%_fuzz.c,%,$(wildcard cfemu/fuzz/*_fuzz.c))
CF_FUZZED_SRC := $(CF_ENGINE_SRC) $(CF_LINK_SRC) $(CF_POLICY_SRC)
CHECKS += $(CF_FUZZ:%=$(B)/tests/%_corpus)
$(CF_FUZZ:%=$(B)/tests/%_corpus): $(B)/tests/%_corpus: $(B)/san/cfemu/fuzz/%_fuzz.o $(B)/san/tools/fuzz/replay.o $(CF_FUZZED_SRC:%.c=$(B)/san/%.o)
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) -o $@ $^ $(CF_LINK_LIBS)

FUZZERS += $(CF_FUZZ:%=$(B)/fuzz/%)
$(CF_FUZZ:%=$(B)/fuzz/%): FUZZ_LIBS = $(CF_LINK_LIBS)
$(CF_FUZZ:%=$(B)/fuzz/%): $(B)/fuzz/%: cfemu/fuzz/%_fuzz.c $(CF_FUZZED_SRC) $(wildcard cfemu/*/*.h tools/fuzz/*.h)
	$(FUZZ_LINK)

$(B)/tests/test_cf_policy: $(CF_POLICY_SRC:%.c=$(B)/san/%.o)
