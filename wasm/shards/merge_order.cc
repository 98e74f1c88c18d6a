// Rows of several shards, each shard's in order, as one list in order: a k-way merge that looks at
// one row of each shard at a time. Of equal rows the one of the earlier shard comes first, and of
// one shard's the earlier one.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/json_scanner.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/params.h"
#include "shards/operations.h"
#include "shards/row_order.h"

namespace tidemark {
namespace {

using Kind = SortCell::Kind;
using Row = std::vector<SortCell>;

constexpr uint32_t kKeysDepth = 4;  // shards, rows, cells, the bytes of a blob
constexpr uint32_t kOrderDepth = 2;

Status Invalid(const char* message) { return Status::Invalid("invalid_parameter", message); }

Result<std::vector<SortKey>> ReadOrder(const std::string& text) {
  const auto tree = ParseTree(text, kOrderDepth);
  if (!tree.ok()) return tree.status();
  if (!tree->is_array() || tree->size() > limits::kSqlSortKeysMax) {
    return Invalid("The order is an array of sort keys, no more than a row has columns");
  }
  std::vector<SortKey> keys;
  for (const nlohmann::json& term : *tree) {
    const std::string* collation = StringField(term, "collation");
    const std::string* nulls = StringField(term, "nulls");
    const auto known = ParseCollation(collation == nullptr ? "binary" : *collation);
    if (!term.is_object() || !known) return Invalid("A collation is BINARY, NOCASE or RTRIM");
    if (nulls != nullptr && *nulls != "first" && *nulls != "last") {
      return Invalid("Nulls are first or last");
    }
    const bool descending = BoolField(term, "descending").value_or(false);
    keys.push_back({.collation = *known,
                    .descending = descending,
                    .nulls_first = nulls == nullptr ? !descending : *nulls == "first"});
  }
  return keys;
}

// An integer where it is written as one and SQLite has it; a real otherwise.
void ReadNumber(std::string_view text, SortCell* cell) {
  const std::string number(text);
  const char* const end = number.c_str() + number.size();
  const auto [stopped, error] = std::from_chars(number.c_str(), end, cell->integer);
  cell->kind = error == std::errc() && stopped == end ? Kind::kInteger : Kind::kReal;
  if (cell->kind == Kind::kReal) cell->real = std::strtod(number.c_str(), nullptr);
}

bool ReadBlob(std::string_view array, std::string* bytes) {
  json::Scanner scanner(array, true);
  scanner.Take('[');
  while (!scanner.Take(']')) {
    json::Value value;
    int64_t byte = 0;
    scanner.ReadValue(&value);
    if (json::ParseInteger(value.text, &byte) != json::IntegerFault::kNone || byte < 0 ||
        byte > 255) {
      return false;
    }
    bytes->push_back(static_cast<char>(byte));
    scanner.Take(',');
  }
  return true;
}

bool ReadCell(const json::Value& value, SortCell* cell) {
  switch (value.kind) {
    case json::Kind::kNull:
      return true;
    case json::Kind::kNumber:
      ReadNumber(value.text, cell);
      return true;
    case json::Kind::kString:
      cell->kind = Kind::kText;
      return json::Unescape(value.text.substr(1, value.text.size() - 2), &cell->bytes);
    case json::Kind::kArray:
      cell->kind = Kind::kBlob;
      return ReadBlob(value.text, &cell->bytes);
    default:
      return false;
  }
}

// The rows of one shard, one at a time, of a text that is proven to be JSON.
class Rows {
 public:
  explicit Rows(std::string_view array) : scanner_(array, true) { scanner_.Take('['); }

  const Row& row() const { return row_; }
  bool done() const { return done_; }
  // Goes to the next row, or is done. False where that is no row of `cells` cells.
  bool Next(size_t cells) {
    row_.clear();
    done_ = scanner_.Take(']');
    if (done_) return true;
    json::Value row;
    scanner_.ReadValue(&row);
    scanner_.Take(',');
    if (row.kind != json::Kind::kArray) return false;
    json::Scanner inner(row.text, true);
    inner.Take('[');
    while (!inner.Take(']')) {
      json::Value cell;
      inner.ReadValue(&cell);
      if (row_.size() == cells || !ReadCell(cell, &row_.emplace_back())) return false;
      inner.Take(',');
    }
    return row_.size() == cells;
  }

