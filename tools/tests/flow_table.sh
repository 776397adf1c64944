# What the FLOW tests have in common: sums of counts, the table, a result per figure. Sourced, by bash.
. "$build/../tools/tests/tap.sh"

# Lines "SOURCE FIGURE BLOCK COUNT WHAT" from standard input, summed: the table as comments, with a column for each SOURCE of
# the arguments, then a result per figure.
flow_table() { # source...
    local rows
    rows=$(awk -v sources="$*" '
        { key = $2 " " $3; what = ""; for (i = 5; i <= NF; i++) what = what " " $i
          if (!(key in sum)) { order[n++] = key; text[key] = what }
          sum[key] += $4; by[key, $1] += $4 }
        END { columns = split(sources, column, " ")
              for (i = 0; i < n; i++) { k = order[i]; line = k " " sum[k]
                  for (c = 1; c <= columns; c++) line = line " " by[k, column[c]] + 0
                  print line text[k] } }')
    { echo "FIGURE BLOCK ALL $* WHAT"; echo "$rows"; } | awk -v columns=$# '
        { line = sprintf("# %-6s %5s", $1, $2); for (i = 3; i <= 3 + columns; i++) line = line sprintf(" %10s", $i)
          for (; i <= NF; i++) line = line " " $i
          print line (NR > 1 && $3 == 0 ? "   <-- NOT PASSED" : "") }'
    for figure in 2 3 4 5 7 8A 8B 9 10 11 12; do
        local blocks passed
        blocks=$(grep -c "^$figure " <<<"$rows")
        passed=$(awk -v f=$figure '$1 == f && $3 > 0' <<<"$rows" | wc -l)
        holds $((blocks > 0 && passed == blocks)) "figure $figure: $passed of $blocks blocks passed"
    done
}
