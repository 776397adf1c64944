# What happens while the applications of fig6.conf connect: MVS2, where both run, fails and is IPLed again; then MVS1 fails, which
# owns DVA1: MVS5 is its backup. At last two applications connect to each
# other. The summary of the run tells when each step was made.
wait 20%
kill MVS2
await MVS2 partitioned
ipl MVS2
jobs MVS2

wait 50%
kill MVS1
await MVS1 partitioned takeover
MVS5: D TCPIP,,SYSPLEX,VIPADYN => RECORDS DISPLAYED

# It takes its address back.
ipl MVS1
jobs MVS1

# Two applications that connect to each other, each from and to that one address: on the system that has it, and on another. A port
# that one of them is bound to is its system's.
MVS1: S PAIRA,PGM=PAIR,ADDR=10.1.9.1,PORT=9001,PEER=9002,BIND=10.1.9.1
MVS4: S PAIRB,PGM=PAIR,ADDR=10.1.9.1,PORT=9002,PEER=9001,BIND=10.1.9.1 => PAIRB COMPLETE ANSWERED=20 SERVED=20
MVS1: => PAIRA COMPLETE ANSWERED=20 SERVED=20

# No port is lost, none is owned twice.
all: D TCPIP,,SYSPLEX,AUDIT => RECORDS DISPLAYED
