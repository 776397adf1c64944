#!/usr/bin/env bash
# build/tests/xcf_end_to_end: systems that are killed, hang, or are removed by the operator in real images. Boots
# config/xcf.conf, runs config/xcf.commands, and judges the consoles, the events and the capture. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
cd "$build/.." || exit 1
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

"$build/bin/sysplex" run --commands=config/xcf.commands config/xcf.conf >"$output/out" 2>&1
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
holds $((code == 0)) "every command got its answer, the facilities are valid, no 4-tuple was shared"
((code == 0)) || sed 's/^/# /' "$output/out"

# Consoles of one system without their times.
console() { sed 's/^[0-9:.]* //' "$run/$1.console"; }

# Milliseconds of the events of one kind that concern a system, or that it tells itself, one a line.
events() { # event system
    grep "\"event\":\"$1\"" "$run/events.jsonl" | grep -E "\"system\":\"$2\"|\"text\":\"[A-Z0-9]+ .*$2" | sed 's/.*"ms":\([0-9]*\).*/\1/'
}

# The first number that is not below the given one.
next() { awk -v from="$1" '$1 >= from { print $1; exit }'; }

for reason in "LOSS OF CONNECTIVITY" "SYSTEM STATUS UPDATE MISSING" "OPERATOR VARY REQUEST"; do
    for system in MVS1 MVS2; do
        console $system | grep -q "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS3 - PRIMARY REASON: $reason"
        holds $((!$?)) "$system is told: $reason"
    done
done
for system in MVS2 MVS3; do
    console $system | grep -q "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: LOSS OF CONNECTIVITY"
    holds $((!$?)) "$system is told: MVS1 has failed"
done

begun=$(cat "$run"/MVS?.console | grep -c "IXC101I")
holds $((begun == 6)) "one system partitions each that is gone ($begun of 6)"
cat "$run"/MVS[12].console | grep -q "IXC109I FENCE ACTION FOR SYSTEM MVS3: IT HELD STRUCTURE IXCSTR1 UP FOR 2 SECONDS"
holds $((!$?)) "who hangs in the middle of a command is fenced after the interval"
cat "$run"/MVS[12].console | grep -q "IXC109I FENCE ACTION FOR SYSTEM MVS3: IT HAS NOT ANSWERED THE REBUILD OF STRUCTURE IXCSTR1 FOR [25] SECONDS"
holds $((!$?)) "who hangs in a rebuild of the signalling structure is, too"
for system in MVS1 MVS2; do
    console $system | grep -q "IXC521I REBUILD FOR STRUCTURE IXCSTR1 HAS BEEN COMPLETED"
    holds $((!$?)) "$system goes on with the rebuild then"
done
recovered=$(console MVS1 | grep -c "EZD1304I [0-9]* PORTS OF SYSTEM MVS3")
holds $((recovered == 5)) "its ports are available again each time it had some: by the distributing stack ($recovered of 5)"
console MVS2 | grep -q "EZD1304I [0-9]* PORTS OF SYSTEM MVS1"
holds $((!$?)) "those of the distributing stack: by its successor"

# Seven lives ended, and what their systems sent after that, of any kind, is what tuplecheck looks for in the capture.
silence=$(grep "^the dead" "$run/summary.txt")
holds $(($(grep -c "ended or were fenced 7 times; 0 packets of theirs after that" <<<"$silence") == 1)) "they were silent after that: $silence"
# A time that is wrong shows that it does look: MVS3 was not dead when it was ready first.
ready=$(date -d "$(grep '"system":"MVS3","event":"ready"' "$run/events.jsonl" | sed -n '1s/.*"time":"\([^"]*\)".*/\1/p')" +%s.%3N)
"$build/bin/tuplecheck" --dead "02:00:00:00:00:03@$ready" "$run/capture.pcap" >"$output/wrong"
holds $(($? == 1 && $(grep -c "^packets of dead images: [1-9][0-9]*, the first by 02:00:00:00:00:03 at" "$output/wrong") == 1)) "told that MVS3 was dead while it lived, tuplecheck objects"

# Times, as the consoles are read here: a busy machine adds to each of them.
killed=$(events killed MVS3 | next 0)
begins=$(events partitioning MVS3 | next "$killed") done=$(events recovered MVS3 | next "$killed")
echo "# killed MVS3: partitioning begins after $((begins - killed)) ms, its ports are available after $((done - begins)) ms more"
while read -r stopped; do
    gone=$(events partitioned MVS3 | next "$stopped")
    echo "# stopped MVS3: out of the sysplex after $((gone - stopped)) ms"
done < <(events stopped MVS3)

# Until nobody can use the signalling structure for the interval: then what waits for it may be too late for the server.
for system in MVS1 MVS2; do
    refused=$(sed -n "/IXC109I/q; s/.* $system .*CFS100I CONNGEN PROGRESS .*FAILED=\\([0-9]*\\).*/\\1/p" "$run/operlog" | tail -n 1)
    holds $((${refused:-1} == 0)) "$system has connected all the time, ${refused:-?} of its connections failed"
done

# Each display has its lines.
for line in "SYSPLEX PLEX1:" "GROUPS(SIZE):" "EZBTCPCS(3)" "GROUP EZBTCPCS:" "MVS2 *TCPIP *MVS2 *ACTIVE" "INTERVAL  CLEANUP" \
    "IXC372I VARY XCF REJECTED FOR MVS1" "IXC373I SYSNAME=MVS2"; do
    console MVS1 | grep -q -- "$line"
    holds $((!$?)) "operator: $line"
done

end_results
