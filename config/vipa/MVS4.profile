; MVS4 has no DVIPA but those of its VIPARANGE.
INCLUDE COMMON
