# The host side of deck.c: the deck.
before() {
    devices+=("001C 3505 $dir/deck ascii eof")
    local n
    {
        printf '; A PROFILE  \n%080d\n%081d\n%0300d\n\tTABS\n' 1 2 3
        for ((n = 1; n < 1000; n++)); do echo "CARD $n"; done
        printf 'CARD 1000'
    } >deck
}
messages=0
on_line() { [[ $1 == 'READER 001C: CARD '[34]' HAS MORE THAN 80 COLUMNS, IGNORED' ]] && ((messages++)); }
after() { result test $messages == 2 -- "the operator is told which cards were too long"; }
