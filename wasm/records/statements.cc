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
    {kCreatePlanShares, Store::kSpace, ""},
    {kCreateSharesDue, Store::kSpace, ""},
    {kCreateDepartures, Store::kSpace, ""},
    {kCreateDeparturesSeq, Store::kSpace, ""},
    {kCreatePeople, Store::kSpace, ""},
    {kCreateReceived, Store::kSpace, ""},
    {kCreateShared, Store::kSpace, ""},
    {kCreateSharedSeq, Store::kSpace, ""},
    {kCreateSharedTombstones, Store::kSpace, ""},
    {kCreateOutgoing, Store::kSpace, ""},
    {kCreateOutgoingRecord, Store::kSpace, ""},
    {kCreateOutgoingEdit, Store::kSpace, ""},
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
    {kPullWithCopies, Store::kSpace, ""},
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
    {kFindPlan, Store::kSpace, ""},
    {kCountShares, Store::kSpace, "plan_shares"},  // a thousand at most
    {kReadShare, Store::kSpace, ""},
    {kStartShare, Store::kSpace, ""},
    {kChangeShare, Store::kSpace, ""},
    {kKnowPerson, Store::kSpace, ""},
    {kListGiven, Store::kSpace, "plan_shares"},
    {kNoteDepartures, Store::kSpace, ""},
    {kMarkShares, Store::kSpace, ""},
    {kReadDueShares, Store::kSpace, ""},
    {kReadSharesDueAt, Store::kSpace, ""},
    // c, m, o: subqueries of their own, of what changed, of a page, of what was carried.
    {kMeasureShared, Store::kSpace, "c"},
    {kReadSharedRows, Store::kSpace, "c"},
    {kReadSharedData, Store::kSpace, "c"},
    {kAdvanceShare, Store::kSpace, ""},
    {kRewindShare, Store::kSpace, ""},
    {kRestartShare, Store::kSpace, ""},
    {kDelayShare, Store::kSpace, ""},
    {kForgetShare, Store::kSpace, ""},
    {kEndOrphanedShares, Store::kSpace, "plan_shares"},  // daily
    {kPruneDepartures, Store::kSpace, "plan_shares"},    // daily
    {kRememberPeople, Store::kSpace, "plan_shares"},     // daily
    {kPrunePeople, Store::kSpace, "people"},             // daily
    {kReadEditedRecords, Store::kSpace, ""},
    {kReadPermission, Store::kSpace, ""},
    {kListReceived, Store::kSpace, "received_shares"},  // a thousand at most
    {kReadReceived, Store::kSpace, ""},
    {kReadReceivedPermission, Store::kSpace, ""},
    {kCountReceived, Store::kSpace, "received_shares"},
    {kCountCopies, Store::kSpace, ""},
    {kLeaveShare, Store::kSpace, ""},
    {kEndLeftShare, Store::kSpace, ""},
    {kFindWaiting, Store::kSpace, ""},
    {kWriteReceived, Store::kSpace, ""},
    {kReceivePage, Store::kSpace, "m"},
    {kDropCopies, Store::kSpace, ""},
    {kForgetOwnerSeqs, Store::kSpace, ""},
    {kSendCopyAgain, Store::kSpace, ""},
    {kReadEditedCopies, Store::kSpace, ""},
    {kCountOutgoing, Store::kSpace, "outgoing"},  // ten thousand at most
    {kKeepEdits, Store::kSpace, ""},
    {kNextOutgoing, Store::kSpace, ""},
    {kMeasureOutgoing, Store::kSpace, ""},
    {kReadOutgoing, Store::kSpace, ""},
    {kKeepRefused, Store::kSpace, "o"},
    {kSendCopiesAgain, Store::kSpace, "o"},
    {kAwaitMade, Store::kSpace, ""},
    {kForgetOutgoing, Store::kSpace, ""},
    {kReadOldCopies, Store::kSpace, ""},
    {kPruneCopies, Store::kSpace, ""},
    {kPruneReceived, Store::kSpace, "received_shares"},  // daily
    {kReadProjection, Store::kShard, ""},
    {kFenceProjection, Store::kShard, ""},
    {kAdvanceProjection, Store::kShard, ""},
};

}  // namespace

std::span<const Registered> Statements() { return kStatements; }

}  // namespace tidemark::sql
