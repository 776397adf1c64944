/* Who has which port of an address, as this stack has heard: what the keepers without a coupling facility go by. */
#include "stack/base/flow.h"
#include "stack/clp/clp_private.h"

struct clp_view *clp_view_of(struct clp *clp, uint32_t address)
{
    for (unsigned i = 0; i < CLP_VIEWS; i++) {
        if (clp->views[i].address == 0)
            clp->views[i].address = address;
        if (clp->views[i].address == address)
            return &clp->views[i];
    }
    return NULL;
}

int clp_view_recover(struct clp *clp, struct clp_table *t, const char *system, uint8_t number, uint32_t *ports)
{
    struct clp_view *view = clp_view_of(clp, t->address);

    (void)system;
    if (clp_is_member(clp, number))
        return CLP_OK;                      /* it is back, and speaks for itself */
    FLOW(12, 1205);
    FLOW(12, 1210);
    for (uint32_t p = 0; view && p < PORTS_PER_DVIPA; p++) {
        if (view->owner[p] == number) {
            view->owner[p] = 0;
            ++*ports;
        }
    }
    if (view)
        view->heard &= ~(1ull << number);
    FLOW(12, 1215);
    return CLP_OK;
}
