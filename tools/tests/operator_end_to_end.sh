#!/usr/bin/env bash
# build/tests/operator_end_to_end: every operator command, given to the images of a real Sysplex (config/vipa.conf): the shape of its
# answer, and what it has done; what is wrong gets the product's kind of answer. A leaked port that V TCPIP,,SYSPLEX,AUDIT
# finds and repairs. sysplex vary. TAP on standard output.
set -u
build=$(cd "$(dirname "$0")/.." && pwd)
. "$build/../tools/tests/tap.sh"
alone
output=$(mktemp -d)
name=operator-${output##*.}
trap '"$build/bin/sysplex" down --force --name "$name" >/dev/null 2>&1; rm -rf "$output"' EXIT

shown="$output/answer"
sysplex() { "$build/bin/sysplex" "$1" --name "$name" "${@:2}" </dev/null; }

# give CODE SYSTEM COMMAND PATTERN...: the exit code (0 answered, 1 refused), and each pattern stands in a line of the answer.
give() {
    local wanted=$1 system=$2 command=$3 code pattern missing=
    shift 3
    sysplex cmd "$system" "$command" >"$output/answer" 2>&1
    code=$?
    for pattern; do grep -qE -- "$pattern" "$output/answer" || missing+=" [$pattern]"; done
    [[ $code == "$wanted" && -z $missing ]]
    result $? "$system: $command${missing:+: missing$missing}"
}
ask() { give 0 "$@"; }
refused() { give 1 "$@"; }
# await SYSTEM COMMAND PATTERN: asked again and again, the answer has it within 30 s.
await() {
    for _ in {1..300}; do
        sysplex cmd "$1" "$2" >"$output/answer" 2>&1 && grep -qE -- "$3" "$output/answer" && break
        sleep 0.1
    done
    grep -qE -- "$3" "$output/answer"
    result $? "$1: $2: in the end it says $3"
}
answer() { cat "$output/answer"; }

"$build/bin/sysplex" up --name "$name" "$build/../config/vipa.conf" >"$output/answer" 2>&1 </dev/null
result $? "config/vipa.conf is up"

# --- the sysplex --------------------------------------------------------------------------------------------------------
ask MVS1 'D XCF' '^IXC334I +[0-9.]{8} +DISPLAY XCF$' '^ SYSPLEX ' '^    MVS4 *$'
ask MVS1 'D XCF,S,ALL' '^IXC335I ' '^ SYSTEM +NUMBER JOINED +STATUS TIME INTERVAL SYSTEM STATUS$' '^ MVS3 +3 [0-9.]{8} [0-9.]{8} +[0-9]+ ACTIVE$'
ask MVS1 'DISPLAY XCF,SYSPLEX,ALL' '^IXC335I '
ask MVS1 'D XCF,GROUP' '^IXC331I ' '^ +EZBTCPCS\(4\)$'
ask MVS1 'D XCF,G,EZBTCPCS' '^IXC332I ' '^ MVS2 +TCPIP +MVS2 +ACTIVE$'
ask MVS1 'D XCF,G,NONE' '^IXC333I NO GROUP NONE'
ask MVS1 'D XCF,COUPLE' '^IXC357I ' 'INTERVAL +CLEANUP' 'SIGNALLING STRUCTURE IXCSTR1'
ask MVS2 'SETXCF COUPLE,INTERVAL=6,CLEANUP=7' '^IXC309I .*INTERVAL=6 CLEANUP=7'
await MVS1 'D XCF,S,ALL' '^ MVS2 .* 6 ACTIVE'
refused MVS1 'SETXCF COUPLE,INTERVAL=0' '^IEE306I SETXCF +INVALID NUMERICS - INTERVAL=0, EXPECTED 1 TO'
refused MVS1 'SETXCF COUPLE' '^IEE311I SETXCF +PARAMETER MISSING'
refused MVS1 'SETXCF' '^IEE310I SETXCF +KEYWORD MISSING - EXPECTED '

# --- coupling facilities and structures -----------------------------------------------------------------------------------
ask MVS1 'D XCF,STR' '^IXC359I ' '^STRNAME +ALLOCATION TIME +STATUS +TYPE$' '^EZBEPORT +[0-9/]{10} [0-9:]{8} ALLOCATED +SERIALIZED LIST$'
ask MVS1 'D XCF,STR,STRNAME=EZBEPORT' '^IXC360I ' '^STRNAME: EZBEPORT$' '^  POLICY SIZE +: [0-9]+ K$' '^  CFNAME +: CF0[12]$' \
    '^  # CONNECTIONS  : 4$' '^ EZBTCPCSMVS3 +[0-9A-F]{2} [0-9A-F]{8} MVS3 +TCPIP +ACTIVE$'
ask MVS1 'D XCF,STR,STRNAME=EZB*' '^STRNAME: EZBEPORT$' '^STRNAME: EZBCRHT$'
test -z "$(answer | grep IXCSTR1 | grep STRNAME:)"
result $? "the asterisk leaves out what it does not fit"
ask MVS1 'D XCF,STR,STRNAME=ALL' '^STRNAME: EZBEPORT$' '^STRNAME: IXCSTR1$'
ask MVS1 'D XCF,STR,STRNAME=NONE' '^NO STRUCTURES MATCH THE SPECIFIED CRITERIA$'
ask MVS1 'D XCF,STR,STRNAME=NONE*' '^NO STRUCTURES MATCH THE SPECIFIED CRITERIA$'
refused MVS1 'D XCF,STR,STRNAME=' '^IEE311I D +PARAMETER MISSING - EXPECTED STRNAME=NAME'
ask MVS1 'D XCF,CF' '^IXC361I ' '^CF01 +0F00 +OPERATIONAL +[0-9]+ +[0-9]+$' '^CF02 '
ask MVS1 'D XCF,CF,CFNAME=CF02' '^IXC362I ' '^CFNAME: CF02$' '^  EZBEPORT$'
ask MVS1 'D XCF,CF,CFNAME=CF*' '^CFNAME: CF01$' '^CFNAME: CF02$'
ask MVS1 'D XCF,CF,CFNAME=CF09' '^NO COUPLING FACILITIES MATCH THE SPECIFIED CRITERIA$'
ask MVS1 'D CF' '^IXL150I ' '^NAMED CF01$' 'FREE SPACE: +[0-9]+ K' '^ CFLEVEL: [0-9]+'
ask MVS1 'D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT' '^IST097I DISPLAY ACCEPTED$' '^IST1370I 4 SYSTEMS ARE CONNECTED' '^IST1376I STORAGE ELEMENTS +[0-9]+ +[0-9]+ +[0-9]+$' '^IST314I END$'
ask MVS1 'D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=ALL' '^IST1834I LIST DVIPA ' '^IST1835I +[0-9]+ [0-9.]+$' '^IST1837I +MVS1 +TCPIP +[0-9]+$' '^IST1838I +DVIPA TOTALS +[0-9]+$'
refused MVS1 'D NET,STATS,TYPE=CFS,STRNAME=EZBEPORT,LIST=1024' '^IEE309I D +UNIDENTIFIABLE KEYWORD 1024 - EXPECTED LIST=ALL'
ask MVS1 'D NET,STATS,TYPE=CFS,STRNAME=NONE' '^IST1371I STRUCTURE NONE IS NOT ALLOCATED'
refused MVS1 'D NET,STATS,STRNAME=EZBEPORT' '^IEE311I D +PARAMETER MISSING - EXPECTED TYPE'
refused MVS1 'D NET,STATS,TYPE=VTAM,STRNAME=EZBEPORT' '^IEE309I D +UNIDENTIFIABLE KEYWORD VTAM - EXPECTED CFS'
ask MVS1 'SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=OTHER' '^IXC367I .* EZBEPORT WAS ACCEPTED'
await MVS1 'D XCF,STR,STRNAME=EZBEPORT' '^  CFNAME +: CF01$'
await MVS1 'D XCF,STR,STRNAME=EZBEPORT' '^ STATUS: ALLOCATED$'
refused MVS1 'SETXCF STOP,REBUILD,STRNAME=EZBEPORT' '^IXC367I .* EZBEPORT WAS REJECTED:$' '^ A REBUILD OR DUPLEXING IS IN THE WAY, OR THERE IS NONE TO STOP$'
ask MVS1 'SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=NORMAL' '^IXC367I .* EZBEPORT WAS ACCEPTED'
await MVS1 'D XCF,STR,STRNAME=EZBEPORT' '^  CFNAME +: CF02$'
await MVS1 'D XCF,STR,STRNAME=EZBEPORT' '^ STATUS: ALLOCATED$'
refused MVS1 'SETXCF START,REBUILD,STRNAME=EZBEPORT' '^IXC367I .* EZBEPORT WAS REJECTED:$' '^ NO COUPLING FACILITY IS PREFERRED TO CF02 WHERE IT IS'
refused MVS1 'SETXCF START,REBUILD,STRNAME=NONE' '^IXC367I .* NONE WAS REJECTED:$' '^ STRUCTURE IS NOT ALLOCATED$'
refused MVS1 'SETXCF START,REBUILD,STRNAME=EZBEPORT,LOCATION=HERE' '^IEE309I SETXCF +UNIDENTIFIABLE KEYWORD HERE - EXPECTED NORMAL OR OTHER'
refused MVS1 'SETXCF START,REBUILD' '^IEE311I SETXCF +PARAMETER MISSING - EXPECTED STRNAME'
ask MVS1 'SETXCF START,ALTER,STRNAME=EZBEPORT,SIZE=9216' '^IXC534I .* EZBEPORT COMPLETED. TARGET SIZE: 9216 K, CURRENT SIZE: 9216 K'
refused MVS1 'SETXCF START,ALTER,STRNAME=NONE,SIZE=9216' '^IXC533I .* NONE REJECTED: '

# --- TCP/IP ---------------------------------------------------------------------------------------------------------------
ask all 'S WEB,PGM=HTTPD,PORT=80' '^MVS[1-4] +IEF403I WEB - STARTED$'
ask MVS4 'S HELD,PGM=CONNGEN,DEST=10.1.9.1,PORT=80,N=1000000,HOLD=40,PARALLEL=4' '^IEF403I HELD - STARTED$'
ask MVS1 'D TCPIP,,SYSPLEX,VIPADYN' '^EZZ8260I SYSPLEX CS ' '^VIPA DYNAMIC DISPLAY FROM TCPIP +AT MVS1$' '^IPADDR: 10.1.9.1 +LINKNAME: VIPL0A010901$' \
    '^  TCPIP +MVS1 +ACTIVE +255.255.0.0 +10.1.0.0 +BOTH$' '^  TCPIP +MVS2 +BACKUP +[0-9]+ ' '^[0-9]+ OF [0-9]+ RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,SYSPLEX,VIPADYN,MAX=1' '^1 OF [0-9]+ RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,SYSPLEX,VIPADYN,IPADDR=10.1.9.2,MAX=*' '^IPADDR: 10.1.9.2 '
test "$(answer | grep -c IPADDR:)" = 1
result $? "it is the only address that is shown"
refused MVS1 'D TCPIP,,SYSPLEX,VIPADYN,IPADDR=10.1.9' '^IEE309I D +UNIDENTIFIABLE KEYWORD 10.1.9 - EXPECTED IPADDR=IPADDR'
ask MVS1 'D TCPIP,,SYSPLEX,GROUP' '^EZZ8270I SYSPLEX GROUP FOR TCPIP AT MVS1 IS EZBTCPCS$'
ask MVS1 'D TCPIP,,SYSPLEX,PORTS' '^PORTS DISPLAY FROM TCPIP AT MVS1$' '^10.1.9.1 +BITMAP +64 +[0-9]+ +[0-9]+ +[0-9]+$' 'AVAILABLE IN THE SYSPLEX$'
ask MVS1 'D TCPIP,,SYSPLEX,PORTS,LOG,MAX=5' '^PORTS DISPLAY FROM TCPIP AT MVS1$' 'RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.9.1,PORT=5000' '^IPADDR: 10.1.9.1  PORT: 5000$' 'OF 0 RECORDS DISPLAYED$'
refused MVS1 'D TCPIP,,SYSPLEX,PORTS,DVIPA=10.1.9.1' '^IEE311I D +PARAMETER MISSING - EXPECTED PORT=NUMBER'
ask MVS1 'D TCPIP,,NETSTAT,VIPADCFG' '^EZD0101I NETSTAT CS ' '^  VIPA Define:$' '^    IpAddr/PrefixLen: 10.1.9.1/16$' '^    Dest: 10.1.9.1..80$' '^([0-9]+) OF \1 RECORDS DISPLAYED$' '^END OF THE REPORT$'
ask MVS1 'D TCPIP,,NETSTAT,VIPADCFG,MAX=2' '^2 OF [0-9]+ RECORDS DISPLAYED$'
test "$(answer | grep -cE '^    (IpAddr|Dest)')" = 2
result $? "and two records it is"
ask MVS1 'D TCPIP,,NETSTAT,VIPADYN' '^10.1.9.1 +255.255.0.0 +ACTIVE +VIPADEFINE +DIST/DEST$' '^END OF THE REPORT$'
ask MVS1 'D TCPIP,,NETSTAT,SRCIP' '^Job Name +Type +Flg +Source$' '^END OF THE REPORT$'
await MVS1 'D TCPIP,,NETSTAT,VDPT' '^10.1.9.1 +00080 192.168.49.10[123] +001 0*[1-9][0-9]* '
ask MVS1 'D TCPIP,,NETSTAT,VDPT,DETAIL,MAX=1' '^  DISTMETHOD: ROUNDROBIN +ACTCONN: [0-9]+$' '^1 OF [0-9]+ RECORDS DISPLAYED$'
await MVS1 'D TCPIP,,NETSTAT,VCRT,MAX=3' '^3 OF [0-9]+ RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,NETSTAT,VCRT,DETAIL' '^10.1.9.1 +00080 [0-9.]+ +[0-9]{5} 192.168.49.10[123]$' '^  MVSNAME: MVS[123] +STATE: '
ask MVS1 'D TCPIP,,NETSTAT,CONN,MAX=2' '^USER ID +LOCAL SOCKET +FOREIGN SOCKET +STATE$' '^2 OF [0-9]+ RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,NETSTAT,CONN,PORT=80,MAX=*' '^WEB +0.0.0.0..80 +0.0.0.0..0 +LISTEN$'
ask MVS1 'D TCPIP,,NETSTAT,HOME' '^LinkName: +ETH1$' '^  Address: +10.1.0.101$' '^ +Flags: +Primary$'
ask MVS1 'D TCPIP,,NETSTAT,HOME,MAX=1' '^1 OF [0-9]+ RECORDS DISPLAYED$'
ask MVS1 'D TCPIP,,NETSTAT,STATS' '^TCP STATISTICS$' 'CONFIGURED EPHEMERAL PORTS +='
ask MVS1 'D TCPIP,,FLOW,9' '^EZD0101I FLOW CS TCPIP$' '^9 +945 +[0-9]+ ' '^END OF THE REPORT$'
refused MVS1 'D TCPIP,,FLOW,6' '^IEE309I D +UNIDENTIFIABLE KEYWORD 6 - EXPECTED 2, 3, '
refused MVS1 'D TCPIP,,NETSTAT,HOME,MAX=0' '^IEE306I D +INVALID NUMERICS - MAX=0, EXPECTED 1 TO 65535'
refused MVS1 'D TCPIP,,NETSTAT,NONSENSE' '^IEE309I D +UNIDENTIFIABLE KEYWORD NONSENSE - EXPECTED '
refused MVS1 'D TCPIP,,NETSTAT' '^IEE310I D +KEYWORD MISSING - EXPECTED '

# --- profiles -------------------------------------------------------------------------------------------------------------
printf 'PORT\n  7000 TCP RESERVED\n  7001 TCP WEB\nVIPADYNAMIC\n  VIPADEFINE 255.255.0.0 10.1.9.77\nENDVIPADYNAMIC\n' >"$output/more.profile"
sysplex obey MVS4 "$output/more.profile" >"$output/answer" 2>&1
result $? "V TCPIP,,OBEYFILE by sysplex obey"
answer | grep -qE '^EZZ0053I '
result $? "it says EZZ0053I"
ask MVS4 'D TCPIP,,NETSTAT,PORTLIST' '^Port# Prot User ' '^07000 TCP +RESERVED' '^2 OF 2 RECORDS DISPLAYED$'
ask MVS4 'D TCPIP,,NETSTAT,PORTLIST,MAX=1' '^1 OF 2 RECORDS DISPLAYED$'
await MVS1 'D TCPIP,,SYSPLEX,VIPADYN,MAX=*' '^IPADDR: 10.1.9.77'
ask MVS4 'V TCPIP,,SYNTAXCHECK,MORE' '^EZZ0061I SYNTAX CHECK OF MORE BEGINS$' '^EZZ0309I ' '^EZZ0065I SYNTAX CHECK OF MORE COMPLETE, 0 ERRORS$'
printf 'VIPADYNAMIC\n  VIPADEFINE 255.255.0.0 10.1.9.78 FROB\nENDVIPADYNAMIC\n' >"$output/wrong.profile"
sysplex obey MVS4 "$output/wrong.profile" >"$output/answer" 2>&1
test $? = 1
result $? "sysplex obey: a profile with an error is refused"
refused MVS4 'V TCPIP,,SYNTAXCHECK,WRONG' '^EZZ0318I FROB WAS FOUND ON LINE 2 AND ' '^EZZ0065I SYNTAX CHECK OF WRONG COMPLETE, 1 ERROR'
refused MVS4 'V TCPIP,,SYNTAXCHECK,NONE' '^EZZ0060I PROCESSING COMMAND: VARY TCPIP,,SYNTAXCHECK,NONE$' '^EZZ0301I SYNTAXCHECK FILE NONE CANNOT BE READ'
refused MVS4 'V TCPIP,,OBEYFILE,NONE' '^EZZ0060I PROCESSING COMMAND: VARY TCPIP,,OBEYFILE,NONE$' 'CANNOT BE READ'
refused MVS4 'V TCPIP,,OBEYFILE' '^IEE311I V +PARAMETER MISSING'

# --- DVIPAs are moved -----------------------------------------------------------------------------------------------------
ask MVS1 'V TCPIP,,SYSPLEX,DEACTIVATE,DVIPA=10.1.9.2' '^EZZ0060I ' '^EZZ0053I '
await MVS2 'D TCPIP,,NETSTAT,VIPADYN' '^10.1.9.2 +255.255.0.0 +ACTIVE +VIPABACKUP'
refused MVS1 'V TCPIP,,SYSPLEX,DEACTIVATE,DVIPA=10.1.9.2' '^EZZ0059I .*IN THAT STATE ALREADY'
ask MVS1 'V TCPIP,,SYSPLEX,REACTIVATE,DVIPA=10.1.9.2' '^EZZ0053I '
refused MVS1 'V TCPIP,,SYSPLEX,DEACTIVATE,DVIPA=10.1.9.99' '^EZZ0059I .*NO VIPADEFINE OR VIPABACKUP'
refused MVS1 'V TCPIP,,SYSPLEX,DEACTIVATE' '^IEE311I V +PARAMETER MISSING - EXPECTED DVIPA=IPADDR'
ask MVS2 'V TCPIP,,SYSPLEX,QUIESCE,PORT=80' '^EZZ0053I '
await MVS1 'D TCPIP,,NETSTAT,VDPT' '^10.1.9.1 +00080 192.168.49.102 +000 '
ask MVS2 'V TCPIP,,SYSPLEX,RESUME,PORT=80' '^EZZ0053I '
await MVS1 'D TCPIP,,NETSTAT,VDPT' '^10.1.9.1 +00080 192.168.49.102 +001 '
refused MVS2 'V TCPIP,,SYSPLEX,QUIESCE' '^IEE311I V +PARAMETER MISSING - EXPECTED TARGET OR PORT=NUMBER'
ask MVS3 'V TCPIP,,SYSPLEX,LEAVEGROUP' '^EZZ0053I '
ask MVS3 'D TCPIP,,SYSPLEX,VIPADYN' '^EZZ8269I TCPIP IS NOT A MEMBER OF A SYSPLEX GROUP$'
ask MVS3 'V TCPIP,,SYSPLEX,JOINGROUP' '^EZZ0053I '
await MVS3 'D TCPIP,,SYSPLEX,VIPADYN' '^  TCPIP +MVS3 '

# --- jobs -----------------------------------------------------------------------------------------------------------------
ask MVS4 'D A,L' '^IEE114I DISPLAY ACTIVITY$' '^ JOBS 00002$' '^ HELD +CONNGEN +STC[0-9]{5} HELD +OWT$'
ask MVS4 'D A,WE*' '^ WEB +HTTPD '
test -z "$(answer | grep HELD)"
result $? "the asterisk leaves out the other job"
ask MVS4 'D A,NONE' '^ NONE NOT FOUND$'
ask MVS4 'P HELD'
await MVS4 'D A,L' '^ JOBS 00001$'
ask MVS4 'C WEB' '^IEF404I WEB - ENDED$'
refused MVS4 'P NONE' '^IEE341I NONE +NOT ACTIVE$'
refused MVS4 'C' '^IEE311I C +PARAMETER MISSING - EXPECTED NAME OF THE JOB'
refused MVS4 'S' '^IEE31[01]I S '
refused MVS4 'S X,PGM=NONE' '^IEE122I START COMMAND JCL ERROR, PGM=NONE IS NOT A PROGRAM'
refused MVS4 'S X,PGM=CONNGEN' '^IEF452I X - JOB NOT RUN - PARAMETER ERROR$' '^ CONNGEN TAKES DEST='
ask MVS4 'HELP' '^COMMANDS: ' '^  D XCF,STR +\[,STRNAME=' '^  V TCPIP,,SYSplex,AUDIT '
cp "$output/answer" "$output/help"
for command in $(sed -nE 's/^  ([A-Z][^ ]*( [A-Z][^ ]*)?) .*/\U\1/p' "$output/help" | tr ' ' _); do
    pattern=${command/#D_/D(ISPLAY)? }
    grep -qE "(ask|refused|await) [A-Za-z0-9]+ '${pattern//_/ }\\b" "$0" || [[ $command == Z_EOD ]]
    result $? "${command//_/ }, of which HELP tells, is given in this test"
done

# --- what is no command ---------------------------------------------------------------------------------------------------
refused MVS4 'FROB' '^IEE305I FROB +COMMAND INVALID$'
refused MVS4 'D' '^IEE310I D +KEYWORD MISSING - EXPECTED '
refused MVS4 'D FROB' '^IEE309I D +UNIDENTIFIABLE KEYWORD FROB - EXPECTED '
refused MVS4 "D XCF,S,'ALL" '^IEE307I D +DELIMITER ERROR'
refused MVS4 "D XCF,STR$(printf ',%s' {1..40})" '^IEE308I D +TERM LENGTH ERROR - AT MOST [0-9]+ OPERANDS$'
refused MVS4 'D XCF,CF,FROB=1' '^IEE309I D +UNIDENTIFIABLE KEYWORD FROB - EXPECTED CFNAME$'

# --- a port that is in no map: found, and put back ------------------------------------------------------------------------
sound='^10.1.9.1 +[0-9]+ +[0-9]+ +0 +0 +0 +0 +0$'
ask MVS1 'D TCPIP,,SYSPLEX,AUDIT' '^AUDIT OF PORTS FROM TCPIP AT MVS1$' '^IPADDR +POOL +OWNED SHARED DIFFERENCES DOUBLES LEAKED REPAIRED$' "$sound"
pool=$(answer | awk '$1 == "10.1.9.1" { print $2 }')
segment=$(sysplex status --json | sed -n 's/.*"segment":.*"\(.*\)".*/\1/p' | head -n 1)
"$build/tests/plant_leak" "$segment" 10.1.9.1 61111 >"$output/answer" 2>&1
result $? "a port is taken out of the pool of 10.1.9.1, and nobody gets it"
ask MVS2 'D TCPIP,,SYSPLEX,AUDIT' '^10.1.9.1 +[0-9]+ +[0-9]+ +0 +0 +0 +1 +0$'
ask MVS2 'V TCPIP,,SYSPLEX,AUDIT' '^10.1.9.1 +[0-9]+ +[0-9]+ +0 +0 +0 +1 +1$'
ask MVS3 'D TCPIP,,SYSPLEX,AUDIT' "^10.1.9.1 +$pool +[0-9]+ +0 +0 +0 +0 +0\$"
refused MVS1 'V TCPIP,,SYSPLEX,AUDIT,NOW' '^IEE309I V +UNIDENTIFIABLE KEYWORD NOW - EXPECTED NO MORE OPERANDS'

# --- systems leave --------------------------------------------------------------------------------------------------------
refused MVS1 'V XCF,MVS1,OFFLINE' '^IXC372I VARY XCF REJECTED FOR MVS1: GIVE IT ON ANOTHER SYSTEM$'
refused MVS1 'V XCF,MVS9,OFFLINE' '^IXC372I VARY XCF REJECTED FOR MVS9: NOT AN ACTIVE SYSTEM'
refused MVS1 'V XCF,MVS3' '^IEE311I V +PARAMETER MISSING - EXPECTED OFFLINE'
ask MVS1 'V XCF,MVS3,OFFLINE' '^\*03 IXC371D CONFIRM REQUEST TO VARY SYSTEM MVS3 OFFLINE. REPLY SYSNAME=MVS3'
refused MVS1 'R 3,SYSNAME=MVS2' '^IXC373I SYSNAME=MVS2 IS NOT THE SYSTEM'
ask MVS1 'R 3,C' '^IXC374I VARY XCF CANCELLED$'
refused MVS1 'R 3,C' '^IEE700I REPLY ID NOT OUTSTANDING$'
ask MVS1 'V XCF,MVS3,OFFLINE' '^\*03 IXC371D '
ask MVS1 'R 3,SYSNAME=MVS3'
await MVS1 'D XCF,GROUP' 'EZBTCPCS\(3\)'
sysplex vary MVS2 online >"$output/answer" 2>&1
test $? = 64
result $? "sysplex vary: to anything but offline is wrong usage"
sysplex vary MVS2 offline >"$output/answer" 2>&1
result $? "sysplex vary MVS2 offline"
ask MVS1 'D XCF,GROUP' 'EZBTCPCS\(2\)'
sysplex vary MVS2 offline >"$output/answer" 2>&1
test $? = 1
result $? "sysplex vary: a system that is not there any more"
sysplex ipl --force MVS2 >"$output/answer" 2>&1
result $? "sysplex ipl --force brings it back"
await MVS1 'D XCF,S,ALL' '^ MVS2 .*ACTIVE$'
sysplex stop MVS4 >"$output/answer" 2>&1 && answer | grep -q '^IEE334I HALT EOD SUCCESSFUL'
result $? "MVS4: Z EOD, given by sysplex stop"
await MVS1 'D XCF,GROUP' 'EZBTCPCS\(2\)'

end_results
