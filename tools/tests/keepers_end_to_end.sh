#!/usr/bin/env bash
# build/tests/keepers_end_to_end: each keeper of the ports in real images. Boots config/keepers.conf, runs config/keepers.commands:
# three systems open connections from the DVIPA of each keeper, one system is killed, the others go on. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
config=$(cd "$build/../config" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
. "$build/../tools/tests/flow_table.sh"

"$build/bin/sysplex" run --commands="$config/keepers.commands" "$config/keepers.conf" >"$output/out" 2>"$output/err"
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
holds $((code == 0)) "every command got its answer, the facility is valid, no 4-tuple was shared"
((code == 0)) || sed 's/^/# /' "$output/out" "$output/err"

# The closing messages of a job on all systems: sum of a field.
sum() { sed -n "s/.* CFS101I $1 ENDED .*\b$2=\([0-9]*\).*/\1/p" "$run"/*.console | awk '{ sum += $1 } END { print sum + 0 }'; }

for job in LISTS CRHTA BROADC DISTRIB WIDE REVERSED; do
    [[ $job == CRHTA ]] && wanted=1400 || wanted=650
    holds $(($(sum $job ANSWERED) == wanted && $(sum $job FAILED) == 0)) "$job: $(sum $job ANSWERED) of $wanted connections answered"
done
holds $(($(sum CRHTB ANSWERED) == 1200)) "CRHTB: $(sum CRHTB ANSWERED) of 1200 connections answered"
grep -h CFS102I "$run"/*.console | sed 's/^/# /'

"$build/bin/tuplecheck" -d 10.1.9.1 -d 10.1.9.2 -d 10.1.9.3 -d 10.1.9.4 -d 10.1.9.5 -d 10.1.9.6 "$run/capture.pcap" >"$output/tuples"
holds $(($? == 0)) "tuplecheck: every 4-tuple was unique"
sed -n '/^address/,/^$/s/^/# /p' "$output/tuples"
read -r opened ports < <(awk '$1 == "10.1.9.2" && NF == 8 { print $2, $8 }' "$output/tuples")
holds $((opened == 2600 && ports <= 2048)) "CRHT: $opened connections to two destinations from $ports of 2048 ports, none of them free again within the run"

# What MVS3 had, whoever recovered it: 800 connections of the CRHT, and of each other keeper the blocks for 150.
recovered=$(sed -n 's/.* EZD1304I \([0-9]*\) PORTS OF SYSTEM MVS3 .*/\1/p' "$run"/*.console | awk '{ sum += $1 } END { print sum + 0 }')
holds $((recovered >= 800 + 3 * 150)) "recovery made $recovered ports and connections of MVS3 available"
for system in MVS1 MVS2; do
    grep -q "EZD1305I PORTS OF SYSTEM MVS3 COULD NOT BE RECOVERED FOR 1 OF 6 DVIPAS" "$run/$system.console"
    holds $((!$?)) "$system tells of the one keeper that has no record of whose a port is"
done
grep -q EZD1297I "$run"/*.console
holds $(($? == 1)) "every structure could be had"

end_results
