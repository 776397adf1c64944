# libclusterports.a: the ports of the stack extension for Linux programs. One object, of which only the API is visible; the
# header and a pkg-config file stand beside it.
NATIVE_OBJ := $(patsubst %.c,$(B)/pic/%.o,$(addprefix stack/native/,clusterports.c rest.c) $(STACK_XES_SRC) $(STACK_XCF_SRC) \
	$(STACK_CLP_SRC) stack/recovery/recovery.c stack/base/text.c stack/base/flow.c stack/platform/host.c $(CF_ENGINE_SRC) \
	$(CF_CLIENT_SRC))
NATIVE := $(B)/lib/libclusterports.a $(B)/include/clusterports.h $(B)/lib/pkgconfig/clusterports.pc
NATIVE_FLAGS := $$(PKG_CONFIG_PATH=$(B)/lib/pkgconfig pkg-config --cflags --libs clusterports)

$(B)/lib/libclusterports.a: $(NATIVE_OBJ)
	@mkdir -p $(@D)
	@echo "  LIB     $(@:$(B)/%=%)"
	rm -f $@
	ld -r -o $(B)/pic/clusterports.o $^
	objcopy --wildcard --keep-global-symbol='clusterports_*' $(B)/pic/clusterports.o
	ar rcs $@ $(B)/pic/clusterports.o

$(B)/include/clusterports.h: stack/native/clusterports.h
	@mkdir -p $(@D)
	cp $< $@

$(B)/lib/pkgconfig/clusterports.pc: stack/native/clusterports.pc
	@mkdir -p $(@D)
	cp $< $@

# The example, built as a user would: by pkg-config.
PROGRAMS += $(B)/bin/egress
$(B)/bin/egress: stack/native/example/egress.c $(NATIVE)
	@mkdir -p $(@D)
	@echo "  CC      $(@:$(B)/%=%)"
	$(CC) $(CFLAGS) -o $@ $< $(NATIVE_FLAGS)

# Against the library as it is shipped; the coupling facility that the test makes and serves is linked beside it.
CHECKS += $(B)/tests/native
$(B)/tests/native: $(addprefix $(B)/host/,stack/native/native_test.o $(CF_LINK_SRC:.c=.o) $(CF_ENGINE_SRC:.c=.o)) $(NATIVE)
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(NATIVE_FLAGS) -lcheck -lsubunit -lm -lrt

BENCHES += $(B)/bench/native_bench
$(B)/bench/native_bench: $(addprefix $(B)/host/,stack/bench/native_bench.o $(CF_ENGINE_SRC:.c=.o)) $(NATIVE)
	@mkdir -p $(@D)
	$(CC) -o $@ $(filter %.o,$^) $(NATIVE_FLAGS)
