#!/usr/bin/env bash
# The client outside of the Sysplex, for scripts of operator commands (outside:). NAME is that of files in TMPDIR.
#   hold NAME ADDRESS PORT SYSTEM   open a connection that SYSTEM serves, in the background, until go
#   go NAME                         ask again on that connection, and close it; prints who answered, or "reset"
#   loop NAME URL SECONDS           ask in a loop, in the background; a new connection each time, 30 at least
#   gap NAME                        wait for its end; prints how many were answered, and the longest time without an answer
set -u
what=$1 file=${TMPDIR:-/tmp}/$2

ask() { # on descriptor 3; the line of the page that tells who serves
    local line
    printf 'GET / HTTP/1.1\r\nHost: sysplex\r\n\r\n' >&3 || return 1
    while IFS= read -r -t 10 line <&3; do
        [[ $line == *" on "*" at "* ]] && page=$line && return 0
    done
    return 1
}

wait_for() { # file
    for ((i = 0; i < 1200; i++)); do
        [[ -e $1 ]] && return 0
        sleep 0.05
    done
    return 1
}

hold() { # address port system
    trap '' PIPE                # a request goes out in parts: the first may be answered by a reset
    for ((try = 0; try < 20; try++)); do
        exec 3<>"/dev/tcp/$1/$2" && ask && [[ $page == *" on $3 "* ]] && break
        exec 3>&-
    done
    echo "$page" >"$file.ready"
    wait_for "$file.go" || exit 1
    if ask; then echo "$page"; else echo reset; fi >"$file.answer"
    exec 3>&-
    mv "$file.answer" "$file.result"
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

loop() { # url seconds
    local last now gap=0 count=0 end
    last=$(milliseconds) end=$((last + $2 * 1000))
    # A busy machine takes longer for what shows that it is answered before and after.
    while now=$(milliseconds) && ((now < end || (count < 30 && now < end + 60000))); do
        curl -sf --connect-timeout 0.25 -m 0.5 "$1" >"$file.page" || continue
        now=$(milliseconds)
        ((now - last > gap)) && gap=$((now - last))
        last=$now
        ((count++))
    done
    ((now - last > gap)) && gap=$((now - last))
    echo "$count answered, longest gap $gap ms" >"$file.sum"
    mv "$file.sum" "$file.result"
}

case $what in
hold) hold "$3" "$4" "$5" 2>/dev/null & wait_for "$file.ready" ;;
go) touch "$file.go" && wait_for "$file.result" && cat "$file.result" ;;
loop) loop "$3" "$4" & ;;
gap) wait_for "$file.result" && cat "$file.result" ;;
*) exit 2 ;;
esac
