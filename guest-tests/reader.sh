# The host side of reader.c: send 500 lines in one burst, then some odd ones; compare what the console shows.
before() {
    devices+=("000C 3505 $dir/reader.sock sockdev ascii trunc intrq")
    local n
    for ((n = 1; n <= 500; n++)); do printf 'LINE %d OF A BURST, lower case, []^|~\\{}!\n' $n; done >burst
    printf 'SECOND SENDER\n\n%080d\n%0100d\nEND\n' 8 9 >odd
}

send() {
    "$root/build/bin/card" reader.sock <burst
    "$root/build/bin/card" reader.sock <odd
}

quiet='ECHO |SPAM '
on_line() {
    case $1 in
    SEND) send & ;;
    'ECHO '*) echo "${1#ECHO }" >>echoed ;;
    'SPAM '*) echo "$1" >>spam ;;
    esac
}

after() {
    result cmp burst echoed -- "500 lines echoed on the console are those that were sent"
    for ((n = 1; n <= 2000; n++)); do echo "SPAM $n THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG"; done >expected
    result cmp expected spam -- "2000 console lines written at once all came out, in order"
}
