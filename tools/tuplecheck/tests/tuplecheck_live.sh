#!/usr/bin/env bash
# build/tests/tuplecheck_live: the program as its user has it: wrong usage, a file through a pipe, an interface watched live
# in a network namespace of its own, its capture judged again from the file. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
tuplecheck=$build/bin/tuplecheck
[ "${1:-}" = inside ] || exec unshare --net --mount-proc --pid --fork -- "$0" inside
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
tests=0 failed=0

result() { # condition description
    ((tests++))
    if (($1)); then echo "ok $tests - $2"; else ((failed++)); echo "not ok $tests - $2"; sed 's/^/# /' "$output"/{out,err,live.json} 2>/dev/null; fi
}

refuses() { # words of the message, arguments...
    local words=$1; shift
    "$tuplecheck" "$@" >"$output/out" 2>"$output/err"
    result $(($? == 64)) "refused: $*"
    grep -q -- "$words" "$output/err"; result $((!$?)) "  it says: $words"
}

refuses "expected a capture file, or -i"
refuses "expected an IP address" --dvipa 10.1.9 file
refuses "expected a number" --show many file
refuses "expected either files or -i" -i lo file
refuses "only with -i" --write x file
"$tuplecheck" "$output/nothing-here" >"$output/out" 2>&1
result $(($? == 2)) "a file that is not there: no verdict"
grep -q "nothing-here: No such file" "$output/out"; result $((!$?)) "  it says which file"
"$tuplecheck" -i nosuch0 >"$output/out" 2>&1
result $(($? == 2)) "an interface that is not there: no verdict"
grep -q "nosuch0" "$output/out"; result $((!$?)) "  it says which one"

for line in "02:00:00:00:00:03" "MVS3" "02:00:00:00:00:03 MVS3 x" "02:00:00:00:00:03@7-6" "02:00:00:00:03 MVS3"; do
    printf '# images\n\n02:00:00:00:00:01 MVS1\n%s\n' "$line" >"$output/images"
    "$tuplecheck" --images "$output/images" file >"$output/out" 2>"$output/err"
    result $(($? == 2)) "images: no verdict with the line $line"
    grep -qF "$output/images:4: $line: expected a MAC address and a name" "$output/err"; result $((!$?)) "  it says which line, and what was expected"
done
"$tuplecheck" --images "$output/nothing-here" file >"$output/out" 2>"$output/err"
result $(($? == 2)) "images that are not there: no verdict"

ip link set lo up
"$tuplecheck" -i lo -w "$output/lo.pcap" --json >"$output/live.json" 2>"$output/err" &
pid=$!
for ((i = 0; i < 200; i++)); do
    grep -q "watching lo" "$output/err" && break
    sleep 0.05
done
for ((i = 0; i < 3; i++)); do (exec 3<>/dev/tcp/127.0.0.1/9) 2>/dev/null; done
kill -INT $pid
wait $pid
result $(($? == 0)) "Ctrl-C ends a live capture with its verdict"
grep -q '"opened":[[:space:]]*3,' "$output/live.json"; result $((!$?)) "  it has seen three connections"
grep -q '"refused":[[:space:]]*3,' "$output/live.json"; result $((!$?)) "  and that they were refused"
"$tuplecheck" - <"$output/lo.pcap" >"$output/out" 2>&1
result $(($? == 0)) "what it kept is judged the same, from a pipe"
"$tuplecheck" --plot "$output/plot.svg" "$output/lo.pcap" >"$output/out" 2>&1 && grep -q "</svg>" "$output/plot.svg"
result $((!$?)) "and drawn"
rm -f "$output/plot.svg"
echo "1..$tests"
exit $((failed > 0))
