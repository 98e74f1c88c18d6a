// An object's first breath: tables, and an epoch that tells this life of the document from any
// other.

#include "base/encoding.h"
#include "base/random.h"
#include "documents/operations.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {

Task<Reply> OpenDocument(Context context) {
  Random random(context.request.seed);
  std::array<uint8_t, 8> bytes{};
  random.Fill(bytes);
  std::string epoch = HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::vector<Statement> statements;
  for (const Sql& table : {sql::kCreateMeta, sql::kCreateMember, sql::kCreateRecord,
                           sql::kCreateRecordPlace, sql::kCreateRecordDeleted, sql::kCreateJournal,
                           sql::kCreateFrozen, sql::kCreateFrozenMember, sql::kCreateStaged,
                           sql::kCreateStagedMember, sql::kCreateShard, sql::kCreatePlaced}) {
    statements.push_back({table.text, {}});
  }
  statements.push_back({sql::kCreateOnce.text, {"epoch", std::move(epoch)}});
  co_await Batch(std::move(statements));
  co_return Reply();
}

}  // namespace tidemark
