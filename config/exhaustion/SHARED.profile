; PROFILE.TCPIP that both systems share: all ports but 1,024 are kept
; for a job that is never started, so that the DVIPA soon has none left. A port rests for a second after
; its connection, in TIME_WAIT; then it can be given again.
DEVICE LCS1 LCS E20
LINK   ETH1 ETHERNET 0 LCS1
HOME   10.1.0.&SYSCLONE. ETH1
BEGINROUTES
  ROUTE 10.1.0.0/16 = ETH1 MTU 1500
ENDROUTES
IPCONFIG DYNAMICXCF 192.168.49.&SYSCLONE. 255.255.255.0 1
TCPCONFIG TIMEWAITINTERVAL 1
PORTRANGE 1024 63488 TCP NEVER
SOURCEIPA 10.1.9.1 APP*
START LCS1
