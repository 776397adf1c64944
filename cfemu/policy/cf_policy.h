/* CFRM policies as text, in the syntax of the administrative data utility (IXCMIAPU), read and written.
 *
 *   DATA TYPE(CFRM) REPORT(YES)
 *   DEFINE POLICY NAME(PLEX1POL) REPLACE(YES)
 *     CF NAME(CF01) TYPE(002064) MFG(IBM) PLANT(02) SEQUENCE(000000011111) PARTITION(0) CPCID(00) DUMPSPACE(2048)
 *     STRUCTURE NAME(EZBEPORT) SIZE(16M) INITSIZE(8M) FULLTHRESHOLD(80) PREFLIST(CF01,CF02)
 *
 * Free format: a statement goes on until the next one begins. Comments stand between slash-star and star-slash. Words may be in any
 * case. Sizes are in K unless M or G follows. A mistake is told as
 *
 *   FILE:12:9: STRUCTURE EZBEPORT: SIZE(12X): expected a size ...; the statement is ignored
 *
 * and reading goes on with the next statement, so that one reading finds them all. What a real facility has and this one has
 * no use for is checked for its form and noted: it has no effect. */
#ifndef CF_POLICY_H
#define CF_POLICY_H

#include <stddef.h>
#include <stdio.h>

#include "cfemu/engine/cf_active.h"

#define CF_POLICIES_MAX 8u              /* in one file */
#define CF_POLICY_TEXT_MAX (4u << 20)   /* bytes of a file: some thousand characters for each structure */

/* Some 300 KiB: not for the stack. */
struct cf_policy_file {
    unsigned count;
    unsigned mistakes, notes;           /* told; a file with mistakes is not to be used */
    struct cf_policy policy[CF_POLICIES_MAX];
};

/* Read length bytes of text; mistakes and notes go to report, named by path, a line each. Result: mistakes. */
unsigned cf_policy_read(const char *text, size_t length, const char *path, struct cf_policy_file *file, FILE *report);

/* The same from a file. A file that cannot be read is a mistake. */
unsigned cf_policy_load(const char *path, struct cf_policy_file *file, FILE *report);

/* The policy of this name, or if name is NULL the only one of the file. NULL: there is none, or more than one; told. */
const struct cf_policy *cf_policy_pick(const struct cf_policy_file *file, const char *name, const char *path, FILE *report);

/* Write a policy as text that reads as the same policy. */
void cf_policy_write(const struct cf_policy *policy, FILE *to);

#endif
