#!/usr/bin/env bash
# build/tests/xcf_end_to_end: systems that are killed, hang, or are removed by the operator in real images. Boots
# config/xcf.conf, runs config/xcf.commands, and judges the consoles, the events and the capture. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
cd "$build/.." || exit 1
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
tests=0 failed=0

result() { # condition description
    ((tests++))
    if (($1)); then
        echo "ok $tests - $2"
    else
        ((failed++))
        echo "not ok $tests - $2"
    fi
}

"$build/bin/sysplex" run --commands=config/xcf.commands config/xcf.conf >"$output/out" 2>&1
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
result $((code == 0)) "every command got its answer, the facilities are valid, no 4-tuple was shared"
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
        result $((!$?)) "$system is told: $reason"
    done
done
for system in MVS2 MVS3; do
    console $system | grep -q "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS1 - PRIMARY REASON: LOSS OF CONNECTIVITY"
    result $((!$?)) "$system is told: MVS1 has failed"
done

begun=$(cat "$run"/MVS?.console | grep -c "IXC101I")
result $((begun == 5)) "one system partitions each that is gone ($begun of 5)"
recovered=$(console MVS1 | grep -c "EZD1304I [0-9]* PORTS OF SYSTEM MVS3")
result $((recovered == 3)) "its ports are available again each time it had some: by the distributing stack ($recovered of 3)"
console MVS2 | grep -q "EZD1304I [0-9]* PORTS OF SYSTEM MVS1"
result $((!$?)) "those of the distributing stack: by its successor"

# Packets of MVS3 between the end of a partitioning, as MVS1 tells it, and the next IPL. Seconds since 1970.
epochs() { # event system
    grep "\"system\":\"$2\",\"event\":\"$1\"" "$run/events.jsonl" | sed 's/.*"time":"\([^"]*\)".*/\1/' | date -f - +%s.%3N
}
tshark -r "$run/capture.pcap" -Y "eth.src == 02:00:00:00:00:03 && tcp" -T fields -e frame.time_epoch >"$output/sent" 2>"$output/tshark"
sent=$(wc -l <"$output/sent") late=0
while read -r gone; do
    back=$(epochs ipl MVS3 | next "$gone")
    ((late += $(awk -v gone="$gone" -v back="$back" '$1 > gone && $1 < back' "$output/sent" | wc -l)))
done < <(grep -h "FOR MVS3 -" "$run/events.jsonl" | grep '"system":"MVS1"' | sed 's/.*"time":"\([^"]*\)".*/\1/' | date -f - +%s.%3N)
result $((sent > 0 && late == 0)) "MVS3 has sent $sent packets, $late of them after it was removed"

# Times, as the consoles are read here: a busy machine adds to each of them.
killed=$(events killed MVS3 | next 0)
begins=$(events partitioning MVS3 | next "$killed") done=$(events recovered MVS3 | next "$killed")
echo "# killed MVS3: partitioning begins after $((begins - killed)) ms, its ports are available after $((done - begins)) ms more"
while read -r stopped; do
    begins=$(events partitioning MVS3 | next "$stopped")
    echo "# stopped MVS3: partitioning begins after $((begins - stopped)) ms of an interval of 2000 ms"
done < <(events stopped MVS3)

# Until MVS1 is killed, which nobody backs up.
for system in MVS1 MVS2; do
    refused=$(console $system | sed -n '/IXC10[15]I .* FOR MVS1/q; s/.*CFS100I CONNGEN PROGRESS .*FAILED=\([0-9]*\).*/\1/p' | tail -n 1)
    result $((${refused:-1} == 0)) "$system has connected all the time, ${refused:-?} of its connections failed"
done

# Each display has its lines.
for line in "SYSPLEX PLEX1:" "GROUPS(SIZE):" "EZBTCPCS(3)" "GROUP EZBTCPCS:" "MVS2 *TCPIP *MVS2 *ACTIVE" "INTERVAL  CLEANUP" \
    "IXC372I VARY XCF REJECTED FOR MVS1" "IXC373I SYSNAME=MVS2"; do
    console MVS1 | grep -q -- "$line"
    result $((!$?)) "operator: $line"
done

echo "1..$tests"
exit $((failed > 0))
