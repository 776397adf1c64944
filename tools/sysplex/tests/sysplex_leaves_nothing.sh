#!/usr/bin/env bash
# build/tests/sysplex_leaves_nothing: however `sysplex run` ends, nothing of it stays: no process, no network namespace, no shared
# memory. Interrupted with Ctrl-C and SIGTERM while it waits for images that never become ready; and killed with SIGKILL,
# after which the next run or `sysplex clean` removes the coupling facility. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
tree=$(mktemp -d)
pid=

cleanup() {
    [[ -n $pid ]] && kill -KILL "$pid" 2>/dev/null
    [[ -x $tree/build/bin/sysplex ]] && "$tree/build/bin/sysplex" clean >/dev/null 2>&1
    rm -rf "$tree"
}
trap cleanup EXIT

check() { # description command...
    local what=$1
    shift
    ((tests++))
    if "$@"; then
        echo "ok $tests - $what"
    else
        ((failed++))
        echo "not ok $tests - $what"
        echo "# output of the run:"
        sed 's/^/# /' "$tree/output" 2>/dev/null
    fi
}

# A build of its own: the program finds its surroundings from where it is. Its images wait, enabled, for ever.
mkdir -p "$tree"/build/{bin,lib,guest} "$tree/config/deck"
cp "$build/bin/sysplex" "$tree/build/bin/"
cp "$build/lib/hdtcfs.so" "$tree/build/lib/"
printf '\003\012\000\000\000\000\000\000' >"$tree/build/guest/image.bin"
echo "; nothing" >"$tree/config/deck/profile"
cat >"$tree/config/fig6.conf" <<END
SYSPLEX TESTPLEX
CF CF01
  SIZE 4M
SERVER 10.1.0.100/16
  PORT 80
JOB CONNGEN
  PROGRAM CONNGEN
  CONNECTIONS 10
  HOLD 5
  SOURCE 10.1.9.1
SYSTEM MVS1
  NUMBER 1
  PROFILE deck/profile
SYSTEM MVS2
  NUMBER 2
  PROFILE deck/profile
END
cd "$tree" || exit 1

# Processes that run in the tree, other than this script: all of a run's do.
processes() {
    local cwd
    for cwd in /proc/[0-9]*/cwd; do
        [[ $(readlink "$cwd") == "$tree"* && $cwd != /proc/$$/cwd && $cwd != /proc/$BASHPID/cwd ]] && echo "$cwd"
    done
}
no_processes() {
    for _ in {1..1200}; do
        [[ -z $(processes) ]] && return
        sleep 0.05
    done
    processes | sed 's/^/# still there: /'
    return 1
}
namespaces() { readlink $(processes | sed 's/cwd$/ns\/net/') | sort -u; }
# A process that is ending has left its folder before its namespaces.
namespace_gone() {
    for _ in {1..1200}; do
        readlink /proc/[0-9]*/ns/net 2>/dev/null | grep -qF "$1" || return 0
        sleep 0.05
    done
    return 1
}
segments() { ls /dev/shm | grep -F "sysplex.TESTPLEX.CF01.$1"; }
no_segments() { [[ -z $(segments "$1") ]]; }

# Start a run; it is in its boot phase when both images are on the bridge.
start() {
    : >"$tree/output"           # of the run before
    "$tree/build/bin/sysplex" run -v >"$tree/output" 2>&1 &
    pid=$!
    for _ in {1..1200}; do
        (($(grep -c 'TAP device tap[01] opened' "$tree/output") == 2)) && return
        sleep 0.05
    done
    echo "# the run did not come to its boot phase"
    return 1
}
finish() {
    wait "$pid"
    code=$?
    ended=$pid
    pid=
}
nothing_left() {
    check "$1: no process is left" no_processes
    check "$1: no network namespace is left" namespace_gone "$lan"
    check "$1: no shared memory is left" no_segments "$ended"
}

for signal in INT TERM; do
    check "SIG$signal: the images are booting" start
    lan=$(namespaces | grep -vF "$(readlink /proc/self/ns/net)" | head -n 1)
    check "SIG$signal: the run has network namespaces of its own" test -n "$lan"
    kill -$signal "$pid"
    finish
    check "SIG$signal: the exit code tells of it" test "$code" = 130
    nothing_left "SIG$signal"
    check "SIG$signal: the logs are kept" test -s build/run/latest/MVS1.console
done

check "SIGKILL: the images are booting" start
lan=$(namespaces | grep -vF "$(readlink /proc/self/ns/net)" | head -n 1)
build/bin/sysplex clean >clean.output 2>&1
check "clean: leaves a live run its coupling facility" test -n "$(segments "$pid")"
check "clean: leaves a live run its directory" test -d build/run/latest/MVS1
kill -KILL "$pid"
finish 2>/dev/null
check "SIGKILL: no process is left" no_processes
check "SIGKILL: no network namespace is left" namespace_gone "$lan"
check "SIGKILL: the coupling facility is left" test -n "$(segments "$ended")"
# The locks of a process that has been killed are let go of a moment after it.
clean() {
    : >clean.output
    for _ in {1..1200}; do
        build/bin/sysplex clean >>clean.output 2>&1
        no_segments "$ended" && [[ -z $(ls build/run | grep '^[0-9]') ]] && return
        sleep 0.05
    done
    return 1
}
check "clean: removes the coupling facility of a killed run" clean
check "clean: says so" grep -q "removed sysplex.TESTPLEX.CF01.$ended" clean.output
check "clean: removes the directories of ended runs" test -z "$(ls build/run | grep '^[0-9]')"

end_results
