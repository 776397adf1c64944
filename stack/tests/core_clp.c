#include "stack/tests/core_clp.h"

#include <string.h>

#include "stack/tests/flow_report.h"

uint8_t owner[PORTS_PER_DVIPA];
uint16_t towards[4][PORTS_PER_DVIPA];
enum profile_store store;
uint32_t quota;
const enum profile_store recoverable[RECOVERABLE] = { STORE_BITMAP, STORE_REVERSED };

int assign(unsigned n, uint16_t *port)
{
    int rc = clp_assign(&plex_select(n)->clp, DVA, 0, SERVER, 80, port);

    if (rc == CLP_OK) {
        if (owner[*port] != 0)
            ck_abort_msg("port %u given to %u belongs to %u", *port, n, owner[*port]);
        owner[*port] = (uint8_t)n;
    }
    return rc;
}

void release(unsigned n, uint16_t port)
{
    MUST(owner[port] == n);
    owner[port] = 0;
    clp_release(&plex_select(n)->clp, DVA, port, SERVER, 80);
}

struct clp_audit audit(unsigned n)
{
    struct clp_audit a;

    ck_assert_int_eq(clp_check(&plex_select(n)->clp, DVA, &a), CLP_OK);
    ck_assert_uint_eq(a.differences, 0);
    ck_assert_uint_eq(a.doubles, 0);
    return a;
}

void start(unsigned stacks, uint16_t blocksize)
{
    memset(owner, 0, sizeof owner);
    flow_restart();
    plex_define(1, DVA, blocksize);
    plex.systems[1].profile.dvipas[plex.systems[1].profile.dvipa_count - 1].clusterports.store = store;
    plex.systems[1].profile.dvipas[plex.systems[1].profile.dvipa_count - 1].clusterports.quota = quota;
    plex_distribute(1, DVA);
    for (unsigned n = 1; n <= stacks; n++)
        plex_ipl(n);
    plex_settle();
}

int main(void)
{
    TCase *cases[] = { clp_blocks_tests(), clp_initial_tests(), clp_bind_tests(), clp_recovery_tests(), clp_log_tests(),
                       clp_keepers_tests() };

    return plex_main_of(cases, sizeof cases / sizeof cases[0], "core_clp");
}
