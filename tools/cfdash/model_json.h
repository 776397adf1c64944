/* A model as JSON, for scripts: cfdash --json. */
#ifndef CFDASH_MODEL_JSON_H
#define CFDASH_MODEL_JSON_H

#include <cjson/cJSON.h>

#include "tools/cfdash/model.h"

/* To be deleted by the caller. NULL: no memory. */
cJSON *model_json(struct model *model);

#endif
