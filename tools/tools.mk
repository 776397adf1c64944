# Tools: sysplex, tuplecheck, cfctl, bench.
include tools/tuplecheck/tuplecheck.mk
include tools/sysplex/sysplex.mk
include tools/cfctl/cfctl.mk
include tools/bench/bench.mk
