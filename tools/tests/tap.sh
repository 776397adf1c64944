# What the scripts that write TAP have in common. Sourced, by bash: . "$build/../tools/tests/tap.sh"
tests=0 failed=0
shown=                          # a file that is shown below a result that failed

# Begin anew in a world of its own: whatever happens to the script, what it has started ends with it, and nothing that others on
# this machine leave or run in /dev/shm is seen.
alone() {
    [[ -n ${ALONE-} ]] ||
        exec unshare --pid --fork --kill-child --mount-proc env ALONE=1 bash -c 'mount -t tmpfs -o mode=1777 none /dev/shm && exec "$0"' "$0"
}

result() { # code description
    ((tests++))
    if (($1 == 0)); then
        echo "ok $tests - $2"
        return
    fi
    ((failed++))
    echo "not ok $tests - $2"
    [[ -z $shown ]] || sed 's/^/# /' "$shown"
}

holds() { # condition description
    result $((!($1))) "$2"
}

end_results() {
    echo "1..$tests"
    exit $((failed > 0))
}
