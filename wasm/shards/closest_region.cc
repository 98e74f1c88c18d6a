// Where a client is nearest to.

#include "base/json_tree.h"
#include "shards/operations.h"
#include "shards/region.h"

namespace tidemark {
namespace {

// A number in decimal; anything else is none.
std::optional<double> NumberIn(const std::string& text) {
  const auto tree = ParseTree(text, 0);
  if (!tree.ok() || !tree->is_number()) return std::nullopt;
  return tree->get<double>();
}

}  // namespace

Task<Reply> ClosestRegionOf(Context context) {
  const Request& request = context.request;
  const std::string continent = request.Param("continent");
  const std::string country = request.Param("country");
  const std::string region_code = request.Param("region_code");
  const Region region = ClosestRegion({.continent = continent,
                                       .country = country,
                                       .region_code = region_code,
                                       .latitude = NumberIn(request.Param("latitude")),
                                       .longitude = NumberIn(request.Param("longitude"))});
  Reply reply;
  reply.data["region"] = std::string(RegionCode(region));
  co_return reply;
}

}  // namespace tidemark
