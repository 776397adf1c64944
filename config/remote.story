# It hangs while all connect. It must be at a standstill for ever when the others take what it had, and not go on after that.
all: S CONNGEN,PGM=CONNGEN,DEST=10.1.0.100,PORT=80,N=1000000,HOLD=300 => PROGRESS
stop MVS3
await MVS3 partitioned recovered
MVS1: => PROGRESS
cont MVS3
MVS1: => PROGRESS
ipl MVS3

# The operator removes it: it stops itself.
MVS3: S CONNGEN,PGM=CONNGEN,DEST=10.1.0.100,PORT=80,N=1000000,HOLD=300 => PROGRESS
MVS1: V XCF,MVS3,OFFLINE => IXC371D
MVS1: R 3,SYSNAME=MVS3 => IXC105I
await MVS3 partitioned recovered
ipl MVS3

# A coupling facility is lost: it does its part over the link to the other one.
MVS3: S CONNGEN,PGM=CONNGEN,DEST=10.1.0.100,PORT=80,N=1000000,HOLD=300 => PROGRESS
fail CF01
all: => REBUILD FOR STRUCTURE IXCSTR1 HAS BEEN COMPLETED
MVS3: D XCF,STR,STRNAME=EZBEPORT => CF02
MVS3: => PROGRESS

# Its machine fails.
kill MVS3
await MVS3 partitioned recovered
ipl MVS3
all: D TCPIP,,SYSPLEX,AUDIT => RECORDS DISPLAYED
