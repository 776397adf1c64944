# The host side of net.c: the other end of the LAN adapter, with the address 10.1.0.100 and a web server, in a network
# namespace of its own. Each function is a step that the guest asks for with "HOST function".
network=yes
limit=120
quiet='^HOST '
home=10.1.0.7 vipa=10.1.9.1 guest_mac=02:00:00:00:00:07 tap=

before() {
    devices+=("000C 3505 $dir/reader.sock sockdev ascii trunc intrq" "0E20-0E21 LCS -o $dir/oat")
    # Type PRI takes the frames of every address; an address here would limit it to that one.
    printf '0E20 IP 00 PRI\nHWADD 00 02:00:00:00:01:07\n' >oat
    ip link set lo up
    ulimit -n 8192 2>/dev/null || ulimit -n "$(ulimit -Hn)"
    mkdir html && head -c 2000 /dev/zero | tr '\0' x >html/index.html
    cat >nginx.conf <<END
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/error.log;
events { worker_connections 4096; }
http { access_log $dir/access.log; server { listen 80; root $dir/html; } }
END
    setpriv --pdeathsig TERM "$(PATH=$PATH:/usr/sbin command -v nginx)" -p "$dir" -c nginx.conf 2>nginx.log &
    began=${EPOCHREALTIME/./}
}

on_line() {
    case $1 in
    HHCLC073I*) tap=${1#*TAP device }; tap=${tap%% *} ;;
    READY) link_up; note "READY $(((${EPOCHREALTIME/./} - began) / 1000)) ms after the start of Hercules" ;;
    'HOST '*) "${1#HOST }"; echo DONE | "$root/build/bin/card" reader.sock ;;
    esac
}

# Not before the LAN has been started: Hercules then sets the address of the adapter to nothing.
link_up() {
    sysctl -qw "net.ipv6.conf.$tap.disable_ipv6=1" "net.ipv4.neigh.$tap.locktime=0" 2>/dev/null
    ip address add 10.1.0.100/16 dev "$tap"
    ip link set "$tap" up
}

answers() { "$root/build/bin/echo" "$1" "${2:-3}" "${3:-56}" 20000; }
silent() { ! "$root/build/bin/echo" "$1" 1 56 400; }
mac_of() { ip neigh show "$1" dev "$tap"; ip neigh show "$1" dev "$tap" | grep -q "lladdr $2"; }
greets() { [[ $(timeout 3 cat <"/dev/tcp/$1/7000") == 'HELLO FROM THE GUEST' ]]; }

ping_home() {
    result answers $home -- "the host gets answers to its pings"
    result mac_of $home $guest_mac -- "from the MAC address of the system number"
    result answers $home 2 4000 -- "also to pings in fragments"
    note "ping: $(answers $home 200)"
}
connect_home() { result greets $home -- "the guest accepts a connection"; }
ping_vipa() {
    result answers $vipa -- "an advertised VIPA answers"
    result mac_of $vipa $guest_mac -- "with the MAC address of its owner"
}
vipa_was_source() { result grep -q "^$vipa " access.log -- "the server saw the VIPA"; }
connect_vipa() { result greets $vipa -- "the VIPA accepts a connection"; }
echo_replies() { awk '$1 == "Icmp:" && n++ == 0 { for (i = 2; i <= NF; i++) if ($i == "InEchoReps") f = i; next } $1 == "Icmp:" { print $f }' /proc/net/snmp; }
count_echo_replies() { echo_replies_before=$(echo_replies); }
one_more_reply() {
    local end=$((SECONDS + 10))
    until (($(echo_replies) > echo_replies_before)) || ((SECONDS >= end)); do sleep 0.01; done
    echo "echo replies: $echo_replies_before before, $(echo_replies) now"
    (($(echo_replies) == echo_replies_before + 1))
}
echo_reply_came() { result one_more_reply -- "a ping that came over XCF is answered on the LAN"; }
vipa_is_silent() {
    ip neigh flush dev "$tap"
    result silent $vipa -- "a hidden VIPA does not answer ARP"
}
vipa_accepts() {
    ip neigh replace $vipa lladdr $guest_mac nud permanent dev "$tap"
    result answers $vipa -- "but accepts packets and answers them"
    ip neigh del $vipa dev "$tap"
}
vipa_is_elsewhere() { ip neigh replace $vipa lladdr 02:00:00:00:00:63 nud reachable dev "$tap"; }
vipa_has_moved() {
    result mac_of $vipa $guest_mac -- "the gratuitous ARP of the new owner has moved the neighbour entry"
    result answers $vipa -- "and it answers"
}
vipa_is_gone() {
    ip neigh replace $vipa lladdr $guest_mac nud permanent dev "$tap"
    result silent $vipa -- "a removed VIPA does not answer at all"
}
