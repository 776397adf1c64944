#!/usr/bin/env bash
# build/tests/story_end_to_end: the default Sysplex, figure 6 of the patent, with its story, as `make run` shows it: MVS2 fails
# under load and is IPLed again, then MVS1, the owner of DVA1. What the summary (--json), the consoles, the report and tuplecheck
# by itself say is checked. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
tests=0 failed=0

check() { # description command...
    local what=$1
    shift
    ((tests++))
    if "$@"; then
        echo "ok $tests - $what"
    else
        ((failed++))
        echo "not ok $tests - $what"
        printf '# %s\n' "$*"
        sed 's/^/# /' "$output/err" | tail -n 30
        sed -n '/"reasons"/,/\],$/s/^/# /p' "$output/json"
    fi
}

"$build/bin/sysplex" run --json --connections=600 --hold=150 >"$output/json" 2>"$output/err"
code=$?
value() { sed -n "s/^\t\"$1\":\t\"\{0,1\}\([^\",]*\).*/\1/p" "$output/json"; }
# What the summary says of the failure of a system: of_failure MVS2 recovered.
of_failure() { sed -n '/^\t"incidents"/,/^\t\t*}\],/p' "$output/json" | awk -v s="\"$1\"" -v k="\"$2\":" '
    $1 == "\"system\":" { on = index($2, s) } on && $1 == k { gsub(/[",]/, "", $2); print $2 }'; }
report=$(value report)
run=${report%/*}
said() { grep -q -- "$2" "$run/$1.console"; }
# The lines of time, a pattern each, come one after the other in the hardcopy log of all systems.
in_order() {
    awk -v patterns="$(printf '%s\n' "$@")" 'BEGIN { n = split(patterns, p, "\n"); i = 1 } i <= n && $0 ~ p[i] { i++ }
        END { if (i <= n) print "# missing: " p[i]; exit i <= n }' "$run/operlog"
}

check "the exit code says as expected" test "$code" = 0
check "the story was told to its end" test "$(value story)" = true
check "no collision" test "$(value collisions)" = 0
check "every connection of the last lives was answered" test "$(value answered)/$(value failed)" = 3600/0
check "the coupling facilities are valid" test "$(value cf_findings)" = 0
check "two systems failed" test "$(grep -c '"how":.*"killed"' "$output/json")" = 2
for system in MVS2 MVS1; do
    steps=()
    for step in partitioning partitioned ipl ready; do steps+=("$(of_failure $system $step)"); done
    check "$system: noticed, partitioned, IPLed, ready: ${steps[*]} ms after its death" test "${#steps[@]}" = "$(wc -w <<<"${steps[*]}")"
    check "$system: one after the other" test "${steps[0]}" -le "${steps[1]}" -a "${steps[0]}" -le "${steps[2]}" -a "${steps[2]}" -le "${steps[3]}"
done
audit() { sed 's/^[0-9:.]* //' "$run"/MVS?.console | awk '/^AUDIT OF PORTS/ { on = 1 } /RECORDS DISPLAYED/ { on = 0 } on && $1 ~ /^10\./ { n++; bad += $5 + $6 + $7 > 0 || NF != 8 } END { exit !n || bad }'; }
check "their ports are recovered: none is lost or owned twice" audit
check "the addresses of MVS1 are taken over by its backup" grep -q '"taken_over":.*"10.1.9.1 by MVS5"' "$output/json"
check "MVS2 fails, and is back" in_order "PARTITIONING IN PROGRESS FOR MVS2" "COMPLETED FOR MVS2" "MVS2 HAS JOINED THE SYSPLEX GROUP" "MVS2 .*APPA - ENDED"
check "then MVS1 fails, is taken over from, and takes its address back" in_order "MVS2 HAS JOINED" "PARTITIONING IN PROGRESS FOR MVS1" \
    "MVS5 .*EZZ8301I VIPA 10.1.9.1 TAKEN OVER FROM TCPIP ON MVS1" "MVS1 .*EZZ8302I VIPA 10.1.9.1 TAKEN BACK FROM TCPIP ON MVS5" "MVS1 .*APPA - ENDED"
for system in MVS1 MVS2 MVS4; do check "$system: APPA has done all" said $system "CFS101I APPA ENDED DONE=600 ANSWERED=600 FAILED=0"; done
for system in MVS2 MVS3 MVS5; do check "$system: APPB has done all" said $system "CFS101I APPB ENDED DONE=600 ANSWERED=600 FAILED=0"; done

for pair in MVS1/PAIRA MVS4/PAIRB; do
    check "$pair has connected to its partner, and it to it, from and to one address" \
        said "${pair%/*}" "CFS115I ${pair#*/} COMPLETE ANSWERED=20 SERVED=20 .* LAST FROM 10.1.9.1 "
done

check "the report is well-formed" xmllint --noout "$report"
check "it tells the verdict" grep -q '<section class="verdict"><strong>As expected' "$report"
has() { [[ $(xmllint --xpath "count($1)" "$report") == "$2" ]]; }
svg="*[local-name()='svg']"
check "it has the timeline, with a lane for each system" has "//*[@id='timeline']/$svg//*[@font-weight='bold']" 5
check "it has the plot of the ports, with a colour for each system" has "//*[@id='ports']/$svg/*[local-name()='path' and @stroke]" 5
check "it has a row for each system" has "//*[@id='systems']//*[local-name()='td'][1][starts-with(.,'MVS')]" 5
check "it has pictures of the dashboard" has "//*[@id='dashboard']//*[local-name()='img' and starts-with(@src,'data:image/png;base64,iVBOR')]" 2
check "the recording of the dashboard is of this Sysplex" test "$("$build/bin/cfdash" --replay "$run/dashboard.cfdash" --json | grep -c '"sysplex":.*"PLEX1"')" = 1
check "it has the checker's verdict" has "//*[@id='tuplecheck']/*[local-name()='pre' and contains(.,'unique: no 4-tuple was ever open from two images at once')]" 1
check "nothing in it is fetched from elsewhere" test -z "$(grep -oE '(src|href)="[a-z]+:[^"]*"' "$report" | grep -v 'src="data:')"

command=$(sed -n 's/^\$ //p' "$run/tuplecheck.txt")
(cd "$run" && PATH=$build/bin:$PATH && $command) >"$output/tuplecheck"
check "tuplecheck by itself, told of the images, says the same" diff "$output/tuplecheck" <(sed 1d "$run/tuplecheck.txt")
check "it calls them by their names" test "$(grep -c '^MVS[1-5] ' "$output/tuplecheck")" = 5

# Without CLUSTERPORTS there is no story to tell, but collisions.
"$build/bin/sysplex" run --json --clusterports=off --connections=600 --hold=300 >"$output/json" 2>"$output/err"
check "CLUSTERPORTS off: the exit code says as expected" test $? = 0
check "CLUSTERPORTS off: there are collisions" test "$(value collisions)" -gt 0
check "CLUSTERPORTS off: nobody fails" test "$(grep -c '"how"' "$output/json")" = 0
check "CLUSTERPORTS off: the report is well-formed" xmllint --noout "$(value report)"
check "CLUSTERPORTS off: it lists the collisions" grep -q 'opened by .* again by ' "$(value report)"

echo "1..$tests"
exit $((failed > 0))
