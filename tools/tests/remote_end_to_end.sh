#!/usr/bin/env bash
# build/tests/remote_end_to_end: a system that reaches the coupling facilities over links (cfd, TLS) among two that are near them, in
# real images. Tells the story of config/remote.conf, in which it hangs, is removed and is killed, and judges the consoles and the
# capture. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
cd "$build/.." || exit 1
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT

"$build/bin/sysplex" run config/remote.conf >"$output/out" 2>&1
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$output/out")
holds $((code == 0)) "every step of the story was done, the facilities are valid, no 4-tuple was shared"
((code == 0)) || sed 's/^/# /' "$output/out"

says() { grep -q -- "$2" "$run/$1"; holds $((!$?)) "$3"; }
says MVS3.console "CFS007I 0F00: coupling facility .*@127.0.0.1:[0-9]*,psk=.*, system MVS3" "MVS3 has a link to CF01"
says MVS3.console "CFS007I 0F10: coupling facility .*@127.0.0.1:[0-9]*,psk=.*, system MVS3" "and one to CF02"
says MVS3.console "IXC220W XCF IS UNABLE TO CONTINUE: WAIT STATE CODE 0A2, THIS SYSTEM HAS BEEN REMOVED" "removed by the operator, it stops itself"
says MVS3.console "PSW=0002.*0A2$" "in a disabled wait"
says MVS3.console "STRUCTURE EZBEPORT IS REBUILDING FROM COUPLING FACILITY CF01 TO COUPLING FACILITY CF02" "it does its part of a rebuild"
for reason in "LOSS OF CONNECTIVITY" "OPERATOR VARY REQUEST"; do
    says MVS2.console "IXC105I SYSPLEX PARTITIONING HAS COMPLETED FOR MVS3 - PRIMARY REASON: $reason" "the others are told: $reason"
done

# When it hung, was removed, and was killed, and in the first case was continued after the others had its ports.
recovered=$(cat "$run"/MVS[12].console | grep -c "EZD1304I [0-9]* PORTS OF SYSTEM MVS3")
holds $((recovered == 3)) "its ports are available again each time ($recovered of 3)"
silence=$(grep "^the dead" "$run/summary.txt")
holds $(($(grep -c "ended or were fenced 3 times; 0 packets of theirs after that" <<<"$silence") == 1)) "it was silent after that: $silence"

end_results
