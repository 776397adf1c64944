# A Parallel Sysplex on one Linux machine. `make help` lists what there is.
#
# Everything is built under build/. Each folder's own .mk file adds to the lists below:
#   PROGRAMS   host programs, build/bin/NAME
#   MODULES    the Hercules plugin
#   GUESTS     programs that IPL under Hercules, build/guest/NAME.bin
#   CHECKS     tests: programs or scripts that write TAP (Test Anything Protocol) to standard output
#   BENCHES    benchmarks
#   FUZZERS    fuzz targets, build/fuzz/NAME, built with clang; their corpora are FOLDER/fuzz/corpus/NAME
# and gives the rules that link them. Objects come from three pattern rules: host, host with sanitizers, guest.

SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
# A line for each object; V=1 shows the commands.
ifndef V
.SILENT:
endif
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

B := build
HERCULES_SRC := $(B)/src/hercules
LWIP_SRC := $(B)/src/lwip

PROGRAMS :=
MODULES :=
GUESTS :=
CHECKS :=
BENCHES :=
FUZZERS :=

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wconversion -Werror
CPPFLAGS := -I. -D_GNU_SOURCE -MMD -MP
CC := gcc
CFLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing $(WARNINGS)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

GUEST_CC := s390x-linux-gnu-gcc
GUEST_OBJCOPY := s390x-linux-gnu-objcopy
GUEST_CPPFLAGS := -I. -MMD -MP
# What Hercules 3.13 runs fastest: z9-109 has long displacement and FLOGR; of the z10's and later, ROTATE THEN INSERT (RISBG), which
# the compiler likes, costs it as much as twenty others.
GUEST_CFLAGS := -std=gnu11 -O2 -g -march=z9-109 -ffreestanding -nostdlib -msoft-float -fno-pic -no-pie -fno-strict-aliasing \
	-fno-delete-null-pointer-checks -fno-stack-protector -fno-asynchronous-unwind-tables $(WARNINGS)

include cfemu/cfemu.mk
include herc-device/herc-device.mk
include stack/stack.mk
include guest-tests/guest-tests.mk
include tools/tools.mk

.PHONY: all build help setup run check bench clean

# The set-up must be complete before anything is compiled; the second make sees what it brought.
all: setup
	@$(MAKE) build

build: $(PROGRAMS) $(MODULES) $(GUESTS)

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

## make run             set up, build, boot the Sysplex, run the applications, verify the capture, tell the result
##   CLUSTERPORTS=off   the same without cluster-wide port assignment: shows the collisions it prevents
##   CLUSTERPORTS=1     ports one at a time, each a trip to the coupling facility: the patent to the letter
run: all
	@$(B)/bin/sysplex run $(if $(CLUSTERPORTS),--clusterports=$(CLUSTERPORTS)) $(RUN_OPTIONS)

## make check           set up, build, run every test; last line: N passed, N failed
check: all
	@$(MAKE) build-checks
	@tools/check/run $(CHECKS)

.PHONY: build-checks
build-checks: $(CHECKS)

## make bench           benchmarks: what the budgets of the design say, and what this machine measured, in nanoseconds or as the heading says
##   PEERS=1            and what Redis needs for the same work on this machine
bench: all
	@$(MAKE) $(BENCHES)
	@for b in $(BENCHES); do $$b || exit 1; done

## make fuzz            feed the parsers with chance, FUZZ_SECONDS (60) each; what is new in coverage stays in build/fuzz/corpus
FUZZ_SECONDS := 60
.PHONY: fuzz
fuzz: setup
	@command -v $(FUZZ_CC) >/dev/null || { echo "make fuzz: $(FUZZ_CC) is missing; type: sudo apt-get install clang libclang-rt-14-dev" >&2; exit 1; }
	@$(MAKE) $(FUZZERS)
	@for f in $(FUZZERS); do tools/fuzz/run $$f $(FUZZ_SECONDS) || exit 1; done

FUZZ_CC := clang
define FUZZ_LINK
	@mkdir -p $(@D)
	@echo "  FUZZ    $(@:$(B)/%=%)"
	$(FUZZ_CC) -I. -D_GNU_SOURCE -std=gnu11 -g -O2 -fno-strict-aliasing -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $(filter %.c,$^) $(FUZZ_LIBS)
endef

## make soak            coupling facility under load with processes killed all the time, SOAK_SECONDS (60)
SOAK_SECONDS := 60
.PHONY: soak
soak: all
	@$(MAKE) $(B)/tests/soak
	@$(B)/tests/soak $(SOAK_SECONDS)

## make soak-sysplex    five systems that connect all the time, while the owner of an address, its backup and the coupling facilities
##                      fail in turn, SOAK_SECONDS (60); SOAK_RATE (2000) connections a second in all
SOAK_RATE := 2000
.PHONY: soak-sysplex
soak-sysplex: all
	@tools/tests/soak_sysplex $(SOAK_SECONDS) $(SOAK_RATE)

## make setup           install what is missing, bring the sources of Hercules and lwIP; nothing to do when done
setup:
	@tools/setup/setup

## make clean           remove what was built; keeps the sources that setup brought
clean:
	rm -rf $(B)/bin $(B)/host $(B)/san $(B)/pic $(B)/herc $(B)/guest $(B)/tests $(B)/lib $(B)/include $(B)/bench $(B)/fuzz

# --- objects -------------------------------------------------------------------------------------------------------

$(B)/host/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $(@:$(B)/%=%)"
	$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTRA_CFLAGS) -c -o $@ $<

$(B)/san/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $(@:$(B)/%=%)"
	$(CC) $(CPPFLAGS) $(CFLAGS) $(SANITIZE) $(EXTRA_CFLAGS) -c -o $@ $<

$(B)/guest/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $(@:$(B)/%=%)"
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) $(EXTRA_CFLAGS) -c -o $@ $<

$(B)/guest/%.o: %.S
	@mkdir -p $(@D)
	@echo "  CC      $(@:$(B)/%=%)"
	$(GUEST_CC) $(GUEST_CPPFLAGS) $(GUEST_CFLAGS) -c -o $@ $<

-include $(shell find $(B)/host $(B)/san $(B)/guest -name '*.d' 2>/dev/null)
