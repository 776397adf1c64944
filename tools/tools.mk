# Tools: sysplex, tuplecheck, cfctl.
