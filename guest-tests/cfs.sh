# The host side of a guest test with a coupling facility: a CF of its own, which two CFS devices reach, and which must be
# valid at the end. Read by the cfs_*.sh files.

segment=gt$$.CF01
statements=("MODPATH $root/build/lib")
devices=("0F00 CFS $segment" "0F01 CFS $segment SYSTEM=MVS2")

before() { "$root/build/bin/cfctl" create "$segment" CF01 16M >/dev/null; }
after() { result "$root/build/bin/cfctl" check "$segment" -- "the coupling facility is valid afterwards"; }
cleanup() { "$root/build/bin/cfctl" remove "$segment" >/dev/null; }
