#!/usr/bin/env bash
# build/tests/flow_host: every block of the patent's flowcharts passed in the host tests. Sums the FLOW counts that the test
# programs leave (flow_report.c), prints a table, fails if a block has not run. TAP on standard output.
# Within `make check` the runner names a directory for them (FLOW_COUNTS_DIR), and what has run since it began is not run
# again; by itself this test runs the programs.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/flow_table.sh"
programs=(sip core_clp core_vipa)
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT

for program in "${programs[@]}"; do
    counts=${FLOW_COUNTS_DIR:-$own}/$program
    code=0
    if [[ ! -s $counts ]]; then
        counts=$own/$program
        FLOW_COUNTS=$counts "$build/tests/$program" >"$own/tap" 2>&1
        code=$?
        ((code == 0)) || grep -v '^ok ' "$own/tap" | sed 's/^/# /'
    fi
    holds $((code == 0)) "$program has left its counts"
    sed "s/^/$program /" "$counts" >>"$own/all"
done

flow_table "${programs[@]}" <"$own/all"

# It can fail: with a block's counts taken away, its figure is not complete.
not_passed=$(sed 's/ 9 925 [0-9]* / 9 925 0 /' "$own/all" | (flow_table "${programs[@]}") | grep -c -e "9 *925 .*NOT PASSED" -e "^not ok .*figure 9:")
holds $((not_passed == 2)) "a block that has not run is told"
end_results
