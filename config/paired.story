# Each listens at its own port of 10.1.9.1 and connects to the other's, from a port that the sysplex assigns.
MVS1: S PAIRA,PGM=PAIR,ADDR=10.1.9.1,PORT=9001,PEER=9002,N=20
MVS2: S PAIRB,PGM=PAIR,ADDR=10.1.9.1,PORT=9002,PEER=9001,N=20 => PAIRB - ENDED
MVS1: => PAIRA COMPLETE ANSWERED=20 SERVED=20
MVS1: => PAIRA - ENDED
all: D A,L => JOBS 00000
