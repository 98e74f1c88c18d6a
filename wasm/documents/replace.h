// A staged document takes the place of the one that is there: only what differs is written.

#pragma once

#include <string>

#include "documents/document.h"
#include "documents/stage.h"

namespace tidemark {

// Within one transaction, or in steps of an operation that no other write comes between. `version`:
// the one that the change is to have. `op`: the word for it in the journal. The document as it is
// then; the same one where nothing differs. Codes: `empty_write_denied`, `large_delete_denied`,
// `document_too_large`.
Task<Result<Document>> ReplaceByStage(Context context, Document before, Stage stage,
                                      int64_t version, std::string op);

}  // namespace tidemark
