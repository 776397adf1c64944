# Tools: sysplex, tuplecheck, cfctl, cfdash, bench.
include tools/tuplecheck/tuplecheck.mk
include tools/sysplex/sysplex.mk
include tools/cfctl/cfctl.mk
include tools/cfdash/cfdash.mk
include tools/bench/bench.mk

# The folders include each other downwards only.
CHECKS += tools/check/layers
