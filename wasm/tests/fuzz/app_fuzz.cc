// Any text as an app's name, an object's name, the variables SHARDS and EDITORS, a collection, a
// day, an id and a record: what is taken comes out as it went in, and no two things share a name.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "documents/app.h"
#include "documents/shard_of.h"
#include "ops/access.h"

namespace tidemark {
namespace {

void CheckNames(std::string_view text) {
  const Status app = CheckApp(text);
  Check(app.ok() || (app.code() == "invalid_app" && app.http_status() == 400));
  const std::optional<ObjectName> manifest = ParseObjectName(ManifestName(text));
  Check((manifest && !manifest->shard) == app.ok());
  const std::optional<ObjectName> shard = ParseObjectName(ShardObjectName("blog", text));
  Check(shard && shard->app == "blog" && shard->shard == text);
  const std::optional<ObjectName> object = ParseObjectName(text);
  if (!object) return;
  Check(CheckApp(object->app).ok());
  Check(text ==
        (object->shard ? ShardObjectName(object->app, *object->shard) : ManifestName(object->app)));
}

void CheckShards(std::string_view text) {
  const Result<Sharding> sharding = ShardingOf(text, "blog");
  Check(sharding.ok() == ShardingOf(text, "").ok());
  if (!sharding.ok()) {
    Check(sharding.status().code() == "not_configured" && sharding.status().http_status() == 503);
    return;
  }
  Check(sharding->field.empty() || sharding->by == ShardBy::kDay);
  const std::string more = std::string(text) + ", blog = day : at";
  const Result<Sharding> added = ShardingOf(more, "blog");
  Check(added.ok() == !sharding->sharded());
  Check(!added.ok() || *added == Sharding{.by = ShardBy::kDay, .field = "at"});
}

void CheckEditors(std::string_view text) {
  Identity user;
  user.user_id = "u1";
  user.role = Role::kUser;
  user.email = "ada@example.com";
  const std::string more = std::string(text) + ",\tADA@example.com ";
  Check(CheckDocument(user, false, Action::kWrite, more).ok());
  user.email.clear();
  Check(text.find('*') != std::string_view::npos ||
        !CheckDocument(user, false, Action::kWrite, text).ok());
  user.role = Role::kViewer;
  Check(!CheckDocument(user, false, Action::kWrite, text).ok());
}

void CheckDays(std::string_view text) {
  const std::optional<int64_t> start = DayStart(text);
  Check(!start || DayOf(*start) == text);
  int64_t ms = 0;
  std::memcpy(&ms, text.data(), sizeof ms);
  const std::string day = DayOf(ms);
  if (day.empty()) return;
  const std::optional<int64_t> begins = DayStart(day);
  Check(begins && ms >= *begins && ms - *begins < 86'400'000);
}

void CheckShardOf(std::string_view text) {
  const std::string own = CollectionShard(text);
  Check(own != kRootShard && (own == text || own == std::string(text) + '_'));
  Check(CollectionShard(own) == own || own.starts_with(kRootShard));
  if (ValidUtf8Prefix(text) != text.size()) return;  // no JSON
  const std::string record = R"({"id":"u1","at":)" + std::string(text) + "}";
  for (const std::string& day : {DayShard("", text, "{}"), DayShard("at", "", text),
                                 DayShard("at", "", record), DayShard(text, "", record)}) {
    Check(day == kUndatedShard || DayStart(day));
  }
}

}  // namespace
}  // namespace tidemark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tidemark;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckNames(text);
  CheckShards(text);
  CheckEditors(text);
  if (size >= sizeof(int64_t)) CheckDays(text);
  CheckShardOf(text);
  return 0;
}
