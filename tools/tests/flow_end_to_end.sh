#!/usr/bin/env bash
# build/tests/flow_end_to_end: every block of the patent's flowcharts passed in real images. Boots config/flow.conf, runs
# config/flow.commands, which waits for the answer of each command, and sums what D TCPIP,,FLOW says on the systems. Prints
# a table; fails if a block has not run. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
config=$(cd "$build/../config" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
. "$build/../tools/tests/flow_table.sh"

"$build/bin/sysplex" run --commands="$config/flow.commands" "$config/flow.conf" >"$output/out" 2>"$output/err"
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
holds $((code == 0)) "every command got its answer, the facility is valid, no 4-tuple was shared"
((code == 0)) || sed 's/^/# /' "$output/out" "$output/err"

# The last report of each system.
for system in MVS1 MVS2 MVS3; do
    sed -n 's/^[0-9:.]* //p' "$run/$system.console" |
        awk -v s=$system '/^EZD0101I FLOW/ { n = 0 }
            $1 ~ /^[0-9]+[AB]?$/ && $2 ~ /^[0-9]+$/ && $3 ~ /^[0-9]+$/ && NF > 3 { line[n++] = $0 }
            END { for (i = 0; i < n; i++) print s, line[i] }'
done >"$output/flow"
flow_table MVS1 MVS2 MVS3 <"$output/flow"

says() { grep -q -- "$2" "$run/$1"; }
says outside.console "WEB on MVS1 at 10.1.9.1:7001"; holds $((!$?)) "a server on the owner of the DVIPA is reached from outside"
says outside.console "WEB on MVS2 at 10.1.9.1:7002"; holds $((!$?)) "a server on a target is reached by the port it owns"
for system in MVS1 MVS2 MVS3; do
    bad=$(grep -c "CFS102I" "$run/$system.console")
    wanted=$(grep -c "CFS102I.*EADDRNOTAVAIL COUNT=5" "$run/$system.console")
    holds $((bad == wanted)) "$system: no connection failed but those that had to"
done
grep -h CFS102I "$run"/*.console | grep -v "EADDRNOTAVAIL COUNT=5" | sed 's/^/# /'

printf 'wait 0.1\nMVS9: D A,L\n' >"$output/wrong"
"$build/bin/sysplex" run --images=MVS3 --commands="$output/wrong" "$config/flow.conf" >"$output/out" 2>"$output/err"
holds $(($? == 2)) "a script that is wrong ends the run"
grep -q 'wrong:2: MVS9: D A,L: expected SYSTEM: command' "$output/err"; holds $((!$?)) "its line and what was expected are told"

end_results
