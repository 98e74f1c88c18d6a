// A shard for a new key, for whoever keeps no state of its own.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/params.h"
#include "shards/operations.h"
#include "shards/shard_names.h"
#include "shards/size_limit.h"
#include "shards/strategy.h"

namespace tidemark {
namespace {

Result<ShardSizes> ReadSizes(const std::string& text) {
  ShardSizes sizes;
  if (text.empty()) return sizes;
  const auto tree = ParseTree(text, 1);
  if (!tree.ok()) return tree.status();
  const Status invalid =
      Status::Invalid("invalid_parameter", "Sizes are an object of bytes by shard");
  if (!tree->is_object()) return invalid;
  for (auto item = tree->begin(); item != tree->end(); ++item) {
    const std::optional<int64_t> size = IntegerField(*tree, item.key());
    if (!size) return invalid;
    sizes[item.key()] = *size;
  }
  return sizes;
}

// What was asked, and which shards were left out.
Result<std::vector<std::string>> ReadChoice(const Request& request, Choice* choice) {
  const Result<Strategy> strategy = ParseStrategy(request.Param("strategy"));
  if (!strategy.ok()) return strategy.status();
  Result<std::vector<std::string>> shards = ReadShardNames(request.Param("shards"));
  if (!shards.ok()) return shards.status();
  const Result<std::optional<Region>> region = ReadTargetRegion(request.Param("region"));
  if (!region.ok()) return region.status();
  Result<ShardPlaces> places = ReadShardPlaces(request.Param("locations"));
  if (!places.ok()) return places.status();
  const Result<ShardSizes> sizes = ReadSizes(request.Param("sizes"));
  if (!sizes.ok()) return sizes.status();
  const Result<int64_t> index = IntegerParam(request, "index", 0, limits::kIntegerMax, 0);
  if (!index.ok()) return index.status();
  const Result<int64_t> most = IntegerParam(request, "max_size", 0, limits::kIntegerMax, -1);
  if (!most.ok()) return most.status();
  *choice = {.key = request.Param("key"),
             .strategy = *strategy,
             .shards = *shards,
             .available = *shards,
             .position = *index,
             .seed = request.seed,
             .region = *region,
             .places = std::move(*places)};
  return ExcludeLarge(*sizes, *most < 0 ? std::nullopt : std::optional(*most), &choice->available);
}

}  // namespace

Task<Reply> ChooseShard(Context context) {
  Choice choice;
  const Result<std::vector<std::string>> excluded = ReadChoice(context.request, &choice);
  if (!excluded.ok()) co_return Reply::Error(excluded.status());
  const Chosen chosen = ChooseShardOf(std::move(choice));
  Reply reply;
  reply.data["shard"] = chosen.shard;
  reply.data["index"] = std::to_string(chosen.position);
  std::string& names = reply.data["excluded"];
  for (const std::string& name : *excluded) names += (names.empty() ? "" : ", ") + name;
  co_return reply;
}

}  // namespace tidemark
