; PROFILE.TCPIP that all systems of the 32-way sysplex share. System
; symbols make the difference: &SYSCLONE. is the number of the system,
; 01 to 32, so that its address is 10.1.1.1 to 10.1.1.32.
DEVICE LCS1 LCS E20
LINK   ETH1 ETHERNET 0 LCS1
HOME   10.1.1.&SYSCLONE. ETH1
BEGINROUTES
  ROUTE 10.1.0.0/16 = ETH1 MTU 1500
ENDROUTES
IPCONFIG DYNAMICXCF 192.168.49.&SYSCLONE. 255.255.255.0 1
SOURCEIPA 10.1.9.1 APP*
START LCS1
