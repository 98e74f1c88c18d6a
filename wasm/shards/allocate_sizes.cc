#include "shards/allocate_sizes.h"

#include "base/json_tree.h"
#include "base/limits.h"
#include "shards/coordinator_request.h"
#include "shards/coordinator_sql.h"
#include "shards/existing_sql.h"
#include "shards/size_limit.h"

namespace tidemark {
namespace {

using Tree = nlohmann::json;

constexpr int64_t kSizeTtlMs = 30'000;  // where the request does not say
constexpr int64_t kMute = -1;           // in place of bytes: a shard that does not tell

// Null is not.
bool IsGiven(const Tree& body, std::string_view name) {
  const Tree* field = Field(body, name);
  return field != nullptr && !field->is_null();
}

bool AreSizes(const Tree& sizes) {
  if (!sizes.is_object() || sizes.size() > limits::kSqlShardsMax) return false;
  for (const Tree& size : sizes) {
    const auto* bytes = size.get_ptr<const uint64_t*>();
    if (!size.is_null() && (bytes == nullptr || *bytes > limits::kIntegerMax)) return false;
  }
  return true;
}

}  // namespace

bool BoundsSizes(const Tree& body) { return IsGiven(body, "maxDatabaseSize"); }

Result<SizeBound> ReadSizeBound(const Tree& body) {
  SizeBound bound{.ttl_ms = kSizeTtlMs, .told = Tree::object()};
  if (BoundsSizes(body)) {
    const Result<int64_t> most = IntegerIn(body, "maxDatabaseSize", 1, limits::kIntegerMax, 0);
    if (!most.ok()) return most.status();
    bound.bytes_max = *most;
  }
  if (IsGiven(body, "sizeCacheTtlMs")) {
    const Result<int64_t> ttl = IntegerIn(body, "sizeCacheTtlMs", 0, limits::kIntegerMax, -1);
    if (!ttl.ok()) return ttl.status();
    bound.ttl_ms = *ttl;
  }
  if (IsGiven(body, "sizes")) {
    bound.told = *Field(body, "sizes");
    if (!AreSizes(bound.told)) {
      return Status::Invalid("invalid_parameter",
                             "sizes must be an object of bytes, or null, by shard");
    }
  }
  bound.asked = BoolField(body, "sizesAsked").value_or(false);
  return bound;
}

SizeChoice ChooseBySize(const SizeBound& bound, const ResultSet& noted, int64_t now_ms,
                        std::vector<std::string>* candidates) {
  SizeChoice choice;
  if (!bound.bytes_max) return choice;
  ShardSizes sizes;
  for (const std::vector<Cell>& row : noted.rows) {
    if (now_ms - existing::IntegerOf(row[2]) >= bound.ttl_ms) continue;
    sizes[existing::TextOf(row[0])] =
        std::holds_alternative<Null>(row[1]) ? kMute : existing::IntegerOf(row[1]);
  }
  for (const std::string& shard : *candidates) {
    if (Field(bound.told, shard) != nullptr) {
      sizes[shard] = IntegerField(bound.told, shard).value_or(kMute);
    }
    if (!bound.asked && !sizes.contains(shard)) choice.unknown.push_back(shard);
  }
  if (choice.unknown.empty()) choice.excluded = ExcludeLarge(sizes, bound.bytes_max, candidates);
  return choice;
}

void NoteSizes(const SizeBound& bound, int64_t now_ms, std::vector<Statement>* writes) {
  if (!bound.bytes_max || bound.ttl_ms == 0 || bound.told.empty()) return;
  writes->push_back({sql::kNoteShardSizes.text,
                     {DumpTree(bound.told), now_ms, now_ms - bound.ttl_ms / 2, *bound.bytes_max}});
}

}  // namespace tidemark
