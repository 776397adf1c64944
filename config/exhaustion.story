# Few ports are left: the systems warn, and connections that get none fail; no port is ever given twice.
MVS1: S APPA,PGM=CONNGEN,DEST=10.1.0.100,N=700,HOLD=700
MVS2: S APPA,PGM=CONNGEN,DEST=10.1.0.100,N=700,HOLD=700
all: => APPA - ENDED

wait 2.5

# What was given back is there again: the same number of connections as there are ports, one system after the other.
MVS1: S APPB,PGM=CONNGEN,DEST=10.1.0.100,N=400,HOLD=400 => ANSWERED=400
MVS2: S APPC,PGM=CONNGEN,DEST=10.1.0.100,N=400,HOLD=400 => ANSWERED=400
all: D TCPIP,,NETSTAT,STATS => END OF THE REPORT
