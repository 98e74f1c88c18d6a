// What the coordinator keeps of its slot table and of moves.
//
// A move takes a set of slots from one shard to another:
//   queued       nothing is installed yet, or what was is made anew
//   copying      rows go into staging tables of the target
//   catching_up  what was written meanwhile goes there too
//   fenced       a group of slots is frozen in the source, and compared
//   switched     the group is being handed over; nothing can be taken back from here on
//   cleaned      done
//   failed       nothing is left of it in the shards, but for slots that were switched before
// The states from catching_up to switched come round for each group.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/operation.h"
#include "shards/slot_plan.h"
#include "shards/slot_table.h"

namespace tidemark::moves {

inline constexpr std::string_view kQueued = "queued";
inline constexpr std::string_view kCopying = "copying";
inline constexpr std::string_view kCatchingUp = "catching_up";
inline constexpr std::string_view kFenced = "fenced";
inline constexpr std::string_view kSwitched = "switched";
inline constexpr std::string_view kCleaned = "cleaned";
inline constexpr std::string_view kFailed = "failed";

using Slots = std::vector<uint16_t>;

struct Move {
  int64_t id = 0;
  std::string from;
  std::string to;
  int64_t slots = 0;
  std::string key;       // of a single key: it alone moves
  bool gathers = false;  // rows that lay elsewhere than their slots before there was a table
  std::string state;
  int64_t copied = 0;
  int64_t total = -1;  // rows; below 0: not known yet
  int64_t stayed = 0;  // rows that nothing routes: they are left where they are
  int64_t started_at = 0;
  int64_t updated_at = 0;
  std::string error;

  // Where it stands.
  Slots left;            // slots that are not handed over, in ascending order
  Slots group;           // those that are frozen
  int64_t table = 0;     // the table that is read
  std::string place;     // behind which place in it (move_rows.h)
  bool checked = false;  // staging was compared with the source as a whole
  bool wide = false;     // rows of its slots refer to one another: all are frozen together
  bool failing = false;  // it ends as failed once it is cleaned up
  std::string schema;    // a digest of the tables that it began with
  int64_t begun = 0;     // how often: it begins anew when tables are changed meanwhile

  bool over() const { return state == kCleaned || state == kFailed; }
};

std::string SlotsJson(const Slots& slots);

// What of them each shard has or takes (sql_move.h), as JSON arrays of [slot, part] and of [slot,
// part, epoch, weight].
std::string SourceParts(const Move& move);
std::string TargetParts(const Move& move, const SlotTable& table);
std::string TakenParts(const Move& move, const SlotTable& table);
std::string KeyPart(const Move& move);

struct SlotState {
  bool there = false;
  bool installed = false;
  SlotTable table;
  std::string text;
  std::string pending;
};

Move MoveOf(const std::vector<Cell>& row);
std::string WorkOf(const Move& move);
Statement WriteMoveStatement(const Move& move, int64_t now_ms);
SlotState SlotStateOf(const ResultSet& set);
// `text` must outlive nothing: it is bound.
Statement WriteTableStatement(const SlotTable& table, bool installed, std::string pending);

// {"moves": [...]}
std::string MovesJson(const std::vector<Move>& moves);

}  // namespace tidemark::moves
