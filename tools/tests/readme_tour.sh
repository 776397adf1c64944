#!/usr/bin/env bash
# build/tests/readme_tour: the tour of README.md, word for word, in a place of its own: every command does what it should and says
# what stands below it (numbers may differ). And what the rest of README.md names is there: files, tools, options. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
tree=$(mktemp -d)
trap '"$tree/build/bin/sysplex" down --force >/dev/null 2>&1; rm -rf "$tree"' EXIT

shown="$tree/out"
mkdir -p "$tree/build"
cp -r "$build/bin" "$build/lib" "$build/guest" "$tree/build/"
cp -r "$build/../config" "$build/../README.md" "$tree/"
cd "$tree" || exit 1

# --- the tour -----------------------------------------------------------------------------------------------------------
# A line of output as a pattern: another time or count, other blanks between columns; figures of one digit are meant as they are.
pattern() {
    sed -E 's/[][().*+?^$|\\{}]/\\&/g; s/ +/ +/g; s/[0-9]+(\\\.[0-9]{2,})+/[0-9.]+/g; s/(^|[^0-9])[0-9]{2,}/\1[0-9]+/g' <<<"$1"
}
# says LINE...: the output has these lines, in this order.
says() {
    local from=1 line at
    for line in "$@"; do
        at=$(tail -n +$from out | grep -nE -m 1 -- "$(pattern "$line")" | cut -d: -f1)
        [[ -n $at ]] || { missing=$line; return 1; }
        ((from += at))
    done
}
# What systems say comes when it comes: such a command is given again, for a minute.
asks() { [[ $1 =~ ^build/bin/sysplex\ (cmd|logs|status) ]]; }
perform() { # command line...
    local command=$1 end=$((SECONDS + 60))
    shift
    until
        missing=
        bash -o pipefail -c "$command" >out 2>&1 </dev/null && says "$@"
    do
        if ! asks "$command" || ((SECONDS > end)); then
            [[ -z $missing ]] || echo "(missing: $missing)" >>out
            return 1
        fi
        sleep 0.1
    done
}

commands=() command=
step() { # the command before is complete with what it says
    [[ -z $command ]] || { perform "$command" "${lines[@]}"; result $? "$command"; commands+=("$command"); }
    command=$1 lines=()
}
while IFS= read -r line; do
    case $line in
    '        '*) lines+=("${line#        }") ;;
    '    '*) step "${line#    }" ;;
    esac
done < <(sed -n '/^## Ten minutes/,/^## Operate/p' README.md)
step ""
: >out
result $((${#commands[@]} < 10)) "the tour has its commands: ${#commands[@]}"
result $(($(grep -c '^!\[' <(sed -n '/^## Ten minutes/,/^## Operate/p' README.md)) < 4)) "and its pictures"
ls build/*.png build/plot.svg >out 2>&1
result $? "those that it draws are there"
! pgrep -x hercules >out
result $? "nothing is up after it"

# --- the rest of README.md ------------------------------------------------------------------------------------------------
while read -r file; do
    test -e "$build/../$file"
    result $? "README.md: there is $file"
done < <(grep -oE '\b(config|tools)/[a-zA-Z0-9_./-]*[a-zA-Z0-9_]' README.md | sort -u)
while read -r tool word options; do
    [[ $tool == sysplex ]] || word=
    code=0
    "build/bin/$tool" $word --help >out 2>&1 || code=1
    for option in $options; do grep -q -- "$option" out || code=1; done
    result $code "README.md: build/bin/$tool $word $options"
done < <(sed -nE 's/ #.*//; s,^    build/bin/,,p' README.md | awk '
    { options = ""; for (i = 2; i <= NF; i++) if (match($i, /^--[a-z-]+/)) options = options " " substr($i, 1, RLENGTH)
      print $1, $2 ~ /^[a-z]+$/ ? $2 : "--", options }' | sort -u)

end_results
