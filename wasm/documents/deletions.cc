#include "documents/deletions.h"

#include "base/limits.h"
#include "documents/sql_restore.h"
#include "documents/sql_stage.h"
#include "engine/await.h"

namespace tidemark {

Task<int64_t> ForgetDeletions(int64_t before) {
  int64_t forgotten = 0;
  for (int batch = 0; batch < limits::kForgetDeletedBatches; ++batch) {
    const ResultSet old =
        co_await Query(sql::kReadOldDeletions, {before, limits::kForgetDeletedRows});
    const int64_t version = old.Integer(0, 0);
    if (version == 0) break;
    const ResultSets done = co_await Batch({{sql::kRaiseHorizon.text, {version}},
                                            {sql::kForgetDeletions.text, {version}},
                                            {sql::kCountChanges.text, {}}});
    forgotten += done.back().Integer(0, 0);
  }
  co_return forgotten;
}

}  // namespace tidemark
