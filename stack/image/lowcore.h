/* Fixed storage locations of z/Architecture (Principles of Operation, "Assigned Storage Locations") and the few words
 * of our own that must be reachable without a base register. Read by the assembler too. */
#ifndef IMAGE_LOWCORE_H
#define IMAGE_LOWCORE_H

/* Stored by the machine with an interruption. */
#define LC_SVC_CODE 0x08A           /* u16 */
#define LC_PROGRAM_ILC 0x08D        /* u8: length of the instruction, 0, 2, 4 or 6 */
#define LC_PROGRAM_CODE 0x08E       /* u16 */
#define LC_TRANSLATION_ID 0x0A8     /* u64: address that caused an access exception, for those that have one */
#define LC_IO_SUBSYSTEM_ID 0x0B8    /* u32 */
#define LC_MACHINE_CHECK_CODE 0x0E8 /* u64 */

/* Old PSWs, 16 bytes each. */
#define LC_RESTART_OLD 0x120
#define LC_EXTERNAL_OLD 0x130
#define LC_SVC_OLD 0x140
#define LC_PROGRAM_OLD 0x150
#define LC_MACHINE_CHECK_OLD 0x160
#define LC_IO_OLD 0x170

/* New PSWs start here: restart, external, SVC, program, machine check, I/O. */
#define LC_NEW_PSWS 0x1A0

/* Ours. */
#define LC_FAULT_GPRS 0xE00         /* registers 0..15 when a fault interruption came */
#define LC_FAULT_ACTIVE 0xE80       /* u8: a fault is being reported; another one now ends the image at once */
#define LC_WAIT_PSW 0xE90           /* the PSW that cpu_wait() loads */

#define IPL_PARM 0x8000             /* IPL parameters, text, loaded by the .ins file */
#define IPL_PARM_MAX 4096
#define IPL_ENTRY 0x10000

/* Fault interruption classes, as the first-level handlers number them. */
#define FAULT_RESTART 0
#define FAULT_SVC 1
#define FAULT_PROGRAM 2
#define FAULT_MACHINE_CHECK 3

/* What ended an enabled wait. */
#define WOKEN_BY_EXTERNAL 1
#define WOKEN_BY_IO 2

#endif
