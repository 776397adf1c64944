#!/usr/bin/env bash
# build/tests/cfdash_window: the window of cfdash on an X display without a screen (Xvfb), over a Sysplex that works: what each view
# shows, keys, mouse, pause, another size, the picture key. What was seen is kept, build/check/cfdash-window-*.png, for people to look at.
# TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
folder=$(mktemp -d)
name=window
pictures=$build/check
mkdir -p "$pictures"
cd "$folder" || exit 1

shown=out
user() { # DESCRIPTION STEP...: of build/tests/screen
    printf '%s\n' "window cfdash" "${@:2}" | "$build/tests/screen" >out 2>&1
    result $? "$1"
}
sysplex() { "$build/bin/sysplex" "$1" --name "$name" "${@:2}" </dev/null; }

"$build/bin/sysplex" up --name "$name" "$build/../config/twoway.conf" >out 2>&1 </dev/null
result $? "two systems are up"
sysplex start all APPA PGM=CONNGEN DEST=10.1.0.100 N=1000000 HOLD=100 RATE=100 >out 2>&1
result $? "and work"
mkfifo number
Xvfb -displayfd 3 -screen 0 1600x1000x24 -nolisten tcp >xvfb 2>&1 3>number &
xvfb=$!
read -r number <number
export DISPLAY=:$number SDL_VIDEODRIVER=x11
"$build/bin/cfdash" --name "$name" --size 1440x900 >cfdash 2>&1 &
cfdash=$!

# Colours: blue MVS1, orange MVS2 (also: paused, passed a moment ago), green what is well; the ground of ports that are available.
blue=56B4E9 orange=E69F00 green=009E73 available=232B35 panel=1B2129 state="1100 0 200 44"
user "overview: both systems, active, live" "has $blue 300" "has $orange 300" "has $green 100" "has $green 20 $state" "save $pictures/cfdash-window-overview.png"
user "2: the port map, with ports of both systems" "key 2" "has $available 300000" "has $blue 2000" "has $orange 2000" "save $pictures/cfdash-window-ports.png"
user "the mouse over the map: a note; away: none" "move 460 400" "has $panel 3000 476 416 190 46" "move 20 880" "none $panel 476 416 190 46"
user "3: the flowcharts, passed now" "key 3" "none $available" "has $orange 1000" "save $pictures/cfdash-window-flow.png"
user "4: members, connections" "key 4" "has $green 200" "has $blue 100" "save $pictures/cfdash-window-locks.png"
user "5: events" "key 5" "none $blue 0 60 1440 800" "has $green 50" "save $pictures/cfdash-window-events.png"
user "space: paused; a step back; End: live again" "key space" "has $orange 20 $state" "key comma" "has $orange 20 $state" "key End" "none $orange $state" \
    "has $green 20 $state"
user "a tab is clicked" "click 230 22" "has $available 300000"
user "another size: the map fits it" "size 1100 700" "has $available 100000" "size 1500 940" "has $available 300000"
user "h: help, and away again" "key h" "key h" "has $available 300000"
user "s: a picture in the working directory" "key s" "has $available 300000"
is_png() { [[ $(head -c 8 cfdash-*.png 2>/dev/null | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a ]]; }
for _ in {1..600}; do is_png && break; sleep 0.1; done
is_png
result $? "it is a PNG"
user "q" "key q"
wait $cfdash
code=$?
cp cfdash out
result $code "leaves"
test ! -s cfdash
result $? "it has complained of nothing"

sysplex down >out 2>&1
result $? "the Sysplex goes down in order"
kill $xvfb
wait $xvfb
rm -rf "$folder"
end_results
