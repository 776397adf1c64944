# The host side of a guest test with a coupling facility: a CF of its own, which two CFS devices reach, and which must be
# valid at the end. Read by the cfs_*.sh files.

segment=gt$$.CF01
statements=("MODPATH $root/build/lib")
devices=("0F00 CFS $segment" "0F01 CFS $segment SYSTEM=MVS2")

before() { "$root/build/tests/cfs_segment" create "$segment" CF01 16 >/dev/null; }
after() { result "$root/build/tests/cfs_segment" check "$segment" -- "the coupling facility is valid afterwards"; }
cleanup() { "$root/build/tests/cfs_segment" remove "$segment" >/dev/null; }
