#!/usr/bin/env bash
# The simulator: each way to break the keeper is found, and found again at the same step; nothing else is.
set -u
sim=$(dirname "$0")/../bin/sim
result=0 tests=0

# ok CONDITION WHAT : the last line of the output is shown if it fails
ok() {
    ((tests++))
    if [ "$1" = 0 ]; then
        echo "ok $tests - $2"
    else
        echo "not ok $tests - $2"
        echo "$output" | head -n 20 | sed 's/^/# /'
        result=1
    fi
}

# A number of the JSON report.
value() {
    sed -n "s/^.*\"$1\":[[:space:]]*\([0-9]*\).*$/\1/p" <<<"$output"
}

for break in lock unlock stale write; do
    output=$("$sim" --seed 1-100 --steps 10000 --keeper bitmap --break $break --json 2>&1)
    code=$?
    ok $((code != 1)) "with --break=$break a violation is found"
    seed=$(value seed) step=$(value step)
    output=$("$sim" --seed "$seed" --steps 10000 --keeper bitmap --break $break --json 2>&1)
    code=$?
    ok $((code != 1 || $(value step) != step)) "with --break=$break seed $seed violates at step $step again"
done

output=$("$sim" --seed 3 --steps 5000 --keeper bitmap --faults busy,bind --trace 2>&1)
first=$(grep -v 'no violation' <<<"$output" | md5sum)
output=$("$sim" --seed 3 --steps 5000 --keeper bitmap --faults busy,bind --trace 2>&1)
ok $(($(wc -l <<<"$output") < 1000)) "a trace tells what happens"
[ "$first" = "$(grep -v 'no violation' <<<"$output" | md5sum)" ]
ok $? "the same seed is the same run, to the last command"

for keeper in bitmap reversed lists crht clusterwide broadcast distributor; do
    output=$("$sim" --seed 1-6 --steps 5000 --keeper $keeper 2>&1)
    ok $? "no violation whoever dies and whatever changes, keeper $keeper"
done

# Seeds that found something once: ports granted too late, a question asked while a message was dealt with, an attention that
# met a busy facility just then, ports that the asker could not use; a structure that had gone with the last one it served; a
# queue filled by questions; with two facilities an attention in the middle of a poll, or before a connection was known, a lock
# held while a rebuild began, slots that nobody had any more, connections that another system had entered.
for known in distributor:65 distributor:79 distributor:179 distributor:208 distributor:242 clusterwide:158 crht:487 distributor:803 \
    distributor:371:2 bitmap:399:2 bitmap:764:2 lists:63:2 lists:339:2 crht:140:2 crht:166:2; do
    IFS=: read -r keeper seed facilities <<<"$known"
    output=$("$sim" --seed "$seed" --steps 10000 --keeper "$keeper" --facilities "${facilities:-1}" --no-shrink 2>&1)
    ok $? "no violation, keeper $keeper, seed $seed, facilities ${facilities:-1}"
done

for keeper in bitmap reversed lists crht clusterwide broadcast distributor; do
    output=$("$sim" --seed 1-2 --steps 5000 --keeper $keeper --facilities 2 2>&1)
    ok $? "no violation with two coupling facilities, of which one is lost and comes back, keeper $keeper"
done
output=$("$sim" --seed 1-4 --steps 5000 --keeper bitmap --facilities 2 --json 2>&1)
ok $(($(value facilities_lost) == 0 || $(value rebuilds) == 0)) "facilities are lost and structures rebuilt"

for nonsense in "--seed x" "--seed 5-3" "--steps 0" "--stacks 1" "--keeper paper" "--facilities 3" "--faults rain" "--break glass" more; do
    output=$("$sim" $nonsense 2>&1)
    ok $(($? != 64)) "refused: sim $nonsense"
done
echo "1..$tests"
exit $result
