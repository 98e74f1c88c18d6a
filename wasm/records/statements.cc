#include "records/statements.h"

namespace tidemark::sql {
namespace {

constexpr Registered kStatements[] = {
    {kCreateRecords, Store::kSpace, ""},
    {kCreateRecordsSeq, Store::kSpace, ""},
    {kCreateTombstones, Store::kSpace, ""},
    {kCreateHistory, Store::kSpace, ""},
    {kCreateHistoryRecord, Store::kSpace, ""},
    {kCreateClaims, Store::kSpace, ""},
    {kCreateSetAside, Store::kSpace, ""},
    {kCreateMeta, Store::kSpace, ""},
    {kCreateOnce, Store::kSpace, ""},
    {kReadSpace, Store::kSpace, ""},
    {kWriteMeta, Store::kSpace, ""},
    {kReadMeta, Store::kSpace, ""},
    {kReadVersions, Store::kSpace, ""},
    {kReadFields, Store::kSpace, ""},
    {kReadDifferent, Store::kSpace, ""},
    {kReadData, Store::kSpace, ""},
    {kReadStamp, Store::kSpace, ""},
    {kReadMissingParents, Store::kSpace, ""},
    {kReadClaims, Store::kSpace, ""},
    {kWriteClaims, Store::kSpace, ""},
    {kKeepOverwritten, Store::kSpace, ""},
    {kKeepLosers, Store::kSpace, ""},
    {kKeepFields, Store::kSpace, ""},
    {kWriteFields, Store::kSpace, ""},
    {kWriteWinners, Store::kSpace, ""},
    {kReadBareIds, Store::kSpace, ""},
    {kPull, Store::kSpace, ""},
    {kMeasureChanges, Store::kSpace, ""},
    {kPullDeletedIds, Store::kSpace, ""},
    {kPullCorrections, Store::kSpace, "e"},  // its own subquery: the ids of a request
    {kListHistory, Store::kSpace, ""},
    {kListRecordHistory, Store::kSpace, ""},
    {kReadHistory, Store::kSpace, ""},
    {kMeasurePage, Store::kSpace, ""},
    {kReadPage, Store::kSpace, ""},
    {kReadPageParents, Store::kSpace, "c"},  // its own subquery: the parents named in a page
    {kReadProjected, Store::kSpace, ""},
    {kListSetAside, Store::kSpace, "set_aside"},
    {kSetAside, Store::kSpace, ""},
    {kClearSetAside, Store::kSpace, ""},
    {kReadSeqs, Store::kSpace, ""},
    {kReadOldTombstones, Store::kSpace, ""},
    {kDeleteTombstones, Store::kSpace, ""},
    {kRaisePruned, Store::kSpace, ""},
    {kReadParentsInUse, Store::kSpace, ""},
    {kPruneHistory, Store::kSpace, "history"},  // its oldest thousand
    {kPruneClaims, Store::kSpace, "claims"},
    {kReadProjection, Store::kShard, ""},
    {kFenceProjection, Store::kShard, ""},
    {kAdvanceProjection, Store::kShard, ""},
};

}  // namespace

std::span<const Registered> Statements() { return kStatements; }

}  // namespace tidemark::sql
