#!/usr/bin/env bash
# build/tests/sysplex_operates: a Sysplex of two systems in the background, and every subcommand that operates it, rightly and
# wrongly used; two Sysplexes beside each other; the death of the supervisor; a user other than root. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
tree=$(mktemp -d)
out=$tree/out err=$tree/err code=0

cleanup() {
    "$tree/build/bin/sysplex" status --json 2>/dev/null | sed -n 's/^\t\t"pid":\t\([0-9]*\).*/\1/p' | xargs -r kill -KILL
    rm -rf "$tree"
}
trap cleanup EXIT

# A build of its own, that every user can read.
chmod 755 "$tree"
mkdir -p "$tree"/build/{bin,lib,guest} "$tree/home"
cp "$build/bin/sysplex" "$tree/build/bin/"
cp "$build/lib/hdtcfs.so" "$tree/build/lib/"
cp "$build/guest/image.bin" "$tree/build/guest/"
cp -r "$build/../config" "$tree/config"
cd "$tree" || exit 1

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
    sed 's/^/# /' "$out" "$err"
}
sysplex() { # its output in $out and $err, its exit code in $code
    build/bin/sysplex "$@" >"$out" 2>"$err" </dev/null
    code=$?
}
says() { grep -qE -- "$1" "$out"; }
tells() { grep -qE -- "$1" "$err"; }
# expect CODE PATTERN DESCRIPTION subcommand...: the pattern must be in the answer for 0 and 1, else in the error.
expect() {
    local wanted=$1 pattern=$2 what=$3
    shift 3
    sysplex "$@"
    check "$what: exit code $wanted" test $code = "$wanted"
    if ((wanted < 2)); then
        check "$what: says $pattern" says "$pattern"
    else
        check "$what: tells $pattern" tells "$pattern"
    fi
}
# eventually COMMAND...: true within a minute.
eventually() {
    for _ in {1..1200}; do
        "$@" && return
        sleep 0.05
    done
    return 1
}
no_helpers() { ! pgrep -x hercules && ! pgrep -x hercifc && ! pgrep -x nginx; } >/dev/null
no_processes() { no_helpers && ! pgrep -x sysplex; } >/dev/null
no_segments() { [[ -z $(ls /dev/shm) ]]; }
event() { grep -q "\"system\":\"$1\",\"event\":\"$2\"" build/run/latest/events.jsonl; }
nothing_left() {
    check "$1: no process is left" eventually no_processes
    check "$1: no shared memory is left" no_segments
    check "$1: no control socket is left" test -z "$(find build/run home -type s -name control)"
}

# --- nothing is up ------------------------------------------------------------------------------------------------------
for subcommand in status "cmd MVS1 D A,L" "console MVS1" "kill MVS1" "logs" "down" "capture start" "ipl MVS1"; do
    expect 2 "no Sysplex is up: sysplex up" "$subcommand without a Sysplex" $subcommand
done
printf 'SYSPLEX A\nCF CF01\n  SIZE many\n' >wrong.conf
expect 2 'wrong.conf:3: SIZE many: expected a size from 1M to 64G, such as 16M' "up with a mistake" up wrong.conf
check "up with a mistake: starts nothing" test -z "$(ls build/run)"

# --- up -----------------------------------------------------------------------------------------------------------------
expect 0 'PLEX2 is up: sysplex ready after' "up" up config/twoway.conf
expect 2 'PLEX2 is up already' "up a second time" up config/twoway.conf
expect 0 'MVS1 +1 +ready' "status" status
sysplex status --json
check "status --json: both systems are ready" test "$(grep -c '"state":.*"ready"' "$out")" = 2
check "status --json: names the segment" says '"segment":.*"sysplex.PLEX2.CF01'

# --- commands -----------------------------------------------------------------------------------------------------------
expect 0 '^ JOBS 00000$' "cmd" cmd MVS2 D A,L
check "cmd: the answer and nothing else" test "$(wc -l <"$out")" = 2
expect 1 'IEE305I FROB' "cmd that the system refuses" cmd MVS2 FROB
expect 0 'MVS2 +EZZ8260I' "cmd all" cmd all D TCPIP,,SYSPLEX,VIPADYN
check "cmd all: one system after the other" test "$(cut -d' ' -f1 "$out" | uniq | tr '\n' ' ')" = "MVS1 MVS2 "
expect 2 'MVS9: expected a system of PLEX2: MVS1, MVS2' "cmd of a system that is not there" cmd MVS9 D A,L
expect 64 'at most 126 characters' "cmd that is too long" cmd MVS1 "D $(printf 'A%.0s' {1..125})"
expect 0 '0 OF 0 RECORDS DISPLAYED' "cmd of two cards" \
    cmd MVS1 'D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.9.1,PORT=5000,TIME=2026/01/01-00.00.00.00,MAX=100'
for length in 79 80 81 126; do
    expect 1 "^(MVS1 +)?IEE305I \+" "cmd of $length characters" cmd MVS1 "$(printf '+%.0s' $(seq $length))"
    expect 1 "EXPECTED.{0,60}|INVALID|LENGTH" "cmd of $length characters, with operands" cmd MVS1 "S $(printf 'A%.0s' $(seq $((length - 2))))"
