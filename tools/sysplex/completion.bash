# Completion of sysplex for bash: . tools/sysplex/completion.bash
# Systems and names are those of the Sysplexes that are up.

_sysplex_values() { # key of the JSON of sysplex status, at the depth of so many tabs
    "${COMP_WORDS[0]}" status --json 2>/dev/null | sed -n "s/^\t\{$2\}\"$1\":\t\"\([^\"]*\)\".*/\1/p"
}

_sysplex_systems() {
    "${COMP_WORDS[0]}" status --json 2>/dev/null | sed -n '/^\t*"systems":/,/^\t*}\],/s/^\t*"name":\t"\([^"]*\)".*/\1/p' | sort -u
}

_sysplex() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} subcommand=${COMP_WORDS[1]-} words=
    if ((COMP_CWORD == 1)); then
        words="run up status console cmd start obey kill stop ipl vary capture logs down clean --help"
    elif [[ $before == --name || $before == -n ]]; then
        words=$(_sysplex_values name 2)
    elif [[ $word == -* ]]; then
        words="--name --help"
        case $subcommand in
            run) words+=" --clusterports= --connections= --hold= --images= --kill= --commands= --keep --json --verbose" ;;
            up) words+=" --clusterports= --images= --capture --keep --verbose" ;;
            cmd | start) words+=" --wait --seconds" ;;
            status) words+=" --json" ;;
            ipl | down) words+=" --force" ;;
            logs) words+=" --follow" ;;
            clean) words="--help" ;;
        esac
    elif [[ $subcommand == run || $subcommand == up || ($subcommand == obey && $COMP_CWORD -gt 2) ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
    else
        case $subcommand in
            capture) words="start stop" ;;
            cmd | start) ((COMP_CWORD == 2)) && words="$(_sysplex_systems) all" ;;
            vary) if ((COMP_CWORD == 2)); then words=$(_sysplex_systems); else words=offline; fi ;;
            console | obey | kill | stop | ipl | logs) ((COMP_CWORD == 2)) && words=$(_sysplex_systems) ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _sysplex sysplex
