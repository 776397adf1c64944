source guest-tests/cfs.sh
devices+=("000E 1403 printer")

# The guest's word is the sign for another process to take the structure for longer than a command waits for it.
on_line() { [[ $1 == '# HOLD' ]] && "$root/build/tests/cfs_hold" hold "$segment" GUESTTEST 600 & }
