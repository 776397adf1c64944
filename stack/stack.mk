# The portable stack extension (host tests) and the image (guest).
include stack/profile.mk
include stack/core.mk
include stack/socket/socket.mk
include stack/sim/sim.mk
include stack/image/image.mk
include stack/native/native.mk