done
expect 2 'printable' "cmd with other characters" cmd MVS1 $'D \001'
expect 0 'ANSWERED=20 FAILED=0' "start and wait for the end" start MVS2 APPA PGM=CONNGEN DEST=10.1.0.100 N=20 HOLD=5 --wait 'APPA - ENDED'
expect 1 'IEE122I' "start of no program" start MVS2 APPA PGM=NONSENSE
expect 2 'no answer in time' "cmd with a text that does not come" cmd MVS1 --wait NEVER --seconds 0.2 D A,L
seq 1 20 | xargs -P 10 -I{} build/bin/sysplex cmd MVS1 D A,L >"$out" 2>"$err"
check "cmd from ten at a time: every answer" test "$(grep -c '^ JOBS 00000$' "$out")" = 20
printf 'D A,L\n\nFROB\nD A,L' | build/bin/sysplex console MVS1 >"$out" 2>"$err"
check "console: its last command was answered" test $? = 0
check "console: each line is a command" test "$(grep -c 'IEE114I' "$out")" = 2
check "console: what is refused is shown" says 'IEE305I FROB'

echo 'VIPADYNAMIC VIPADEFINE 255.255.0.0 10.1.9.7 ENDVIPADYNAMIC' >more.profile
expect 0 'EZZ0053I' "obey" obey MVS1 more.profile
sysplex cmd MVS1 D TCPIP,,SYSPLEX,VIPADYN
check "obey: the DVIPA is there" says 'IPADDR: 10.1.9.7'
expect 2 'No such file' "obey of no file" obey MVS1 nowhere.profile
echo 'NONSENSE' >bad.profile
expect 1 'EZZ0318I NONSENSE' "obey of nonsense" obey MVS1 bad.profile

# --- systems ------------------------------------------------------------------------------------------------------------
expect 2 'MVS1 is active' "ipl of an active system" ipl MVS1
sysplex kill MVS2
check "kill: done" test $code = 0
expect 0 'MVS2 +2 +killed' "status after kill" status
expect 2 'MVS2 is not ready: killed' "cmd of a killed system" cmd MVS2 D A,L
expect 2 'MVS2 has no emulator' "kill a second time" kill MVS2
sysplex ipl MVS2
check "ipl: it is ready again" test $code = 0
expect 0 'IEE114I' "cmd after ipl" cmd MVS2 D A,L
expect 0 'IEE334I' "stop" stop MVS2
expect 2 'MVS2 is not ready: halted' "stop a second time" stop MVS2
sysplex ipl mvs2
check "ipl after stop: it is ready again" test $code = 0
sysplex ipl --force MVS2
check "ipl --force: it is ready again" test $code = 0
check "events: ipl, killed, halted" eval 'event MVS2 ipl && event MVS2 killed && event MVS2 halted'

# --- capture, logs ------------------------------------------------------------------------------------------------------
expect 0 'capture.pcap' "capture start" capture start
expect 2 'a capture is running' "capture start a second time" capture start
sysplex start MVS1 APPA PGM=CONNGEN DEST=10.1.0.100 N=20 HOLD=5 --wait 'APPA - ENDED'
expect 0 'capture.pcap: [1-9][0-9]* packets, 0 lost' "capture stop" capture stop
expect 2 'no capture is running' "capture stop a second time" capture stop
expect 0 '^[0-9:.]+ IEA101I SYSTEM MVS1' "logs of a system" logs mvs1
expect 0 'MVS2 +IEA101I' "logs of all" logs
expect 2 'expected a system' "logs of no system" logs ../MVS1

# --- wrong usage --------------------------------------------------------------------------------------------------------
expect 64 'expected one of these commands' "no such subcommand" frob
for wrong in "cmd MVS1" "start MVS1" "kill" "kill MVS1 MVS2" "capture" "obey MVS1" "ipl" "vary MVS1" "console" "status x" "down x" "run a b" \
             "up --nonsense" "cmd --seconds many MVS1 D" "run --kill=MVS1" "run --hold=-1"; do
    expect 64 "expected|unrecognized" "wrong usage: $wrong" $wrong
done
expect 64 'expected offline' "vary to something else" vary MVS1 online
expect 64 'expected start or stop' "capture of something else" capture on
expect 64 'expected 1 to 32' "a name that is none" status --name a/b
for subcommand in run up status console cmd start obey kill stop ipl vary capture logs down clean; do
    expect 0 'Usage: sysplex' "$subcommand --help" $subcommand --help
done
complete=$(bash -c '. "$0"; COMP_WORDS=(sysplex c); COMP_CWORD=1; _sysplex; echo "${COMPREPLY[*]}"' "$build/../tools/sysplex/completion.bash")
check "completion of a subcommand" test "$complete" = "console cmd capture clean"
complete=$(PATH=$tree/build/bin:$PATH bash -c '. "$0"; COMP_WORDS=(sysplex kill MV); COMP_CWORD=2; _sysplex; echo "${COMPREPLY[*]}"' "$build/../tools/sysplex/completion.bash")
check "completion of a system" test "$complete" = "MVS1 MVS2"

