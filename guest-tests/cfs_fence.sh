source guest-tests/cfs.sh

fenced=0
on_line() {
    case $1 in
    '# DAMAGE') "$root/build/tests/cfs_hold" damage "$segment" GUESTTEST 300 & ;;
    'CFS008E 0F00: coupling facility '*': assertion failed at cfemu/engine/'*) ((fenced++)) ;;
    esac
}

after() {
    result test $fenced = 1 -- "one message says where and what"
    result "$root/build/tests/cfs_segment" check "$segment" -- "the coupling facility is valid afterwards"
}
