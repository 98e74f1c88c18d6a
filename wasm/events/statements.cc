#include "events/statements.h"

#include "events/sql_keys.h"
#include "events/sql_log.h"
#include "events/sql_sockets.h"

namespace tidemark::sql {
namespace {

// What is read in full: the sockets of an object that starts, or of a key that is revoked; chunks,
// which are few; the keys that are followed; access keys, which are listed.
constexpr EventStatement kStatements[] = {
    {kCreateEventRemote, ""},
    {kCreateEventLog, ""},
    {kCreateEventBatch, ""},
    {kIndexEventLog, ""},
    {kCreateEventEntry, ""},
    {kCreateEventSocket, ""},
    {kCreateEventSubscription, ""},
    {kCreateEventChunk, ""},
    {kCreateAccessKey, ""},
    {kIndexEventSubscription, ""},
    {kIndexEventSubscriber, ""},
    {kIndexEventBehind, ""},
    {kMakeEventRemote, ""},
    {kReadEventRemote, ""},
    {kWipeRemotes, ""},
    {kWipeLogs, ""},
    {kWipeBatches, ""},
    {kWipeEntries, ""},
    {kReadEventLog, ""},
    {kFindEvents, ""},
    {kCountEventLogs, ""},
    {kMakeEventLog, ""},
    {kAppendEvents, ""},
    {kKnowEvents, ""},
    {kFindEventBatch, ""},
    {kReadEventBatch, ""},
    {kMeasureEvents, ""},
    {kReadEvents, ""},
    {kReadEventEnds, ""},
    {kNextEventLog, ""},
    {kFindPruned, ""},
    {kForgetEvents, ""},
    {kPruneEvents, ""},
    {kForgetLostSockets, "event_socket"},
    {kForgetLostSubscriptions, "event_subscription"},
    {kForgetLostChunks, "event_chunk"},
    {kAddEventSocket, ""},
    {kRemoveEventSocket, ""},
    {kRemoveSubscriptions, ""},
    {kRemoveChunks, ""},
    {kSocketsOfAccessKey, "event_socket"},
    {kReadSubscription, ""},
    {kCountSubscriptions, ""},
    {kSubscribe, ""},
    {kWidenSubscription, ""},
    {kUnsubscribe, ""},
    {kListSubscribers, ""},
    {kFallBehind, ""},
    {kNextBehind, ""},
    {kAdvanceSubscription, ""},
    {kEndSubscription, ""},
    {kListSubscribedKeys, ""},
    {kMarkBehind, ""},
    {kMeasureChunks, "event_chunk"},
    {kKeepChunk, ""},
    {kCountParts, ""},
    {kReadChunks, ""},
    {kForgetChunks, ""},
    {kOldestChunk, ""},
    {kAddAccessKey, ""},
    {kCountAccessKeys, "access_key"},
    {kFindAccessKey, ""},
    {kListAccessKeys, "access_key"},
    {kRemoveAccessKey, ""},
};

}  // namespace

std::span<const EventStatement> EventStatements() { return kStatements; }

}  // namespace tidemark::sql
