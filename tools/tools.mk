# Tools: sysplex, tuplecheck, cfctl, cfdash, bench.
include tools/tuplecheck/tuplecheck.mk
include tools/sysplex/sysplex.mk
include tools/cfctl/cfctl.mk
include tools/cfdash/cfdash.mk
include tools/bench/bench.mk

# The folders include each other downwards only.
CHECKS += tools/check/layers

# README.md does not rot.
CHECKS += $(B)/tests/readme_tour
$(B)/tests/readme_tour: tools/tests/readme_tour.sh README.md $(B)/bin/sysplex $(B)/bin/cfdash $(B)/bin/cfctl $(B)/bin/cfd $(B)/bin/egress $(B)/bin/tuplecheck \
		$(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@

# Nonsense for every tool.
CHECKS += $(B)/tests/wrong_input
$(B)/tests/wrong_input: tools/tests/wrong_input.sh $(addprefix $(B)/bin/,sysplex cfdash cfctl cfd egress sim tuplecheck) $(B)/lib/hdtcfs.so $(B)/guest/image.bin
	@mkdir -p $(@D)
	install -m 755 $< $@
