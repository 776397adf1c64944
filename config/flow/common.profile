; What the three systems of flow.conf have in common. &SYSCLONE. is the
; system's number in two digits.

DEVICE LCS1 LCS E20
LINK   ETH1 ETHERNET 0 LCS1
HOME   10.1.0.1&SYSCLONE. ETH1

BEGINROUTES
  ROUTE 10.1.0.0/16 = ETH1 MTU 1500
ENDROUTES

IPCONFIG  DYNAMICXCF 192.168.49.1&SYSCLONE. 255.255.255.0 1
TCPCONFIG TIMEWAITINTERVAL 1
GLOBALCONFIG EXPLICITBINDPORTRANGE 20000 64

; A job's address may be any of the four cases of the patent, or none.
SOURCEIPA 10.1.9.1  APPA              ; a distributed DVIPA, CLUSTERPORTS
SOURCEIPA 10.1.9.2  APPB              ; one that gets CLUSTERPORTS late
SOURCEIPA 10.1.10.5 APPR              ; of a VIPARANGE with CLUSTERPORTS
SOURCEIPA 10.1.11.5 APPL              ; of one that gets them late
SOURCEIPA 10.1.9.4 APPW               ; a DVIPA of figure 8A
SOURCEIPA 10.1.12.5 APPV              ; of a VIPARANGE of figure 8A
SOURCEIPA 10.1.0.1&SYSCLONE. APPH     ; an address of this system's HOME
SOURCEIPA 10.1.0.99 APPX              ; nobody's

START LCS1
