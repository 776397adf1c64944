; PROFILE.TCPIP of MVS3: three images that share one source address.
;
;            MVS1         MVS2         MVS3        outside server
;         10.1.0.1     10.1.0.2     10.1.0.3        10.1.0.100
;            |            |            |                |
;         ---+------------+------------+----------------+--- 10.1/16
;
; 10.1.9.1, in the same subnet, is a dynamic VIPA (DVIPA) that belongs
; to the sysplex, not to an adapter. MVS1 owns it: it answers ARP for
; it. All three connect out from it, and what comes back to MVS1 for a
; connection of another image is passed on over dynamic XCF.
;
; &SYSNAME. is this image's name. &CLUSTERPORTS. is replaced at IPL:
;   CLUSTERPORTS               ports come from the sysplex, 64 at a time
;   CLUSTERPORTS BLOCKSIZE 1   one at a time, each a trip to the CF
;   nothing                    every stack picks for itself: two images
;                              will open the same connection

; The adapter, an LCS at E20 and E21, and its link to the LAN.
DEVICE LCS1 LCS E20
LINK   ETH1 ETHERNET 0 LCS1
HOME   10.1.0.3 ETH1

; Everything of 10.1/16 is on the link itself: no gateway.
BEGINROUTES
  ROUTE 10.1.0.0/16 = ETH1 MTU 1500
ENDROUTES

; The address under which the other stacks of the sysplex reach this
; one, through the coupling facility.
IPCONFIG DYNAMICXCF 192.168.49.3 255.255.255.0 1

; No VIPADYNAMIC: MVS3 is a target of the DVIPA and learns all about it
; from the stack that distributes it, MVS1.

; Jobs whose names begin with CONNGEN connect out from the DVIPA.
SOURCEIPA 10.1.9.1 CONNGEN*

START LCS1
