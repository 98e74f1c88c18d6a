#include "shards/slot_table.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/shard_names.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

constexpr uint32_t kDepth = 3;

Status Invalid(const char* what) {
  return Status::Invalid("invalid_slot_table", std::string("The slot table has ") + what);
}

// The bytes of a digest, as a text that holds them.
std::string_view BytesOf(const Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// A number from 0 to `most`, written as an integer.
std::optional<int64_t> IntegerAt(const Tree& array, size_t index, int64_t most) {
  const auto* natural = array[index].get_ptr<const uint64_t*>();
  if (natural == nullptr || *natural > static_cast<uint64_t>(most)) return std::nullopt;
  return static_cast<int64_t>(*natural);
}

// [any, shard, epoch]
bool ReadOwner(const Tree& row, size_t shards, SlotOwner* owner) {
  const auto shard = IntegerAt(row, 1, static_cast<int64_t>(shards) - 1);
  const auto epoch = IntegerAt(row, 2, std::numeric_limits<uint32_t>::max());
  if (!shard || !epoch) return false;
  *owner = {.shard = static_cast<uint16_t>(*shard), .epoch = static_cast<uint32_t>(*epoch)};
  return true;
}

bool IsRow(const Tree& row) { return row.is_array() && row.size() == 3; }

bool ReadSlots(const Tree& runs, SlotTable* table) {
  size_t slot = 0;
  for (const Tree& run : runs) {
    SlotOwner owner;
    if (!IsRow(run) || !ReadOwner(run, table->shards.size(), &owner)) return false;
    const auto count = IntegerAt(run, 0, static_cast<int64_t>(kSlots - slot));
    if (!count || *count == 0) return false;
    std::fill_n(table->slots.begin() + static_cast<ptrdiff_t>(slot), *count, owner);
    slot += static_cast<size_t>(*count);
  }
  return slot == kSlots;
}

bool ReadExceptions(const Tree& rows, SlotTable* table) {
  if (rows.size() > limits::kSlotExceptionsMax) return false;
  for (const Tree& row : rows) {
    SlotException exception;
    if (!IsRow(row) || !ReadOwner(row, table->shards.size(), &exception.owner)) return false;
    const auto* hex = row[0].get_ptr<const std::string*>();
    const std::optional<std::string> key = hex == nullptr ? std::nullopt : HexDecode(*hex);
    if (!key || key->size() != exception.key.size()) return false;
    std::copy(key->begin(), key->end(), exception.key.begin());
    const std::vector<SlotException>& before = table->exceptions;
    if (!before.empty() && before.back().key >= exception.key) return false;
    table->exceptions.push_back(exception);
  }
  return true;
}

bool ReadTables(const Tree& tables, SlotTable* table) {
  if (!tables.is_object() || tables.size() > limits::kExistingTablesMax) return false;
  for (const auto& [name, column] : tables.items()) {
    const auto* text = column.get_ptr<const std::string*>();
    if (text == nullptr) return false;
    table->tables.emplace(name, *text);
  }
  return true;
}

// Null where the key is with its slot.
const SlotException* ExceptionOf(const SlotTable& table, const Sha256Digest& digest) {
  const auto at = std::lower_bound(table.exceptions.begin(), table.exceptions.end(), digest,
                                   [](const SlotException& exception, const Sha256Digest& value) {
                                     return exception.key < value;
                                   });
  return at != table.exceptions.end() && at->key == digest ? &*at : nullptr;
}

void WriteOwner(SlotOwner owner, json::Writer* out) {
  out->Char(',');
  out->Integer(owner.shard);
  out->Char(',');
  out->Integer(owner.epoch);
  out->Char(']');
}

void WriteSlots(const SlotTable& table, json::Writer* out) {
  for (size_t slot = 0; slot < kSlots;) {
    const SlotOwner owner = table.slots[slot];
    const size_t begin = slot;
    while (slot < kSlots && table.slots[slot] == owner) ++slot;
    out->Comma();
    out->Char('[');
    out->Integer(static_cast<int64_t>(slot - begin));
    WriteOwner(owner, out);
  }
}

}  // namespace

SlotOwner SlotTable::OwnerOf(std::string_view key) const { return OwnerOf(Sha256Of(key)); }

SlotOwner SlotTable::OwnerOf(const Sha256Digest& digest) const {
  const SlotException* apart = ExceptionOf(*this, digest);
  return apart != nullptr ? apart->owner : slots[SlotOfDigest(digest)];
}

bool SlotTable::IsApart(const Sha256Digest& digest) const {
  return ExceptionOf(*this, digest) != nullptr;
}

std::vector<int64_t> SlotTable::Counts() const {
  std::vector<int64_t> counts(shards.size());
  for (const SlotOwner& owner : slots) ++counts[owner.shard];
  return counts;
}

Result<SlotTable> MakeSlotTable(std::vector<std::string> shards) {
  if (Status names = CheckShardNames(shards); !names.ok()) return names;
  SlotTable table{.version = 1, .shards = std::move(shards)};
  const size_t count = table.shards.size();
  for (size_t slot = 0; slot < kSlots; ++slot) {
    table.slots[slot] = {.shard = static_cast<uint16_t>(slot * count / kSlots), .epoch = 1};
  }
  return table;
}

std::string WriteSlotTable(const SlotTable& table) {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"version\":");
  out.Integer(table.version);
  out.Raw(",\"shards\":[");
  for (const std::string& name : table.shards) {
    out.Comma();
    out.Quoted(name);
  }
  out.Raw("],\"slots\":[");
  WriteSlots(table, &out);
  out.Raw("],\"exceptions\":[");
  for (const SlotException& exception : table.exceptions) {
    out.Comma();
    out.Char('[');
    out.Quoted(HexEncode(BytesOf(exception.key)));
    WriteOwner(exception.owner, &out);
  }
  out.Char(']');
  if (!table.tables.empty()) {
    std::string_view before = ",\"tables\":{";
    for (const auto& [name, column] : table.tables) {
      out.Raw(std::exchange(before, ","));
      out.Quoted(name);
      out.Char(':');
      out.Quoted(column);
    }
    out.Char('}');
  }
  if (table.gathering) out.Raw(",\"gathering\":true");
  out.Char('}');
  return std::move(out).Take();
}

Result<SlotTable> ReadSlotTable(std::string_view text) {
  if (text.size() > limits::kSlotTableBytesMax) return Invalid("too long a text");
  const auto tree = ParseTree(text, kDepth);
  if (!tree.ok()) return Invalid("a text that is no JSON");
  SlotTable table;
  const std::optional<int64_t> version = IntegerField(*tree, "version");
  if (!version || *version < 0) return Invalid("no version");
  table.version = *version;
  const Tree* names = Field(*tree, "shards");
  const Tree* slots = ArrayField(*tree, "slots");
  const Tree* exceptions = ArrayField(*tree, "exceptions");
  if (names == nullptr || slots == nullptr || exceptions == nullptr) return Invalid("a part less");
  Result<std::vector<std::string>> shards = ReadShardNames(*names);
  if (!shards.ok()) return Invalid("names that are none");
  table.shards = std::move(*shards);
  if (!ReadSlots(*slots, &table)) return Invalid("slots that do not cover the whole");
  if (!ReadExceptions(*exceptions, &table)) return Invalid("exceptions that are none");
  const Tree* tables = Field(*tree, "tables");
  if (tables != nullptr && !ReadTables(*tables, &table)) return Invalid("tables that are none");
  table.gathering = BoolField(*tree, "gathering").value_or(false);
  return table;
}

}  // namespace tidemark