 private:
  json::Scanner scanner_;
  Row row_;
  bool done_ = false;
};

std::optional<std::vector<Rows>> ReadShards(std::string_view text) {
  json::Scanner scanner(text, true);
  if (!scanner.Take('[')) return std::nullopt;
  std::vector<Rows> shards;
  while (!scanner.Take(']')) {
    json::Value shard;
    scanner.ReadValue(&shard);
    if (shard.kind != json::Kind::kArray || shards.size() == limits::kSqlShardsMax) {
      return std::nullopt;
    }
    shards.emplace_back(shard.text);
    scanner.Take(',');
  }
  return shards;
}

struct Merged {
  std::string order = "[";
  std::vector<int64_t> skipped;
};

// False where a row is none.
bool Merge(std::span<Rows> shards, std::span<const SortKey> keys, int64_t offset, int64_t limit,
           Merged* merged) {
  merged->skipped.resize(shards.size());
  json::Writer out(&merged->order);
  // A heap has its largest in front: here the row that comes first.
  const auto later = [&](size_t a, size_t b) {
    const int order = CompareRows(shards[a].row(), shards[b].row(), keys);
    return order == 0 ? a > b : order > 0;
  };
  std::vector<size_t> heap;
  for (size_t i = 0; i < shards.size(); ++i) {
    if (!shards[i].Next(keys.size())) return false;
    if (!shards[i].done()) heap.push_back(i);
  }
  std::make_heap(heap.begin(), heap.end(), later);
  while (!heap.empty() && limit != 0) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const size_t first = heap.back();
    if (offset > 0) {
      --offset;
      ++merged->skipped[first];
    } else {
      out.Comma();
      out.Integer(static_cast<int64_t>(first));
      if (limit > 0) --limit;
    }
    if (!shards[first].Next(keys.size())) return false;
    if (shards[first].done()) {
      heap.pop_back();
    } else {
      std::push_heap(heap.begin(), heap.end(), later);
    }
  }
  out.Char(']');
  return true;
}

Result<Reply> MergeRequest(const Request& request) {
  const Result<int64_t> offset = IntegerParam(request, "offset", 0, limits::kIntegerMax, 0);
  if (!offset.ok()) return offset.status();
  const Result<int64_t> limit = IntegerParam(request, "limit", 0, limits::kIntegerMax, -1);
  if (!limit.ok()) return limit.status();
  const Result<std::vector<SortKey>> keys = ReadOrder(request.Param("order"));
  if (!keys.ok()) return keys.status();
  const auto text = request.params.find("keys");
  if (text == request.params.end()) return Invalid("Sort keys are missing");
  if (text->second.size() > limits::kSqlParamBytesMax) {
    return Status::TooLarge("too_large", "The sort keys are too long a text");
  }
  if (Status json = ValidateJson(text->second, kKeysDepth); !json.ok()) return json;
  std::optional<std::vector<Rows>> shards = ReadShards(text->second);
  Merged merged;
  if (!shards || !Merge(*shards, *keys, *offset, *limit, &merged)) {
    return Invalid("Sort keys are shards of rows, each with a cell for each term of the order");
  }
  std::string skipped = "[";
  for (const int64_t count : merged.skipped) {
    skipped += (skipped.size() > 1 ? "," : "") + std::to_string(count);
  }
  Reply reply = Reply::Json(std::move(merged.order));
  reply.data["skipped"] = skipped + "]";
  return reply;
}

}  // namespace

Task<Reply> MergeOrder(Context context) {
  Result<Reply> reply = MergeRequest(context.request);
  co_return reply.ok() ? std::move(*reply) : Reply::Error(reply.status());
}

}  // namespace tidemark
