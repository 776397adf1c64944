; A target of the DVIPAs of MVS1.
INCLUDE COMMON
