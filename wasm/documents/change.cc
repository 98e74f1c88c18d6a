#include "documents/change.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "accounts/sql.h"
#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/commit.h"
#include "documents/document.h"
#include "documents/sql_shards.h"
#include "documents/sql_tables.h"
#include "engine/await.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr uint32_t kChangeDepth = 3;

std::vector<std::string> StringsOf(const nlohmann::json& tree, std::string_view key) {
  std::vector<std::string> strings;
  const nlohmann::json* const array = ArrayField(tree, key);
  if (array == nullptr) return strings;
  for (const nlohmann::json& element : *array) {
    if (const auto* text = element.get_ptr<const std::string*>()) strings.push_back(*text);
  }
  return strings;
}

}  // namespace

std::string DataOf(const Params& data, std::string_view key) {
  const auto found = data.find(key);
  return found == data.end() ? std::string() : found->second;
}

int64_t NumberOf(const Params& data, std::string_view key) {
  const std::string text = DataOf(data, key);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string ChangeText(const Change& change) {
  std::string text;
  json::Writer out(&text);
  out.Raw(R"({"turn":)");
  out.Integer(change.turn);
  out.Raw(change.committed ? R"(,"committed":true,"version":)"
                           : R"(,"committed":false,"version":)");
  out.Integer(change.version);
  out.Raw(R"(,"user":)");
  out.Quoted(change.user);
  out.Raw(R"(,"op":)");
  out.Quoted(change.op);
  out.Raw(R"(,"shards":)");
  out.Raw(StringsJson(change.shards));
  out.Raw(R"(,"dropped":)");
  out.Raw(StringsJson(change.dropped));
  out.Char('}');
  return std::move(out).Take();
}

Task<Change> ReadChange() {
  const ResultSet row = co_await Query(sql::kReadMeta, {"change"});
  Change change;
  const Result<nlohmann::json> tree = ParseTree(row.Text(0), kChangeDepth);
  if (!tree.ok()) co_return change;
  const auto text = [&](std::string_view key) {
    const std::string* const field = StringField(*tree, key);
    return field != nullptr ? *field : std::string();
  };
  change.turn = IntegerField(*tree, "turn").value_or(0);
  change.user = text("user");
  change.op = text("op");
  change.committed = BoolField(*tree, "committed").value_or(false);
  change.version = IntegerField(*tree, "version").value_or(0);
  change.shards = StringsOf(*tree, "shards");
  change.dropped = StringsOf(*tree, "dropped");
  co_return change;
}

Task<int64_t> LastTurn() {
  const ResultSet row = co_await Query(sql::kReadMeta, {"turn"});
  co_return row.Integer(0, 0);
}

Task<int64_t> NextTurn(int64_t now_ms) {
  const int64_t last = co_await LastTurn();
  co_return std::max(last + 1, now_ms);
}

std::vector<Statement> BeginChange(const Change& change) {
  return {{sql::kWriteMeta.text, {"turn", change.turn}},
          {sql::kWriteText.text, {"change", ChangeText(change)}},
          {sql::kWriteText.text, {"lock", std::to_string(change.turn)}}};
}

Task<std::vector<ShardReply>> CallShards(std::string app, std::vector<std::string> shards,
                                         std::string operation, Params params) {
  std::vector<ShardReply> replies;
  for (size_t begin = 0; begin < shards.size(); begin += limits::kShardsTogether) {
    const size_t end = std::min(shards.size(), begin + limits::kShardsTogether);
    std::vector<Command> calls;
    for (size_t i = begin; i < end; ++i) {
      calls.emplace_back(CallCommand{ShardObjectName(app, shards[i]), operation, params, {}});
    }
    for (auto& answer : co_await Calls(std::move(calls))) {
      auto* const reply = std::get_if<CallReply>(&answer);
      replies.push_back(reply != nullptr ? ShardReply(std::move(*reply)) : std::nullopt);
    }
  }
  co_return replies;
}

bool AllOk(const std::vector<ShardReply>& replies) {
  return std::all_of(replies.begin(), replies.end(),
                     [](const ShardReply& reply) { return reply && reply->status < 300; });
}

std::optional<std::vector<CallReply>> AllOf(std::vector<ShardReply> replies) {
  std::vector<CallReply> all;
  all.reserve(replies.size());
  for (ShardReply& reply : replies) {
    if (!reply || reply->status >= 300) return std::nullopt;
    all.push_back(std::move(*reply));
  }
  return all;
}

Reply ReplyOf(std::variant<CallReply, Failure> answer) {
  auto* const told = std::get_if<CallReply>(&answer);
  if (told == nullptr) return Busy("settle");
  Reply reply;
  reply.status = static_cast<int>(told->status);
  reply.headers.emplace_back("content-type", "application/json");
  if (reply.status == 503) reply.headers.emplace_back("retry-after", "1");
  reply.body.emplace_back(told->body);
  reply.data = std::move(told->data);
  for (const char* name : {"etag", "accept-patch"}) {
    if (reply.data.contains(name)) reply.headers.emplace_back(name, reply.data[name]);
  }
  return reply;
}

Task<std::vector<std::string>> ListShards() {
  const ResultSet rows = co_await Query(sql::kListShards);
  std::vector<std::string> shards;
  shards.reserve(rows.rows.size());
  for (const std::vector<Cell>& row : rows.rows) {
    shards.push_back(*std::get_if<std::string>(&row[0]));
  }
  co_return shards;
}

Task<bool> Settle(Context context) {
  const Change change = co_await ReadChange();
  if (change.turn == 0) co_return true;
  const std::string app = ObjectNameOf(context.request.space).app;
  const Document document = co_await ReadDocument();
  Params params{{"change", std::to_string(change.turn)},
                {"epoch", document.tag.epoch},
                {"layout", document.layout},
                {"commit", change.committed ? "1" : "0"},
                {"version", std::to_string(change.version)},
                {"user", change.user},
                {"op", change.op}};
  std::vector<std::string> kept;
  for (const std::string& shard : change.shards) {
    const auto& dropped = change.dropped;
    if (std::find(dropped.begin(), dropped.end(), shard) == dropped.end()) kept.push_back(shard);
  }
  const bool finished = AllOk(co_await CallShards(app, kept, "finish_shard", params));
  params["drop"] = change.committed ? "1" : "0";
  const bool dropped = AllOk(co_await CallShards(app, change.dropped, "finish_shard", params));
  if (!finished || !dropped) {
    co_await SetAlarm(context.request.now_ms + limits::kSettleMs);
    co_return false;
  }
  co_await Batch({{sql::kDeleteMeta.text, {"change"}}, {sql::kDeleteMeta.text, {"lock"}}});
  co_return true;
}

}  // namespace tidemark
