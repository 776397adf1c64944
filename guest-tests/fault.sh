# The host side of fault.c: what the console shows and in which wait state the image ends, for each kind of fault.
parm="$parm FAULT=$variant"
quiet=.

case $variant in
program)   wait_code=019; expected='PROGRAM CHECK, CODE 0000000000000001, WAIT STATE 019' ;;
recursive) wait_code=014; expected= ;;
svc)       wait_code=F01; expected='UNEXPECTED SVC, CODE 000000000000004D, WAIT STATE F01' ;;
assertion) wait_code=F03; expected='ASSERTION FAILED, guest-tests/fault.c LINE [0-9]*: 1 + 1 == 3, WAIT STATE F03' ;;
stack)     wait_code=F03; expected='ASSERTION FAILED, stack/image/loop.c LINE [0-9]*: stack_bottom == STACK_MARK' ;;
restart)   wait_code=F02; expected='RESTART, CODE 0000000000000000, WAIT STATE F02' ;;
return)    wait_code=F04; expected= ;;
esac

on_line() {
    echo "$1" >>console
    [[ $1 == '# RESTART' ]] && echo restart >&7
}

shown() { cat console; grep -q "$1" console; }

after() {
    result test "$ended" = $wait_code -- "$variant: the image ends in wait state $wait_code"
    [[ -z $expected ]] && return
    result shown "$expected" -- "$variant: the reason is on the console"
    result shown '^GR12 [0-9A-F]* [0-9A-F]* [0-9A-F]* [0-9A-F]*$' -- "$variant: so are the registers"
    [[ $variant != program ]] && return
    result shown '^PSW  0004[0-3]00180000000 00000000000[0-9A-F]*$' -- "$variant: so is the PSW"
    result shown '^GR08 0123456789ABCDEF FEDCBA9876543210 ' -- "$variant: the registers are those of the program"
}
