// A space's first breath: tables, and an epoch that tells this life of the space from any other.

#include "base/encoding.h"
#include "base/random.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/statements.h"

namespace tidemark {

Task<Reply> OpenSpace(Context context) {
  Random random(context.request.seed);
  std::array<uint8_t, 8> bytes{};
  random.Fill(bytes);
  std::string epoch = HexEncode({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::vector<Statement> statements;
  for (const Sql& table : {sql::kCreateRecords,          sql::kCreateRecordsSeq,
                           sql::kCreateTombstones,       sql::kCreateHistory,
                           sql::kCreateHistoryRecord,    sql::kCreateClaims,
                           sql::kCreateSetAside,         sql::kCreateMeta,
                           sql::kCreatePlanShares,       sql::kCreateSharesDue,
                           sql::kCreateDepartures,       sql::kCreateDeparturesSeq,
                           sql::kCreatePeople,           sql::kCreateReceived,
                           sql::kCreateShared,           sql::kCreateSharedSeq,
                           sql::kCreateSharedTombstones, sql::kCreateOutgoing,
                           sql::kCreateOutgoingRecord,   sql::kCreateOutgoingEdit}) {
    statements.push_back({table.text, {}});
  }
  statements.push_back({sql::kCreateOnce.text, {"epoch", std::move(epoch)}});
  // An object that its alarm wakes may not be told its own name.
  if (const std::string& owner = context.request.space; !owner.empty()) {
    statements.push_back({sql::kCreateOnce.text, {"owner", owner}});
  }
  co_await Batch(std::move(statements));
  co_return Reply();
}

}  // namespace tidemark
