// The shard of a slot over shards that do not change and that no table tells of: by rendezvous of
// the slot's number. Another shard takes about 1/(N + 1) of the slots, and none moves between two
// others.

#include <string>
#include <vector>

#include "engine/params.h"
#include "shards/operations.h"
#include "shards/rendezvous.h"
#include "shards/shard_names.h"
#include "shards/slots.h"

namespace tidemark {

Task<Reply> PlaceSlot(Context context) {
  const Request& request = context.request;
  const Result<std::vector<std::string>> shards = ReadShardNames(request.Param("shards"));
  if (!shards.ok()) co_return Reply::Error(shards.status());
  const Result<int64_t> slot = IntegerParam(request, "slot", 0, kSlots - 1, -1);
  if (!slot.ok()) co_return Reply::Error(slot.status());
  if (*slot < 0) {
    co_return Reply::Error(Status::Invalid("invalid_parameter", "Which slot is not said"));
  }
  Reply reply;
  reply.data["shard"] = Rendezvous(std::to_string(*slot), *shards);
  co_return reply;
}

}  // namespace tidemark
