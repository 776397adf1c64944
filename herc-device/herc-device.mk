# The Hercules plugin hdtcfs.so: device type CFS and the instruction CFMSG.
#
# Compiled against Hercules' configured source, whose headers stand under the system's: they are not ours to correct.
# Symbols of Hercules itself come from its libraries when it loads the module; -z now lets a wrong Hercules be refused
# then, not in the middle of a run.

HERC_DEVICE_OBJ := $(patsubst %,$(B)/herc/herc-device/%.o,cfs_path cfs_device cfs_notify cfs_watchdog cfs_inst cfs_module)
HERC_DEVICE_ENGINE := $(patsubst %.c,$(B)/pic/%.o,$(CF_ENGINE_SRC) $(CF_CLIENT_SRC))

MODULES += $(B)/lib/hdtcfs.so

$(B)/lib/hdtcfs.so: $(HERC_DEVICE_OBJ) $(HERC_DEVICE_ENGINE) herc-device/hdtcfs.map
	@mkdir -p $(@D)
	$(CC) -shared -pthread -Wl,-z,now -Wl,--version-script=herc-device/hdtcfs.map -o $@ $(HERC_DEVICE_OBJ) $(HERC_DEVICE_ENGINE) \
		$(CF_LINK_LIBS)

$(B)/herc/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -DHAVE_CONFIG_H -isystem $(HERCULES_SRC) $(CFLAGS) -fPIC -pthread -c -o $@ $<

-include $(shell find $(B)/herc -name '*.d' 2>/dev/null)
