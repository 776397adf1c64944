# Tools: sysplex, tuplecheck, cfctl.
include tools/tuplecheck/tuplecheck.mk
