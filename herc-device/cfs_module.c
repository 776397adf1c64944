/* hdtcfs.so as Hercules' dynamic loader sees it.
 *
 * Hercules finds the module by the device type (hdt + type in lower case) and refuses it when the structures that it was
 * compiled with have another size or version than Hercules' own, with a message that names the one that differs. */
#include "herc-device/cfs_device.h"

HDL_DEPENDENCY_SECTION;
{
    HDL_DEPENDENCY(HERCULES);
    HDL_DEPENDENCY(REGS);
    HDL_DEPENDENCY(DEVBLK);
    HDL_DEPENDENCY(SYSBLK);
}
END_DEPENDENCY_SECTION

HDL_DEVICE_SECTION;
{
    HDL_DEVICE(CFS, cfs_device_handlers);
}
END_DEVICE_SECTION

HDL_INSTRUCTION_SECTION;
{
    HC_DEFINE_INST(HDL_INSTARCH_900, CFMSG_OPCODE, cfmsg);
}
END_INSTRUCTION_SECTION
