#include "shards/move_state.h"

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "shards/existing_sql.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::IntegerOf;
using existing::TextOf;
using Tree = nlohmann::json;

constexpr uint32_t kDepth = 3;

Slots SlotsIn(const Tree& tree, std::string_view name) {
  Slots slots;
  const Tree* array = ArrayField(tree, name);
  if (array == nullptr) return slots;
  for (const Tree& each : *array) {
    const auto* slot = each.get_ptr<const uint64_t*>();
    if (slot != nullptr && *slot < kSlots) slots.push_back(static_cast<uint16_t>(*slot));
  }
  return slots;
}

// One array for each slot of the group: what `each` writes of it.
template <typename Each>
std::string PartsOf(const Move& move, Each each) {
  std::string text;
  json::Writer out(&text);
  out.Char('[');
  for (const uint16_t slot : move.group) {
    out.Comma();
    out.Char('[');
    out.Integer(slot);
    out.Char(',');
    each(slot, &out);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string TargetPart(const Move& move, const SlotTable& table) {
  if (!move.key.empty()) return KeyPart(move);
  if (!move.gathers) return {};
  const auto& names = table.shards;
  return "g" + std::to_string(std::find(names.begin(), names.end(), move.from) - names.begin());
}

std::string TextIn(const Tree& tree, std::string_view name) {
  const std::string* text = StringField(tree, name);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

std::string SlotsJson(const Slots& slots) {
  std::string text;
  json::Writer out(&text);
  out.Char('[');
  for (const uint16_t slot : slots) {
    out.Comma();
    out.Integer(slot);
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string KeyPart(const Move& move) { return "k" + move.key; }

std::string SourceParts(const Move& move) {
  return PartsOf(move, [&](uint16_t, json::Writer* out) {
    out->Quoted(move.key.empty() ? std::string() : KeyPart(move));
  });
}

std::string TargetParts(const Move& move, const SlotTable& table) {
  const std::string part = TargetPart(move, table);
  return PartsOf(move, [&](uint16_t, json::Writer* out) { out->Quoted(part); });
}

std::string TakenParts(const Move& move, const SlotTable& table) {
  const std::string part = TargetPart(move, table);
  const Sha256Digest digest = Sha256Of(move.key);
  return PartsOf(move, [&](uint16_t slot, json::Writer* out) {
    const SlotOwner owner = move.key.empty() ? table.slots[slot] : table.OwnerOf(digest);
    out->Quoted(part);
    out->Char(',');
    out->Integer(int64_t{owner.epoch} + (move.gathers ? 0 : 1));
    out->Char(',');
    out->Integer(move.key.empty() ? SlotWeight(slot) : KeyWeight(digest));
  });
}

Move MoveOf(const std::vector<Cell>& row) {
  Move move{.id = IntegerOf(row[0]),
            .from = TextOf(row[1]),
            .to = TextOf(row[2]),
            .slots = IntegerOf(row[3]),
            .state = TextOf(row[4]),
            .copied = IntegerOf(row[5]),
            .total = std::holds_alternative<Null>(row[6]) ? -1 : IntegerOf(row[6]),
            .started_at = IntegerOf(row[7]),
            .updated_at = IntegerOf(row[8]),
            .error = TextOf(row[9])};
  const Result<Tree> work = ParseTree(TextOf(row[10]), kDepth);
  if (!work.ok()) return move;
  move.left = SlotsIn(*work, "left");
  move.group = SlotsIn(*work, "group");
  move.table = IntegerField(*work, "table").value_or(0);
  move.place = TextIn(*work, "place");
  move.key = TextIn(*work, "key");
  move.gathers = BoolField(*work, "gathers").value_or(false);
  move.stayed = IntegerField(*work, "stayed").value_or(0);
  move.checked = BoolField(*work, "checked").value_or(false);
  move.wide = BoolField(*work, "wide").value_or(false);
  move.failing = BoolField(*work, "failing").value_or(false);
  move.schema = TextIn(*work, "schema");
  move.begun = IntegerField(*work, "begun").value_or(0);
  return move;
}

std::string WorkOf(const Move& move) {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"left\":");
  out.Raw(SlotsJson(move.left));
  out.Raw(",\"group\":");
  out.Raw(SlotsJson(move.group));
  out.Raw(",\"table\":");
  out.Integer(move.table);
  out.Raw(",\"place\":");
  out.Quoted(move.place);
  out.Raw(",\"key\":");
  out.Quoted(move.key);
  out.Raw(move.gathers ? ",\"gathers\":true,\"stayed\":" : ",\"gathers\":false,\"stayed\":");
  out.Integer(move.stayed);
  out.Raw(move.checked ? ",\"checked\":true" : ",\"checked\":false");
  if (move.wide) out.Raw(",\"wide\":true");
  out.Raw(move.failing ? ",\"failing\":true" : ",\"failing\":false");
  out.Raw(",\"schema\":");
  out.Quoted(move.schema);
  out.Raw(",\"begun\":");
  out.Integer(move.begun);
  out.Char('}');
  return std::move(out).Take();
}

Statement WriteMoveStatement(const Move& move, int64_t now_ms) {
  const Param total = move.total < 0 ? Param(Null{}) : Param(move.total);
  return {sql::kWriteSlotMove.text,
          {move.id, move.state, move.copied, total, now_ms, move.error, WorkOf(move)}};
}

SlotState SlotStateOf(const ResultSet& set) {
  SlotState state;
  if (set.rows.empty()) return state;
  state.installed = set.Integer(0, 0) != 0;
  state.text = set.Text(1);
  state.pending = set.Text(2);
  Result<SlotTable> table = ReadSlotTable(state.text);
  state.there = table.ok();
  if (table.ok()) state.table = std::move(*table);
  return state;
}

Statement WriteTableStatement(const SlotTable& table, bool installed, std::string pending) {
  return {sql::kWriteSlotTable.text,
          {static_cast<int64_t>(installed ? 1 : 0), table.version, WriteSlotTable(table),
           std::move(pending)}};
}

std::string MovesJson(const std::vector<Move>& moves) {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"moves\":[");
  for (const Move& move : moves) {
    out.Comma();
    out.Raw("{\"id\":");
    out.Integer(move.id);
    out.Raw(",\"from\":");
    out.Quoted(move.from);
    out.Raw(",\"to\":");
    out.Quoted(move.to);
    out.Raw(",\"slots\":");
    out.Integer(move.slots);
    if (move.key.empty()) {
      out.Raw(",\"moved\":");
      out.Integer(move.slots - static_cast<int64_t>(move.left.size()));
    } else {
      out.Raw(",\"key\":");
      out.Quoted(move.key);
    }
    if (move.gathers) out.Raw(",\"gathers\":true");
    out.Raw(",\"state\":");
    out.Quoted(move.state);
    out.Raw(",\"copied\":");
    out.Integer(move.copied);
    out.Raw(",\"rows\":");
    if (move.total < 0) out.Raw("null");
    if (move.total >= 0) out.Integer(move.total);
    if (move.stayed > 0) {
      out.Raw(",\"stayed\":");
      out.Integer(move.stayed);
    }
    out.Raw(",\"startedAt\":");
    out.Integer(move.started_at);
    out.Raw(",\"updatedAt\":");
    out.Integer(move.updated_at);
    if (!move.error.empty()) {
      out.Raw(",\"error\":");
      out.Quoted(move.error);
    }
    out.Char('}');
  }
  out.Raw("]}");
  return std::move(out).Take();
}

}  // namespace tidemark::moves
