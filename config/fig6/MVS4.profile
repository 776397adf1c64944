; PROFILE.TCPIP of MVS4: the example of figure 6 of the patent.
;
;   MVS1 APPA        MVS2 APPA APPB   MVS3 APPB   MVS4 APPA   MVS5 APPB
;   owns DVA1                                                 owns DVB1
;
; DVA1 is 10.1.9.1, DVB1 is 10.1.9.2. &CLUSTERPORTS. is replaced at IPL
; by CLUSTERPORTS, CLUSTERPORTS BLOCKSIZE n, or nothing.

DEVICE LCS1 LCS E20
LINK   ETH1 ETHERNET 0 LCS1
HOME   10.1.0.4 ETH1

BEGINROUTES
  ROUTE 10.1.0.0/16 = ETH1 MTU 1500
ENDROUTES

IPCONFIG DYNAMICXCF 192.168.49.4 255.255.255.0 1

; A target of DVA1 only.
SOURCEIPA 10.1.9.1 APPA
; Not of the patent: two applications that connect to each other.
SOURCEIPA 10.1.9.1 PAIR*

START LCS1
