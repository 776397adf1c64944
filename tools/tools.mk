# Tools: sysplex, tuplecheck, cfctl.
include tools/tuplecheck/tuplecheck.mk
include tools/sysplex/sysplex.mk
include tools/cfctl/cfctl.mk
