// The operations of SQL over many databases. Each is one file named by its verb. All are the
// library's own or an object's: no caller starts one.

#pragma once

#include "engine/operation.h"

namespace tidemark {

// Placement. Pure: each ends without a command.

// Parameters: `keys`, a JSON array of texts, and `pepper`. Answers a JSON array of 64 hex digits
// each: SHA-256 of the key, or HMAC-SHA-256 where there is a pepper. Codes: `invalid_parameter`,
// `invalid_json`, `invalid_utf8`, `too_large`.
Task<Reply> HashKeys(Context context);

// Which shard a new key goes to (strategy.h). Parameters: `key`; `strategy`; `shards`, a JSON array
// of names; `region`, to be near to; `locations`, {shard: {"region", "priority"} | region};
// `index`, of round-robin; `sizes`, {shard: bytes}, and `max_size`: larger ones are left out,
// unless all are larger. Data: `shard`; `index`, for the next time; `excluded`, the names of those
// left out, with
// ", " between. Codes: `no_shards`, `invalid_shards`, `invalid_strategy`, `invalid_region`,
// `invalid_parameter`.
Task<Reply> ChooseShard(Context context);

// The shard of a slot where no table says so. Parameters: `slot`; `shards`, a JSON array of names.
// Data: `shard`. Codes: `no_shards`, `invalid_shards`, `invalid_parameter`.
Task<Reply> PlaceSlot(Context context);

// The region nearest to a client (region.h). Parameters, each as a request tells it or empty:
// `continent`, `country`, `region_code`, `latitude`, `longitude`. Data: `region`. Never fails: what
// makes no sense counts as not known.
Task<Reply> ClosestRegionOf(Context context);

// In which order rows of several shards come, each shard's in order already. Parameters: `keys`, a
// JSON array of shards, each an array of rows, each an array of sort keys; `order`, an array of
// {"descending", "collation", "nulls"}, one a sort key; `offset`, and `limit`, empty for none.
// Answers a JSON array of the shards' numbers: from which the next row is to be taken, once
// `offset` rows were passed over. Data: `skipped`, a JSON array of how many these were in each
// shard. A sort key is null, a number, a text, or a blob as an array of bytes. Codes:
// `invalid_parameter`, `invalid_json`, `invalid_utf8`, `too_large`.
Task<Reply> MergeOrder(Context context);

// SQL as text. Pure. Codes of all: `invalid_sql`, where something is not closed or is no SQL;
// `sql_too_long`; `sql_too_complex`; `too_many_parameters`.

// What a text is and asks for. Parameter: `sql`. Answers the JSON that sql_plan.h tells of.
Task<Reply> PlanSql(Context context);

// A script cut into its statements. Parameter: `sql`. Answers a JSON array of texts.
Task<Reply> SplitSql(Context context);

// What each shard is asked for the first rows of all (sql_push.h). Parameters: `sql`, a SELECT;
// `sort`, empty or a JSON array of {"term": a column's name, "descending", "collation", "nulls"};
// `limit`, empty for the statement's own; `offset`. Answers {"sql", "keys": [{"column", "added",
// "descending", "collation", "nulls"}]}, in which `added` columns are to be taken off. Codes:
// `not_a_select`, `unsupported_order`, `invalid_parameter`, and those of ParseTree.
Task<Reply> PushLimit(Context context);

// A statement that is run only where its slot is (sql_fence.h). Parameter: `sql`. Answers {"read":
// the text of a SELECT that also tells under which epoch it read, "parameter": the slot's, from 0,
// "before_write", "before_write_all", "after_write", "before_read", "before_all": texts, "moved":
// what their error says}. The first two are null where it is no plain SELECT.
Task<Reply> FenceSql(Context context);

// Pure. Where a key's rows lie while they are gathered. Takes `tables`, a JSON object of the column
// by which each is routed, and `table`, perhaps one of them. Replies with `sql` (sql_fence.h).
Task<Reply> LocateSql(Context context);

// Health. Pure; health_stats.h has the bounds. `stats` is a JSON array of {"binding", "count",
// "lastUpdated"}, as the coordinator tells. Codes of all: `invalid_stats`, and those of ParseTree.

// The dashboard. Parameters: `stats`; `shards`, how many are registered; `coordinator`, "ok" where
// it answers. Answers {"healthy", "totalShards", "totalKeys", "avgKeysPerShard",
// "distributionRatio", "isBalanced", "staleShards": a number, "shardDetails": [{"binding", "count",
// "lastUpdated", "loadPercentage", "isStale"}]}. Code: `invalid_parameter`.
Task<Reply> SqlMonitor(Context context);

// The health report. Parameters: `probes`, {"kv": "ok" | "mismatch" | "failed", "coordinator": "ok"
// | "failed", "shards": [{"binding", "ok"}]}, of which any may be missing; `stats`, empty where
// there are none, or "failed". Answers {"overall", "timestamp", "checks": {name: health},
// "distributionRatio", "imbalanceRatio"}; the ratios, of the largest shard to the average and to
// the smallest, where keys are known. Data: `overall`; `http_status`, 200, 206 or 503. Code:
// `invalid_probes`.
Task<Reply> SqlHealth(Context context);

// Which alerts a report is due. Parameters: `report`, what sql_health answered; `state`, what this
// operation said last, or empty. Answers {"alerts": [{"severity", "message", "slack",
// "monitoring"}], "state"}; the last two of an alert are the bodies of the webhooks. Code:
// `invalid_report`.
Task<Reply> SqlAlerts(Context context);

// Whether keys are spread evenly, and what would make them so. Parameter: `stats`. Answers
// {"totalKeys", "avgKeysPerShard", "balance", "freshStats", "shards": [...], "warnings":
// [{"message", "shards"}], "moves": [{"from", "to", "keys"}]}.
Task<Reply> SqlBalance(Context context);

// The coordinator's, each local in its object.

// Makes its tables. Parameters: `state`, the JSON of an earlier life without these tables, or
// empty. Data: `state`, as coordinator_request.
Task<Reply> OpenCoordinator(Context context);

// One request of the coordinator's HTTP API (docs/coordinator.md). Parameters: `method`, `path`,
// `environment`; the body is JSON. Data: `state`, where it changed: the JSON that others read.
// `databases`, a JSON array of the D1 databases of the object; `after`, of the query. `then` names
// an operation that spans, which is to run before the request is asked again. Codes, in `code`
// beside the `error` in words: `not_found`, `method_not_allowed`, `body_too_large`, `no_shards`,
// `invalid_shards`, `too_many_shards`, `invalid_strategy`, `invalid_region`, `invalid_parameter`,
// `sequence_exhausted`, `too_many_sequences`, `forbidden`, `no_slots`, `shard_unreachable`,
// `moves_under_way`, `invalid_weights`, and those of ParseTree.
Task<Reply> CoordinatorRequest(Context context);

// Counts a key more of a shard, or one less, never below none. Parameters: `shard`, and `by`, 1 or
// -1. One that is not registered is not counted. Data: `state`, as coordinator_request.
Task<Reply> CountShard(Context context);

// Makes the shards of a slot table ready for it: they span, in the coordinator's object. Codes, as
// coordinator_request tells them: `rows_misplaced`, `no_routing_key`, `table_has_triggers`,
// `table_too_wide`, `schema_differs`, `refused`, `unavailable`.
Task<Reply> InstallSlots(Context context);

// Counts the keys of those shards whose counts are old (count_slots.h): it spans, in the
// coordinator's object. A shard that fails keeps its last count. Data: `state`, as
// coordinator_request. Never fails.
Task<Reply> CountSlots(Context context);

// Carries moves of slots on, so far as a run goes, and sets the alarm for the next. Data: `move`,
// its number, `state` and `error`; nothing where none is left.
Task<Reply> TickMoves(Context context);

// Databases that were there before: they span, over the shard that the host calls by the parameter
// `shard`. All: `unavailable`, and `refused` where the database refuses what was asked.

// Answers a JSON array of the database's tables. Codes: `too_many_tables`.
Task<Reply> ListTables(Context context);

// Parameters: `table`. Data: `exists`.
Task<Reply> SchemaExists(Context context);

// Whether the database has a key's row. Parameters: `table`, `column`, `key`. Data: `found`, 1 or
// empty: also where there is no such table.
Task<Reply> FindKey(Context context);

// Runs a schema as one batch. Parameters: `schema`, SQL; empty: users, posts and shard_mappings,
// each only where it is not there. Data: `statements`. Codes: `schema_too_large`, and those of
// sql_split.h.
Task<Reply> CreateSchema(Context context);

// Drops tables, those that are there, together. Parameters: `tables`, a JSON array. Data:
// `dropped`. Codes: `invalid_table_name`, `invalid_parameter`.
Task<Reply> DropSchema(Context context);

// Whether a table's rows can be routed by a key. Parameters: `table`; `column`, else id. Answers
// {"isValid", "tableName", "primaryKeyColumn", "recordCount", "issues"}.
Task<Reply> ValidateTable(Context context);

// A table's keys as a JSON array of texts, or of objects with what names a row besides. Parameters:
// `table`; `column`, else id; `place`, where it goes on; `rows` of a page. Data: `place`, empty at
// the end; `unusable`, rows without such a key. Codes: `not_routable`, `invalid_parameter`.
Task<Reply> DiscoverKeys(Context context);
Task<Reply> DiscoverRecords(Context context);

// Maps what is in a database to it (existing_integrate.h has the parameters, as texts). Calls the
// host: `map_keys` {shard, keys, strategy, table}, answered {mapped, collided, collisions,
// unusable, cost, now}: each key that leads nowhere leads to this shard from now on, but for those
// that the host cannot map, and the others stay; `collisions` are some [key, shard] of theirs. And
// `known_shard` {shard}. Answers {"success", "shardName", "tablesProcessed", "totalRecords",
// "mappingsCreated", "collisions", "complete", "issues"}. Data: `complete`; `mapped`, in this run;
// `busy`, where another is at work. Codes: `invalid_parameter`, `too_many_tables`.
Task<Reply> IntegrateDatabase(Context context);

// Whether it should be asked to. Parameters: as it takes, and `sample`, of keys a table. Calls the
// host: `unmapped_keys` {keys}, answered {unmapped}, a JSON array of their places. Data: `needed`;
// `restart`, where what was mapped is no more. Codes: `invalid_parameter`, `too_many_tables`.
Task<Reply> CheckMigration(Context context);

// Moves a record. Parameters: `source` and `target`, shards; `table`; `key`; `column`, else its
// primary key; `until`: `copied`, when it is in both, `mapped`, from when on its routing key may
// lead to the target, or `undone`, when a copy that nobody is led to is taken back; else it is
// deleted from the source, also when it is `led`: then what is in the target is the record.
// `routes`, with `owner`, a routing key: by table its routing column, where rows of that key that
// refer to the record go too. May be run again after it died. Data: `moved`, empty where it was
// before. Codes: `record_not_found`, `invalid_table_name`, `schema_differs`, `record_referenced`,
// `record_exists`, `record_conflict`, `copy_differs`, `ambiguous_key`, `unreadable_record`.
Task<Reply> MigrateRecord(Context context);

// The rows of a key, 30 at most. Parameters: `shard`; `key`; `table`, or all; `routes`, a JSON
// object: by table its routing column or null, where it is not its primary key. Answers a JSON
// array of [table, primary key]. Data: `routes`, of all tables whose rows have a key. Codes:
// `invalid_table_name`, `too_many_tables`, `too_many_rows`, `unreadable_record`.
Task<Reply> ListKeyRows(Context context);

// A key is moved by one at a time, who has it for two minutes more with each call. Parameters:
// `shard`, where that is noted; `key`; `holder`; of HoldKey `keep`, not empty for who has it by an
// earlier call. Data: `held`, empty where another has it or, of who keeps it, had it since.
Task<Reply> HoldKey(Context context);
Task<Reply> ReleaseKey(Context context);

}  // namespace tidemark
