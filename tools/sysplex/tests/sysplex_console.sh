#!/usr/bin/env bash
# build/tests/sysplex_console: sysplex console on a terminal, as the operator uses it: editing, history, what the system writes
# while a line is typed, Ctrl-C, Ctrl-D, signals. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
output=$(mktemp -d)
name=console-${output##*.}
sysplex="$build/bin/sysplex"
trap '"$sysplex" down --force --name "$name" >/dev/null 2>&1; rm -rf "$output"' EXIT

shown="$output/out"
# at_console DESCRIPTION STEP...: the steps of build/tests/terminal, with control characters written as $'...'.
at_console() {
    printf '%s\n' "${@:2}" | "$build/tests/terminal" "$sysplex" console --name "$name" mvs1 >"$output/out" 2>&1
    result $? "$1"
}
enter=$'\r' rubout=$'\x7f' up=$'\e[A' home=$'\x01' kill_line=$'\x15' ctrl_c=$'\x03' ctrl_d=$'\x04'
hardcopy() { cat "$run/MVS1.console"; }

"$sysplex" up --name "$name" --images=MVS1 "$build/../config/twoway.conf" >"$output/out" 2>&1 </dev/null
result $? "a system is up"
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")

at_console "a line is edited, and answered" "see MVS1> " "type D A,LX$rubout$enter" "see  JOBS 00000" \
    "type A,L${home}D $enter" "see  JOBS 00000" "type NONSENSE${kill_line}D XCF,GROUP$enter" "see EZBTCPCS(1)" "type $ctrl_d" "end 0"
at_console "a refusal is seen; Ctrl-D leaves all the same with 0" "see MVS1> " "type FROB$enter" "see IEE305I FROB" "type $ctrl_d" "end 0"
at_console "history: of this console and the one before" "see MVS1> " "type $up$enter" "see IEE305I FROB" "type D A,L$enter" "see  JOBS 00000" \
    "type $up$up$enter" "see IEE305I FROB" "type $ctrl_d" "end 0"
at_console "what the system writes comes at once, above the line that is typed" "see MVS1> " "type D XCF" "see D XCF" \
    "run '$sysplex' cmd --name $name MVS1 D A,L >/dev/null" "see IEE114I" "see  JOBS 00000" "see MVS1> D XCF" "type ,COUPLE$enter" "see IXC357I" \
    "type $ctrl_d" "end 0"
at_console "what is typed ahead waits for its turn" "see MVS1> " "type D XCF${enter}D A,L${enter}D CF$enter" "see IXC334I" "see IEE114I" "see IXL150I" \
    "type $ctrl_d" "end 0"
at_console "Ctrl-C begins another line" "see MVS1> " "type SHUTDOWN" "see SHUTDOWN" "type $ctrl_c" "see ^C" "see MVS1> " "type D A,L$enter" "see  JOBS 00000" \
    "type $ctrl_d" "end 0"
[[ -z $(hardcopy | grep SHUTDOWN) ]]
result $? "the line before is not sent"
at_console "SIGTERM ends it, the terminal is as it was" "see MVS1> " "type D A" "signal 15" "end 0"
at_console "SIGHUP, too" "see MVS1> " "signal 1" "end 0"
"$sysplex" cmd --name "$name" MVS1 D A,L >"$output/out" 2>&1
result $? "the system goes on"
at_console "the Sysplex ends meanwhile" "see MVS1> " "run '$sysplex' down --name $name >/dev/null" "see The Sysplex has ended." "end 0"
printf '%s\n' "see no Sysplex $name is up" "end 2" | "$build/tests/terminal" "$sysplex" console --name "$name" MVS1 >"$output/out" 2>&1
result $? "a console of a Sysplex that is not up"

end_results
