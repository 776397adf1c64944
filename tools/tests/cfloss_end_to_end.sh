#!/usr/bin/env bash
# build/tests/cfloss_end_to_end: coupling facilities are lost under three real images that connect all the time. The structures
# are rebuilt (config/cfloss.commands) or are duplexed (config/duplex.commands). TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
config=$(cd "$build/../config" && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

boot() { # script definition
    "$build/bin/sysplex" run --commands="$config/$1" "$config/$2" >"$output/out" 2>&1
    local code=$?
    run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
    holds $((code == 0)) "$1: every command got its answer, the facilities are valid, no 4-tuple was shared"
    ((code == 0)) || sed 's/^/# /' "$output/out"
    for system in MVS1 MVS2 MVS3; do
        grep -q "ANSWERED=2000 FAILED=0" "$run/$system.console"
        holds $((!$?)) "$1: $system: every connection was answered"
    done
}

says() { # system text description
    grep -q -- "$2" "$run/$1.console"
    holds $((!$?)) "$3"
}

boot cfloss.commands threeway.conf
for system in MVS1 MVS2 MVS3; do
    says $system "REBUILD FOR STRUCTURE EZBEPORT HAS BEEN STARTED, REASON: OPERATOR INITIATED" "$system: EZBEPORT is moved by SETXCF"
    says $system "STRUCTURE IXCSTR1 IS REBUILDING FROM COUPLING FACILITY CF01 TO COUPLING FACILITY CF02" "$system: IXCSTR1 is rebuilt"
    says $system "STRUCTURE EZBEPORT IS REBUILDING FROM COUPLING FACILITY CF01 TO COUPLING FACILITY CF02" "$system: EZBEPORT is rebuilt"
    grep -q "IXC101I\|XCF_FAILED\|HAS FAILED" "$run/$system.console"
    holds $(($? == 1)) "$system: nobody is partitioned for it"
done

boot duplex.commands duplex.conf
says MVS1 "STATUS: DUPLEXED" "EZBEPORT is duplexed"
grep -hq "IXC577I STRUCTURE EZBEPORT .*CF02" "$run"/MVS?.console
holds $((!$?)) "the operator is told of EZBEPORT"
grep -hq "IXC577I STRUCTURE IXCSTR1 .*CF02" "$run"/MVS?.console
holds $((!$?)) "the operator is told of IXCSTR1"
grep -hq "IXC521I" "$run"/MVS?.console
holds $(($? == 1)) "nothing is rebuilt"

end_results
