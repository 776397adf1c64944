#!/usr/bin/env bash
# cfdash as its user sees it: what it refuses, JSON, pictures, recordings, and the window on SDL's dummy screen.
set -u
cf=cfdash.$$.CF01
folder=$(mktemp -d)
trap 'build/bin/cfctl remove $cf >/dev/null 2>&1; rm -rf "$folder"' EXIT
count=0
result() { # result CODE DESCRIPTION: 0 is ok
    ((count++))
    if (($1 == 0)); then echo "ok $count - $2"; else echo "not ok $count - $2"; sed 's/^/# /' "$folder/out"; fi
}
refuses() { # refuses CODE TEXT ARGUMENT...: it ends with CODE and says TEXT
    local code=$1 text=$2
    shift 2
    timeout 60 build/bin/cfdash "$@" >"$folder/out" 2>&1 </dev/null
    [[ $? == "$code" ]] && grep -qF -- "$text" "$folder/out"
    result $? "refused: $text"
}
picture() { [[ $(head -c 8 "$1" | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a && $(stat -c %s "$1") -gt 5000 ]]; }

refuses 2 "there is no such coupling facility" no.such.CF99
refuses 2 "No such file" --replay /nonexistent
refuses 2 "this is no recording" --replay Makefile
refuses 64 "expected such as 1440x900" --size 12 --json
refuses 64 "expected one of overview, ports" --view nothing --json
refuses 64 "expected a number from 0 to 65535" --port 70000 --json
refuses 64 "expected one of --name, --replay and SEGMENT" --name A B
refuses 64 "expected nothing more" A B
truncate -s 1M /dev/shm/$cf
refuses 2 "this is not a coupling facility" $cf
rm /dev/shm/$cf

build/bin/cfctl create $cf --size 4M
build/bin/cfdash $cf --json >"$folder/out" && grep -q '"cfname":.*"CF01"' "$folder/out"
result $? "JSON of a facility that no sysplex command has made"
build/bin/cfdash $cf --screenshot "$folder/live.png" --after 0.7 --record "$folder/recording" >"$folder/out" 2>&1 && picture "$folder/live.png"
result $? "a picture without a display, recording meanwhile"
build/bin/cfdash --replay "$folder/recording" --screenshot "$folder/replay.png" --after 0 --view flow --scale 2 >"$folder/out" 2>&1 && picture "$folder/replay.png"
result $? "a picture of the recording"
timeout 60 build/bin/cfdash --replay "$folder/recording" --screenshot "$folder/end.png" --after 3600 >"$folder/out" && picture "$folder/end.png"
result $? "a picture of the end of the recording, at once"
build/bin/cfdash $cf --screenshot "$folder/told.png" --after 3600 --record "$folder/until" >"$folder/out" 2>&1 &
drawing=$!
while kill -0 $drawing 2>/dev/null && (($(stat -c %s "$folder/until" 2>/dev/null || echo 0) < 100)); do sleep 0.05; done
kill -TERM $drawing && wait $drawing && picture "$folder/told.png"
result $? "a picture when SIGTERM asks for it"
build/bin/cfdash --replay "$folder/recording" --json >"$folder/out" && grep -q '"cfname":.*"CF01"' "$folder/out"
result $? "JSON of the recording"
head -c 300 "$folder/recording" >"$folder/cut"
refuses 2 "frame 1 is damaged, cut off" --replay "$folder/cut"
refuses 2 "cannot write" $cf --screenshot /nonexistent/x.png --after 0
refuses 2 "cannot record to" $cf --record /nonexistent/x --json

SDL_VIDEODRIVER=dummy build/bin/cfdash $cf --record "$folder/window" >"$folder/out" 2>&1 &
window=$!
while kill -0 $window 2>/dev/null && (($(stat -c %s "$folder/window" 2>/dev/null || echo 0) < 100)); do sleep 0.05; done
kill -TERM $window && wait $window
result $? "the window comes up, reads, and leaves when it is told to"
SDL_VIDEODRIVER=none refuses 2 "cannot open a window" $cf
build/bin/cfctl check $cf >"$folder/out"
result $? "the facility is as it was"
echo "1..$count"