# --- two beside each other, a run beside them ---------------------------------------------------------------------------
expect 0 'B is up' "up with a name" up --name B config/twoway.conf
expect 2 'which Sysplex\? These are up: PLEX2, B' "cmd without saying where" cmd MVS1 D A,L
sysplex kill --name B MVS2
sysplex status --name PLEX2
check "the other one goes on" says 'MVS2 +2 +ready'
sysplex run --connections=50 --hold=10 config/twoway.conf
check "a run beside them is as expected" test $code = 0
printf 'MVS1: S APPA,PGM=CONNGEN,DEST=10.1.0.100,N=100000\n%s' 'ipl MVS1
MVS1: D A,L => JOBS 00000
MVS1: S APPA,PGM=CONNGEN,DEST=10.1.0.100,N=3,PARALLEL=1,BIND=10.1.9.1:5000 => APPA - ENDED
MVS1: D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.9.1,PORT=5000 => 10.1.9.1..5000 TO 10.1.0.100..80
MVS2: D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.9.1,PORT=5000 => 0 OF 0 RECORDS DISPLAYED
MVS2: D TCPIP,,SYSPLEX,PORTS => OF TCPIP AT MVS1
' >again.commands
sysplex run --commands=again.commands config/twoway.conf
check "a script that IPLs a system in the middle of its work, and asks which job had a port" test $code = 0
sysplex down --name PLEX2
check "down: done" test $code = 0
expect 0 '^B:' "status of what is left" status
check "its name is free again" eval 'build/bin/sysplex up config/twoway.conf >/dev/null && build/bin/sysplex down --force --name PLEX2'
sysplex down
check "down: when it returns no emulator and no helper is left" no_helpers
nothing_left "down"

# --- the supervisor dies ------------------------------------------------------------------------------------------------
sysplex up config/twoway.conf
kill -KILL "$(build/bin/sysplex status --json | sed -n 's/^\t\t"pid":\t\([0-9]*\).*/\1/p')"
check "kill -9 of the supervisor: no process is left" eventually no_processes
expect 2 'no Sysplex is up' "status after it" status
clean() { sysplex clean; says '1 coupling facilities'; }
check "clean: removes the coupling facility" eventually clean
nothing_left "kill -9 and clean"
build/bin/sysplex up --verbose config/twoway.conf >"$out" 2>"$err" &
starter=$!
eventually grep -q IEA101I "$out"
kill -INT $starter
wait $starter
check "Ctrl-C while it comes up: the exit code tells of it" test $? = 130
nothing_left "Ctrl-C"

# --- a user other than root ---------------------------------------------------------------------------------------------
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env XDG_RUNTIME_DIR="$tree/home" build/bin/sysplex "$@" >"$out" 2>"$err" </dev/null; code=$?; }
chown 65534 home
mkdir tun && mount -t tmpfs none tun
for mode in 600 666; do
    mknod -m $mode tun/tun$mode c 10 200 && mount --bind tun/tun$mode /dev/net/tun
    as_nobody run --connections=50 --hold=10 config/twoway.conf
    if ((mode == 600)); then
        check "a user who may not open the TUN device: exit code 2" test $code = 2
        check "and is told what to do" tells 'chmod 666 /dev/net/tun'
    elif ! setpriv --reuid=65534 --regid=65534 --clear-groups unshare -Urn true 2>/dev/null; then
        check "a user who gets no user namespace: exit code 2" test $code = 2
        check "and is told what to do" tells 'run it with sudo'
    else
        check "a user other than root: the run is as expected" test $code = 0
        as_nobody up config/twoway.conf
        check "a user other than root: up" test $code = 0
        as_nobody cmd all D A,L
        check "a user other than root: cmd" says 'MVS2 +IEE114I'
        as_nobody down
        check "a user other than root: down" test $code = 0
    fi
done
# In a user namespace that allows none within it.
apart() { [[ $(readlink /proc/self/ns/user) != "$(readlink "/proc/$1/ns/user")" ]]; }
denied() {
    mkfifo go
    unshare -U --keep-caps bash -c 'read -r <go; echo 0 >/proc/sys/user/max_user_namespaces
        exec setpriv --reuid=65534 --regid=65534 --clear-groups env XDG_RUNTIME_DIR="$0" build/bin/sysplex run config/twoway.conf' "$tree/home" >"$out" 2>"$err" &
    local pid=$!
    if eventually apart $pid && echo "0 0 65536" >/proc/$pid/uid_map && echo "0 0 65536" >/proc/$pid/gid_map; then
        echo >go
    else
        kill -KILL $pid
    fi
    wait $pid
    code=$?
}
if unshare -U true 2>/dev/null; then
    denied
    check "a user in a world without user namespaces: exit code 2" test $code = 2
    check "and is told what to do" tells 'sysctl user.max_user_namespaces'
else
    echo "ok $((++tests)) - # SKIP this machine gives even root no user namespace"
fi
umount /dev/net/tun /dev/net/tun tun
nothing_left "a user other than root"

end_results
