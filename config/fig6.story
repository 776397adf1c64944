# What happens while the applications of fig6.conf connect: MVS2, where both run, fails and is IPLed again; then MVS1 fails, which
# owns DVA1: MVS5 is its backup. The summary of the run tells when each step was made.
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

# No port is lost, none is owned twice.
all: D TCPIP,,SYSPLEX,AUDIT => RECORDS DISPLAYED
