source guest-tests/cfs.sh
