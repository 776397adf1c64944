#!/usr/bin/env bash
# build/tests/run_end_to_end: a Sysplex of three systems (config/threeway.conf): with cluster-wide ports in blocks and one by one, without
# them, and with an image killed in the middle of its job. What the summaries (--json) say is checked, and that tuplecheck
# says the same of the captures. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
threeway=$(cd "$build/../config" && pwd)/threeway.conf
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
tests=0 failed=0 name=

check() { # description command...
    local what=$1
    shift
    ((tests++))
    if "$@"; then
        echo "ok $tests - $name: $what"
    else
        ((failed++))
        echo "not ok $tests - $name: $what"
        printf '# %s\n' "$*"
        sed 's/^/# /' "$output/$name.err" | tail -n 30
        sed -n '/"reasons"/,/\],$/s/^/# /p' "$output/$name.json"
    fi
}

# run NAME OPTION...: boot, run, leave the summary in $output/NAME.json.
run() {
    name=$1
    shift
    "$build/bin/sysplex" run --json "$@" >"$output/$name.json" 2>"$output/$name.err"
    code=$?
}

# A value of the summary itself (one tab deep); of each image (three deep).
value() { sed -n "s/^\t\"$1\":\t\"\{0,1\}\([^\",]*\).*/\1/p" "$output/$name.json"; }
of_images() { sed -n '/^\t"images"/,/^\t\t*}\],\{0,1\}$/'"s/^\t\t*\"$1\":\t\"\{0,1\}\([^\",]*\).*/\1/p" "$output/$name.json"; }
is() { [[ $(value "$1") == "$2" ]]; }
at_least() { (($(value "$1") >= $2)); }
images_at_least() {
    local v
    for v in $(of_images "$1"); do ((v >= $2)) || return; done
    [[ -n $(of_images "$1") ]]
}
tuplecheck_says() {
    "$build/bin/tuplecheck" --dvipa 10.1.9.1 "$(value capture)" >"$output/tuplecheck"
    [[ $? == "$1" ]]
}
nothing_left() { [[ -n $(value cf_segment) && ! -e /dev/shm/$(value cf_segment) ]]; }

sound() {
    check "the coupling facility is valid" is cf_findings 0
    check "the capture lost nothing" is capture_dropped 0
    echo "# images ready after $(of_images ready_ms | tr '\n' ' ')ms, all took $(value all_ms) ms"
    check "no shared memory is left" nothing_left
}

whole() { # of three images: every connection answered, none shared
    check "the exit code says as expected" test "$code" = 0
    check "6000 connections" is connections 6000
    check "all of them answered" is answered 6000
    check "none failed" is failed 0
    check "no collision" is collisions 0
    check "each image had 1000 open at once" images_at_least peak_open 1000
    check "tuplecheck says unique of the capture" tuplecheck_says 0
    sound
}

run on "$threeway"
whole
run one-by-one --clusterports=1 "$threeway"
whole

run off --clusterports=off "$threeway"
check "the exit code says as expected" test "$code" = 0
check "there are collisions" at_least collisions 1
check "there are broken connections" at_least failed 1
check "tuplecheck says collision of the capture" tuplecheck_says 1
sound

run kill --kill MVS3@30% "$threeway"
check "the exit code says as expected" test "$code" = 0
check "the image was killed" grep -q '"state":.*"killed"' "$output/kill.json"
check "the jobs of the two others ended" test "$(of_images job_ended | grep -c true)" = 2
check "4000 connections or more answered" at_least answered 4000
check "no collision" is collisions 0
sound

name=mistake
echo "NONSENSE" >"$output/mistake.conf"
run mistake "$output/mistake.conf"
check "a definition that is wrong is refused" test "$code" = 2
check "line and expectation are told" grep -q 'mistake.conf:1: NONSENSE: expected' "$output/mistake.err"

echo "1..$tests"
exit $((failed > 0))
