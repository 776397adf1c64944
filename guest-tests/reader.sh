# The host side of reader.c: send 500 lines in one burst, then some odd ones; compare what the console shows.
network=yes      # for each sender the emulator asks who 0.0.0.0 is: here no name server answers late
senders=4 decks=40
before() {
    devices+=("000C 3505 $dir/reader.sock sockdev ascii trunc intrq" "002C 3505 $dir/decks.sock sockdev ascii eof")
    local n
    for ((n = 1; n <= 500; n++)); do printf 'LINE %d OF A BURST, lower case, []^|~\\{}!\n' $n; done >burst
    printf 'SECOND SENDER\n\n%080d\n%0100d\nEND\n' 8 9 >odd
}

send() {
    "$root/build/bin/card" reader.sock <burst
    "$root/build/bin/card" reader.sock <odd
}

# send_decks SOCKET : one sender's decks after the other, all senders at once.
send_decks() {
    local s d
    for ((s = 0; s < senders; s++)); do
        for ((d = 0; d < decks; d++)); do
            printf "SENDER $s DECK $d CARD %d\n" 0 1 2 | "$root/build/bin/card" "$1"
        done &
    done
}

quiet='ECHO |SPAM '
on_line() {
    case $1 in
    SEND) send & ;;
    'SEND DECKS') send_decks reader.sock ;;
    'SEND DECKS WITH ENDS') send_decks decks.sock ;;
    'ECHO '*) echo "${1#ECHO }" >>echoed ;;
    'SPAM '*) echo "$1" >>spam ;;
    esac
}

after() {
    result cmp burst echoed -- "500 lines echoed on the console are those that were sent"
    for ((n = 1; n <= 2000; n++)); do echo "SPAM $n THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG"; done >expected
    result cmp expected spam -- "2000 console lines written at once all came out, in order"
}
