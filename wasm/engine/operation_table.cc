#include "engine/operation_table.h"

#include "accounts/operations.h"
#include "documents/operations.h"
#include "events/operations.h"
#include "live/operations.h"
#include "ops/activity.h"
#include "ops/enter.h"
#include "ops/health.h"
#include "records/operations.h"
#include "shards/operations.h"
#include "shares/operations.h"

namespace tidemark {
namespace {

Status Anyone(const Request& /*request*/) { return {}; }

// The object itself, without a caller: its start and its alarm.
Status ObjectOnly(const Request& request) {
  return request.identity.user_id.empty() ? Status() : Status::Forbidden("Not for callers");
}

// In a space's object, its space; in the Worker, the caller's own.
std::string_view SpaceOf(const Request& request) {
  return request.space.empty() ? request.identity.user_id : request.space;
}
Status SpaceReader(const Request& request) {
  return CheckSpace(request.identity, SpaceOf(request), Action::kRead);
}
Status SpaceWriter(const Request& request) {
  return CheckSpace(request.identity, SpaceOf(request), Action::kWrite);
}

// The space's user alone, in any role.
Status SpaceOwner(const Request& request) {
  if (Status reader = SpaceReader(request); !reader.ok()) return reader;
  return request.identity.user_id == SpaceOf(request)
             ? Status()
             : Status::Forbidden("This token gives no access to that space");
}

// Whoever may read a space of their own; what is shared with them the operation finds out.
Status AnyReader(const Request& request) {
  return CheckSpace(request.identity, request.identity.user_id, Action::kRead);
}

// A document as its owner has it. EDITORS comes with the request, from the host.
Status DocumentReader(const Request& request) {
  return CheckDocument(request.identity, false, Action::kRead, request.Param("editors"));
}
Status DocumentWriter(const Request& request) {
  return CheckDocument(request.identity, false, Action::kWrite, request.Param("editors"));
}

constexpr OperationEntry kOperations[] = {
    {"health", Anyone, Health},
    {"enter", SpaceReader, Enter},
    {"open_space", ObjectOnly, OpenSpace},
    {"tick", ObjectOnly, Tick},
    {"sync", SpaceWriter, Sync},
    {"list_history", SpaceReader, ListHistory},
    {"restore_history", SpaceWriter, RestoreHistory},
    {"list", SpaceReader, List},
    {"list_owned", SpaceReader, ListOwned},
    {"catch_up", SpaceReader, CatchUp},
    {"put_share", SpaceWriter, PutShare},
    {"delete_share", SpaceWriter, DeleteShare},
    {"list_shares", SpaceReader, ListShares},
    {"share", ObjectOnly, Share},
    {"receive_shared", ObjectOnly, ReceiveShared},
    {"accept_shared", ObjectOnly, AcceptShared},
    {"check_shared", AnyReader, CheckShared},
    {"list_shared", AnyReader, ListShared},
    {"request_link", Anyone, RequestLink},
    {"read_link", Anyone, ReadLink},
    {"verify_link", Anyone, VerifyLink},
    {"withdraw_link", Anyone, WithdrawLink},
    {"issue_ticket", SpaceOwner, IssueTicket},
    {"redeem_ticket", Anyone, RedeemTicket},
    {"admit", SpaceOwner, Admit},
    {"token_version", ObjectOnly, TokenVersion},
    {"revoke_tokens", SpaceOwner, RevokeTokens},
    {"count_link", ObjectOnly, CountLink},
    {"forget_count", ObjectOnly, ForgetCount},
    {"join", SpaceReader, Join},
    {"frame", SpaceReader, Frame},
    {"leave", ObjectOnly, Leave},
    {"open_document", ObjectOnly, OpenDocument},
    {"get_document", DocumentReader, GetDocument},
    {"put_document", DocumentWriter, PutDocument},
    {"patch_document", DocumentWriter, PatchDocument},
    {"tick_document", ObjectOnly, TickDocument},
    {"enter_document", Anyone, EnterDocument},
    {"patch_sharded", DocumentWriter, PatchSharded},
    {"put_sharded", DocumentWriter, PutSharded},
    {"get_sharded", DocumentReader, GetSharded},
    {"patch_through", DocumentWriter, PatchThrough},
    {"join_shard", ObjectOnly, JoinShard},
    {"lock_shard", ObjectOnly, LockShard},
    {"stage_shard", ObjectOnly, StageShard},
    {"finish_shard", ObjectOnly, FinishShard},
    {"freeze_shard", ObjectOnly, FreezeShard},
    {"weigh_shard", ObjectOnly, WeighShard},
    {"shard_state", ObjectOnly, ShardState},
    {"read_shard_page", ObjectOnly, ReadShardPage},
    {"read_shard_rows", ObjectOnly, ReadShardRows},
    {"thaw_shard", ObjectOnly, ThawShard},
    {"flush_shard", ObjectOnly, FlushShard},
    {"register_shard", ObjectOnly, RegisterShard},
    {"add_collections", ObjectOnly, AddCollections},
    {"place_records", ObjectOnly, PlaceRecords},
    {"gather_document", ObjectOnly, GatherDocument},
    {"note_shard", ObjectOnly, NoteShard},
    {"settle_document", ObjectOnly, SettleDocument},
    {"relayout_document", ObjectOnly, RelayoutDocument},
    {"read_published", Anyone, ReadPublished},
    {"snapshot_document", ObjectOnly, SnapshotDocument},
    {"compact_document", ObjectOnly, CompactDocument},
    {"restore_document", DocumentWriter, RestoreDocument},
    {"replace_document", DocumentWriter, ReplaceDocument},
    {"list_snapshots", DocumentReader, ListSnapshots},
    {"run_documents", ObjectOnly, RunDocuments},
    {"enter_events", Anyone, EnterEvents},
    {"open_events", ObjectOnly, OpenEvents},
    {"join_events", Anyone, JoinEvents},
    {"event_frame", Anyone, EventFrame},
    {"leave_events", ObjectOnly, LeaveEvents},
    {"deliver_events", ObjectOnly, DeliverEvents},
    {"tick_events", ObjectOnly, TickEvents},
    {"make_event_key", Anyone, MakeEventKey},
    {"list_event_keys", Anyone, ListEventKeys},
    {"revoke_event_key", Anyone, RevokeEventKey},
    {"list_tables", ObjectOnly, ListTables},
    {"schema_exists", ObjectOnly, SchemaExists},
    {"find_key", ObjectOnly, FindKey},
    {"create_schema", ObjectOnly, CreateSchema},
    {"drop_schema", ObjectOnly, DropSchema},
    {"validate_table", ObjectOnly, ValidateTable},
    {"discover_keys", ObjectOnly, DiscoverKeys},
    {"discover_records", ObjectOnly, DiscoverRecords},
    {"integrate_database", ObjectOnly, IntegrateDatabase},
    {"check_migration", ObjectOnly, CheckMigration},
    {"migrate_record", ObjectOnly, MigrateRecord},
    {"list_key_rows", ObjectOnly, ListKeyRows},
    {"hold_key", ObjectOnly, HoldKey},
    {"release_key", ObjectOnly, ReleaseKey},
    {"record_activity", ObjectOnly, RecordActivity},
    {"list_activity", AnyReader, ListActivity},
    {"prune_activity", ObjectOnly, PruneActivity},
    {"plan_sql", ObjectOnly, PlanSql},
    {"split_sql", ObjectOnly, SplitSql},
    {"push_limit", ObjectOnly, PushLimit},
    {"fence_sql", ObjectOnly, FenceSql},
    {"locate_sql", ObjectOnly, LocateSql},
    {"sql_monitor", ObjectOnly, SqlMonitor},
    {"sql_health", ObjectOnly, SqlHealth},
    {"sql_alerts", ObjectOnly, SqlAlerts},
    {"sql_balance", ObjectOnly, SqlBalance},
    {"hash_keys", ObjectOnly, HashKeys},
    {"choose_shard", ObjectOnly, ChooseShard},
    {"place_slot", ObjectOnly, PlaceSlot},
    {"closest_region", ObjectOnly, ClosestRegionOf},
    {"merge_order", ObjectOnly, MergeOrder},
    {"open_coordinator", ObjectOnly, OpenCoordinator},
    {"coordinator_request", ObjectOnly, CoordinatorRequest},
    {"count_shard", ObjectOnly, CountShard},
    {"install_slots", ObjectOnly, InstallSlots},
    {"count_slots", ObjectOnly, CountSlots},
    {"tick_moves", ObjectOnly, TickMoves},
};

}  // namespace

std::span<const OperationEntry> OperationTable() { return kOperations; }

const OperationEntry* FindOperation(std::string_view name) {
  for (const OperationEntry& entry : kOperations) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace tidemark
