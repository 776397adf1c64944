/* Wait state codes: the address part of the disabled wait PSW with which an image ends. The operator sees it as the last
 * hexadecimal digits of Hercules message HHCCP011I. Codes that z/OS has for the same thing are the same here. */
#ifndef IMAGE_WAITCODE_H
#define IMAGE_WAITCODE_H

#define WAIT_QUIESCED 0xCCC         /* ended orderly: Z EOD, or a guest test is over (z/OS: CCC) */
#define WAIT_PARTITIONED 0x0A2      /* removed from the sysplex, by the operator or by the other systems (z/OS: 0A2) */
#define WAIT_PROGRAM_CHECK 0x019    /* unexpected program interruption (z/OS: 019, during its own initialization) */
#define WAIT_RECURSIVE 0x014        /* a second fault while the first was being reported (z/OS: 014) */
#define WAIT_MACHINE_CHECK 0xA01    /* machine check (z/OS: A01) */
#define WAIT_SVC 0xF01              /* an SVC: nothing here issues one */
#define WAIT_RESTART 0xF02          /* the operator pressed RESTART: registers and PSW have been shown */
#define WAIT_ASSERTION 0xF03        /* a failed assertion; file and line have been shown */
#define WAIT_RETURNED 0xF04         /* main() returned */
#define WAIT_PARM 0xF05             /* the IPL parameters are unusable; a message says why */

#endif
