#!/usr/bin/env bash
# build/tests/wrong_input: nonsense for every tool: options, files that are missing, damaged or something else, names, numbers. Each
# says what, where and what was expected, and has started nothing. And --help of each. TAP on standard output. More of it, beside what
# is right, in the tests of each tool.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree/build"
cp -r "$build/bin" "$build/lib" "$build/guest" "$tree/build/"
cp -r "$build/../config" "$tree/"
cp "$build/../tools/fuzz/corpus/capture/clean" "$tree/clean.pcap"
cd "$tree" || exit 1
PATH=$tree/build/bin:$PATH
head -c 100 clean.pcap >cut.pcap
printf '\001\002\003 no text, no capture, no recording\n' >noise
mkdir folder

shown=out
# refuses CODE WORDS COMMAND...: it ends with this code, and says these words.
refuses() {
    local code=$1 words=$2
    shift 2
    timeout 60 "$@" >out 2>&1 </dev/null
    [[ $? == "$code" ]] && grep -qF -- "$words" out
    result $? "$*: $words"
}

# --- every tool -----------------------------------------------------------------------------------------------------------
helps() { # COMMAND...: its manual
    "$@" --help >out 2>&1 && grep -q '^Usage: ' out && grep -qE '^Exit code: .*\<0 ' out && grep -q '^Examples\?:$' out && ! grep -qE '^.{81}' out
    result $? "$* --help: purpose, usage, exit codes, examples"
}
for tool in sysplex tuplecheck cfctl cfd cfdash sim egress; do helps $tool; done
for subcommand in $(sysplex --help | sed -nE 's/^  ([a-z]+) {2,}.*/\1/p'); do helps sysplex "$subcommand"; done
for tool in tuplecheck cfctl cfd cfdash sim egress "sysplex run" "sysplex up" "sysplex cmd" "sysplex down"; do
    refuses 64 "unrecognized option '--nonsense'" $tool --nonsense
done

# --- sysplex: definitions, scripts ----------------------------------------------------------------------------------------
refuses 64 "frob: expected one of these commands" sysplex frob
refuses 64 "expected one of these commands" sysplex ""
refuses 2 "nowhere.conf: No such file or directory" sysplex up nowhere.conf
refuses 2 "folder: Is a directory" sysplex up folder
refuses 2 "noise:1: expected a definition, text" sysplex run noise
refuses 2 "expected a system of $tree/config/fig6.conf" sysplex run --images=MVS77
refuses 2 "--kill MVS77: expected a system of this run" sysplex run --kill=MVS77@50%
wrong() { # WORDS LINE: of config/twoway.conf with one line more
    { cat config/twoway.conf; printf '%s\n' "$2"; } >config/wrong.conf
    refuses 2 "config/wrong.conf:$(wc -l <config/wrong.conf): $1" sysplex up config/wrong.conf
}
wrong "FROB: expected SYSPLEX, CF, SERVER, JOB, SYSTEM" "FROB 1"
wrong "NUMBER: expected a value after it" "  NUMBER"
wrong "SYSTEM MVS1: expected a name of its own" "SYSTEM MVS1"
cat >lines.commands <<'END'
# what is right is not told of
MVS1: D A,L => JOBS
frob
MVS9: D A,L
wait long
await MVS1 frobbed
kill MVS9
MVS1 < nowhere.profile
fail CF09
END
for line in "3: frob: expected SYSTEM: command" "4: MVS9: D A,L: nor" "5: wait long: nor" "6: await MVS1 frobbed: nor" "7: kill MVS9: nor" \
            "8: MVS1 < nowhere.profile: No such file" "9: fail CF09: nor"; do
    refuses 2 "lines.commands:$line" sysplex run --commands=lines.commands config/twoway.conf
done
! grep -qE 'lines.commands:[12]:' out
result $? "what is right is not told of"
refuses 2 "nowhere: No such file or directory" sysplex run --commands=nowhere
refuses 2 "folder: Is a directory" sysplex run --commands=folder
refuses 64 "expected no --kill, --connections or --hold with it" sysplex run --commands=lines.commands --hold=1
refuses 2 "no Sysplex NOBODY is up" sysplex cmd --name NOBODY MVS1 D A,L
test -z "$(ls build/run 2>/dev/null)$(ls /dev/shm)"
result $? "none of these has begun anything"

# --- captures, recordings ---------------------------------------------------------------------------------------------------
refuses 2 "noise: unknown file format" tuplecheck noise
refuses 2 "folder: " tuplecheck folder
refuses 2 "cut.pcap: truncated dump file" tuplecheck cut.pcap
refuses 2 "nowhere.pcap: No such file or directory" tuplecheck clean.pcap nowhere.pcap
refuses 2 "nowhere/x.svg: No such file or directory; the plot is not there" tuplecheck --plot nowhere/x.svg clean.pcap
refuses 64 "--memory many: expected a number" tuplecheck --memory many clean.pcap
refuses 2 "folder: this is no recording of cfdash" cfdash --replay folder
refuses 2 "noise: this is no recording of cfdash" cfdash --replay noise
refuses 64 "--after -1: expected a number from 0" cfdash --after -1
refuses 2 "no Sysplex NOBODY is up" cfdash --name NOBODY

# --- coupling facilities ----------------------------------------------------------------------------------------------------
refuses 64 "frob: no such command" cfctl frob X
refuses 64 "expected create NAME" cfctl create
refuses 64 "--size 3: expected 1M to 64G" cfctl create X --size 3
refuses 2 "there is no such coupling facility" cfctl check X
refuses 2 "not a dump of a coupling facility" cfctl restore noise X
refuses 1 "noise:1:1: expected DATA, DEFINE POLICY, CF or STRUCTURE" cfctl policy check noise
refuses 2 "X: coupling facility: No such file or directory" cfd X --unix sock
refuses 64 "--listen needs --psk-file" cfd X --listen 0
refuses 2 "key file noise: " cfd X --listen 0 --psk-file noise
refuses 64 "--interval 5: expected 300 to 60000" cfd X --interval 5
refuses 64 "expected 7 arguments or 8, these are 2" egress X A
refuses 64 "NUMBER 33: expected 1 to 32" egress X A 33 127.0.0.9 127.0.0.1 80 1
refuses 64 "SOURCE localhost: expected an IPv4 address" egress X A 1 localhost 127.0.0.1 80 1
refuses 64 "NAME TOOLONGNAME: expected 1 to 8 characters" egress X TOOLONGNAME 1 127.0.0.9 127.0.0.1 80 1
refuses 1 "X: no such coupling facility" egress X A 1 127.0.0.9 127.0.0.1 80 1
refuses 64 "the last seed is 2" sim --seed 5-2
refuses 64 "keeper frob: expected one of bitmap, " sim --keeper frob
test -z "$(ls /dev/shm)"
result $? "and nothing is left of these"

end_results
