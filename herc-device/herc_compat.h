/* Hercules as the plugin sees it: the only place that knows which Hercules this is.
 *
 * Two families are in use and neither installs headers, so the plugin is compiled against a configured source tree:
 * Hercules 3.13, which the distributions carry, and SDL Hyperion 4.x. They share the text of nearly everything that the
 * plugin needs; what differs has one HC_ name here, and no other file mentions a version.
 *
 *   HC_ name             Hercules 3.13                      SDL Hyperion 4.x
 *   hc_count             16-bit CCW and residual counts     32-bit
 *   HC_DEFINE_INST       HDL_DEFINST                        HDL_DEF_INST
 *   HC_SYNCHRONOUS_IO    channel programs run inside SSCH   removed there: a device thread runs them
 *   HC_MAX_CPU           MAX_CPU_ENGINES                    MAX_CPU_ENGS
 *   HC_TXF_CHECK         no transactional execution         the instruction is restricted in a transaction
 *   HC_ARCH_390 / _900   _ARCHMODE2 / _ARCHMODE3            _ARCH_NUM_1 / _ARCH_NUM_2
 *
 * The last pair is for the file that contains instructions: it compiles itself once per architecture by including itself
 * with _GEN_ARCH set, which a macro cannot do for it. Hercules' headers look at _GEN_ARCH anew each time they are
 * included; that is why they stand outside the guard. Such a file includes "inline.h" after this one: guest storage
 * access, which is static there. */
#include "hstdinc.h"
#include "hercules.h"
#include "devtype.h"
#include "opcode.h"

#ifndef HERC_COMPAT_H
#define HERC_COMPAT_H

#if defined(HDL_DEF_INST)

typedef U32 hc_count;
#define HC_DEFINE_INST HDL_DEF_INST
#define HC_SYNCHRONOUS_IO(dev) ((void)(dev))
#define HC_MAX_CPU MAX_CPU_ENGS
#if defined(TXF_INSTR_CHECK)
#define HC_TXF_CHECK(regs) TXF_INSTR_CHECK(regs)
#elif defined(TRAN_INSTR_CHECK)     /* its name in earlier releases of 4.x */
#define HC_TXF_CHECK(regs) TRAN_INSTR_CHECK(regs)
#else                               /* before there was transactional execution */
#define HC_TXF_CHECK(regs) ((void)(regs))
#endif
#if defined(_ARCH_NUM_1)
#define HC_ARCH_390 _ARCH_NUM_1
#endif
#if defined(_ARCH_NUM_2)
#define HC_ARCH_900 _ARCH_NUM_2
#endif

#else

typedef U16 hc_count;
#define HC_DEFINE_INST HDL_DEFINST
#define HC_SYNCHRONOUS_IO(dev) ((dev)->syncio = 1)
#define HC_MAX_CPU MAX_CPU_ENGINES
#define HC_TXF_CHECK(regs) ((void)(regs))
#if defined(_ARCHMODE2)
#define HC_ARCH_390 _ARCHMODE2
#endif
#if defined(_ARCHMODE3)
#define HC_ARCH_900 _ARCHMODE3
#endif

#endif

#endif
