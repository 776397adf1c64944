#!/usr/bin/env bash
# build/tests/sysplex_definitions: the definitions in config that no other test runs: 32 systems, ports that
# run out, applications that connect to each other. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
config=$(cd "$build/../config" && pwd)
output=$(mktemp -d)
name=definitions-$$
trap '"$build/bin/sysplex" down --force --name "$name" >/dev/null 2>&1; rm -rf "$output"' EXIT
tests=0 failed=0

check() { # description command...
    local what=$1
    shift
    ((tests++))
    if "$@"; then
        echo "ok $tests - $what"
        return
    fi
    ((failed++))
    echo "not ok $tests - $what"
    sed 's/^/# /' "$output/out" "$output/err" | tail -n 40
}
# run DEFINITION OPTION...: its run directory in $run.
run() {
    local definition=$1
    shift
    "$build/bin/sysplex" run --name "$name" "$@" "$config/$definition.conf" >"$output/out" 2>"$output/err"
    code=$?
    run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
}
sum() { # keyword=N of the messages that match
    grep -h -- "$2" "$run"/*.console | sed -n "s/.* $1=\([0-9]*\).*/\1/p" | awk '{ n += $1 } END { print n + 0 }'
}

run exhaustion
check "exhaustion: its story is told to the end" test $code = 0
answered=$(sum ANSWERED 'CFS101I APPA')
check "exhaustion: every port is in use once, or again when it has rested" test "$answered" -ge 1024
check "exhaustion: there are connections that get none" test "$answered" -lt 1400
check "exhaustion: these are told so" test "$(sum COUNT 'CFS102I APPA FAILURE EADDRNOTAVAIL')" = $((1400 - answered))
check "exhaustion: the operator is warned" grep -q 'EZD1296I PORTS OF DVIPA 10.1.9.1 ARE NEARLY EXHAUSTED' "$run/operlog"

run paired
check "paired: its story is told to the end" test $code = 0
check "paired: each has answered the other" test "$(sum ANSWERED 'CFS115I')/$(sum SERVED 'CFS115I')" = 40/40

"$build/bin/sysplex" up --name "$name" "$config/32way.conf" >"$output/out" 2>"$output/err"
check "32 systems: up" test $? = 0
check "32 systems: ready within 60 s" test "$(sed -n 's/.*sysplex ready after \([0-9]*\).*/\1/p' "$output/out")" -lt 60
"$build/bin/sysplex" cmd --name "$name" all D TCPIP,,NETSTAT,HOME >"$output/out" 2>"$output/err"
check "32 systems: each has an address of its own" test "$(grep -oE '10\.1\.1\.[0-9]+' "$output/out" | sort -u | wc -l)" = 32
"$build/bin/sysplex" down --name "$name" >"$output/out" 2>"$output/err"
check "32 systems: down" test $? = 0

echo "1..$tests"
exit $((failed > 0))
