#!/usr/bin/env bash
# build/tests/vipa_end_to_end: the life of DVIPAs and the distribution of connections in real images. Boots config/vipa.conf,
# runs config/vipa.commands, and judges what the client outside has seen. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
cd "$build/.." || exit 1
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

"$build/bin/sysplex" run --commands=config/vipa.commands config/vipa.conf >"$TMPDIR/out" 2>"$TMPDIR/err"
code=$?
run=$(sed -n 's/.*everything of this run is in //p' "$TMPDIR/out")
holds $((code == 0)) "every command got its answer, the facilities are valid, no 4-tuple was shared"
((code == 0)) || sed 's/^/# /' "$TMPDIR/out" "$TMPDIR/err"
sed 's/^/# /' "$run/outside.console"

# What the client saw between two of its headings, one line per answer: who answered.
seen() { awk -v h="$1" '/^[A-Z]+$/ { on = $0 == h; next } on' "$run/outside.console" | sed 's/.* on \(MVS[0-9]\) at .*/\1/' | tr '\n' ' '; }
console() { sed 's/^[0-9:.]* //' "$run/$1.console"; }

grep -q "3 received" "$run/outside.console"; holds $((!$?)) "a distributed DVIPA answers a ping"
for system in MVS1 MVS2 MVS3; do
    count=$(seen SPREAD | tr ' ' '\n' | grep -c $system)
    holds $((count == 3)) "round robin: $system got $count of 9 connections"
done
read -r -a total < <(console MVS3 | awk '/VDPT,DETAIL/ { on = 1 } /END OF THE REPORT/ { on = 0 } $1 == "10.1.9.3" && on { print $5 + 0 }' | tr '\n' ' ')
holds $((${#total[@]} == 3 && total[0] + total[1] + total[2] == 300 && total[0] < total[1] && total[1] < total[2])) \
    "weights 10, 20, 30: ${total[*]} of 300 connections"
pairs=$(cat "$run"/*.console | grep -c "CFS115I PAIR[AB] COMPLETE ANSWERED=20 SERVED=20 .* LAST FROM 10.1.9.1 ")
holds $((pairs == 4)) "two pairs of applications, each connected to its partner by the one DVIPA ($pairs of 4 complete)"
[[ $(seen RANGE) == "MVS4 MVS2 MVS3 " ]]; holds $((!$?)) "addresses of a VIPARANGE: made active, moved, made active by a bind: $(seen RANGE)"
grep -q "EZD1313I VIPA 10.1.10.8 DELETED" "$run/MVS3.console" && ! grep -q "EZD1313I VIPA 10.1.10.9" "$run"/MVS?.console
holds $((!$?)) "what a bind has made active goes with its last socket, what the utility has not"
[[ $(seen MOVED) == "MVS2 MVS1 " ]]; holds $((!$?)) "an address has moved, its old connection is still served: $(seen MOVED)"
console MVS1 | grep -q "^10.1.9.2 .* QUIESCING .*VIPADEFINE"; holds $((!$?)) "its old owner shows it as QUIESCING"
[[ $(seen WHENIDLE) == "MVS2 MVS2 MVS1 " ]]; holds $((!$?)) "WHENIDLE: it goes back when its last connection is closed: $(seen WHENIDLE)"
read -r -a killed < <(seen KILL)
gap=${killed[4]}
holds $((killed[0] > 20 && gap < 20000)) "the owner dies under a client in a loop: ${killed[0]} answered, longest time without an answer $gap ms"
[[ ${killed[*]:6} == "reset MVS2 MVS3" ]]; holds $((!$?)) "its own connection is reset, those of the others go on: ${killed[*]:6}"
[[ $(seen LEFT | tr ' ' '\n' | sort -u | tr '\n' ' ') == "MVS2 MVS3 " ]]; holds $((!$?)) "the new owner distributes to those that are left: $(seen LEFT)"
grep -q "EZZ8301I VIPA 10.1.9.1 TAKEN OVER FROM TCPIP ON MVS1" "$run/MVS2.console"; holds $((!$?)) "the backup of the higher rank has taken over"

end_results
