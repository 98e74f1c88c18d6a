// PATCH of a sharded document: record operations go to the shard of their records, other patches to
// the shard that they name, and nowhere else.

#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/change.h"
#include "documents/commit.h"
#include "documents/operations.h"
#include "documents/record_operation.h"
#include "documents/shard_of.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/body.h"

namespace tidemark {
namespace {

constexpr int kTriesMax = 4;

class Router {
 public:
  explicit Router(Context context)
      : context_(std::move(context)),
        app_(context_.request.Param("app")),
        sharding_(ParseLayout(context_.request.Param("layout"))) {}

  Task<Reply> Run();

 private:
  Task<Status> ReadOperations();
  void AddOperation(const Slice& slice, const RecordOperation& operation);
  Task<std::optional<Reply>> Place();
  Task<Reply> Send();
  Task<bool> Help(CallReply reply);
  Task<bool> Register(Params data);
  Task<std::variant<CallReply, Failure>> AskShard(bool through);
  Reply Nothing() const;
  Params Parameters() const;

  Context context_;
  std::string app_;
  Sharding sharding_;
  std::string shard_;            // that the operations are for; empty: for none
  std::set<std::string> named_;  // by the records alone
  std::string names_ = "[";      // [collection, id, shard, 1 | 0] of each operation
  std::string body_ = "[";
  std::string results_;  // of deletions where nothing is
  std::string turn_;     // by which they were placed
  bool deletes_ = true;  // they do nothing else
  bool absent_ = false;  // there is no such shard
  bool created_ = false;
  std::optional<Reply> refusal_;
};

Params Router::Parameters() const {
  Params params = context_.request.params;
  params.erase("shards");
  if (!turn_.empty()) params["turn"] = turn_;
  return params;
}

void Router::AddOperation(const Slice& slice, const RecordOperation& operation) {
  const std::string_view collection = slice.Get(operation.collection);
  const std::string_view id = slice.Get(operation.id);
  const std::string shard = RecordShard(sharding_, collection, id, slice.Get(operation.record));
  named_.insert(shard);
  deletes_ = deletes_ && operation.deletes;
  json::Writer names(&names_);
  names.Comma();
  names.Char('[');
  names.Quoted(collection);
  names.Char(',');
  names.Quoted(id);
  names.Char(',');
  names.Quoted(shard);
  names.Raw(operation.deletes ? ",0]" : ",1]");
  if (body_.size() > 1) body_ += ',';
  body_ += slice.Get(operation.text);
  if (!deletes_) return;
  json::Writer results(&results_);
  results.Comma();
  results.Raw(R"({"op":"delete","collection":)");
  results.Quoted(collection);
  results.Raw(R"(,"id":)");
  results.Quoted(id);
  results.Char('}');
}

Task<Status> Router::ReadOperations() {
  const size_t size = context_.request.body_size;
  OperationReader reader;
  for (size_t offset = 0; offset < size || !reader.done();) {
    Result<Slice> slice = co_await ReadSlice(offset, limits::kSliceBytes, size);
    if (!slice.ok()) co_return slice.status();
    std::vector<RecordOperation> operations;
    size_t consumed = 0;
    if (!reader.Read(&*slice, &operations, &consumed)) co_return reader.failure();
    if (consumed == 0 && operations.empty()) co_return ValueTooLarge();
    for (const RecordOperation& operation : operations) AddOperation(*slice, operation);
    offset += consumed;
  }
  names_ += ']';
  body_ += ']';
  co_return Status();
}

// Which shard they are for. A record stays in its shard, whatever day it names later: the manifest
// knows which that is.
Task<std::optional<Reply>> Router::Place() {
  std::set<std::string> shards = named_;
  for (int attempt = 1; !sharding_.field.empty(); ++attempt) {
    auto answer = co_await Call(ManifestName(app_), "place_records", Parameters(), {names_});
    const auto* reply = std::get_if<CallReply>(&answer);
    if (reply != nullptr && reply->status < 300) {
      const Result<nlohmann::json> tree = ParseTree(DataOf(reply->data, "shards"), 1);
      Check(tree.ok());
      shards.clear();
      for (const nlohmann::json& shard : *tree) shards.insert(*shard.get_ptr<const std::string*>());
      turn_ = DataOf(reply->data, "turn");
      break;
    }
    if (reply == nullptr || attempt == kTriesMax || !co_await Help(*reply)) {
      co_return ReplyOf(std::move(answer));
    }
  }
  const std::string asked = context_.request.Param("shard");
  if (shards.size() > 1 || (!asked.empty() && !shards.empty() && *shards.begin() != asked)) {
    co_return Reply::Error(Status::Error(409, "spans_shards",
                                         "These operations are for several shards; send a list for "
                                         "each"));
  }
  shard_ = shards.empty() ? std::string() : *shards.begin();
  co_return std::nullopt;
}

// A shard that is new, or has no such collection yet: the manifest lets it join.
Task<bool> Router::Register(Params data) {
  Params params = Parameters();
  params.erase("turn");
  params["shard"] = shard_;
  params["members"] = data.contains("members") ? data["members"] : "[]";
  if (deletes_) params["if_listed"] = "1";
  for (int attempt = 1; attempt < kTriesMax; ++attempt) {
    auto answer = co_await Call(ManifestName(app_), "register_shard", params);
    const auto* known = std::get_if<CallReply>(&answer);
    if (known == nullptr) co_return false;
    if (DataOf(known->data, "needs") == "collection") {
      answer = co_await Call(ManifestName(app_), "add_collections", params);
      known = std::get_if<CallReply>(&answer);
      created_ |= known != nullptr && known->data.contains("created");
      if (known != nullptr && known->status < 300) continue;
    }
    if (known == nullptr || known->status >= 300) {
      const int64_t status = known != nullptr ? known->status : 503;
      if (known != nullptr && status == 503) co_return co_await Help(*known);
      refusal_ = ReplyOf(std::move(answer));
      co_return false;
    }
    absent_ = known->data.contains("absent");
    if (absent_) co_return false;
    for (const char* key : {"epoch", "members", "turn", "clock"}) {
      params[key] = DataOf(known->data, key);
    }
    co_await Call(ShardObjectName(app_, shard_), "join_shard", std::move(params));
    co_return true;
  }
  co_return false;
}

// What an object needs before it can take the request. False: another try is of no use.
Task<bool> Router::Help(CallReply reply) {
  const std::string needs = DataOf(reply.data, "needs");
  if (needs == "register" && !shard_.empty()) co_return co_await Register(std::move(reply.data));
  if (needs == "place") {
    refusal_ = co_await Place();
    co_return !refusal_;
  }
  if (needs != "settle" && needs != "relayout") co_return false;
  Params params = Parameters();
  auto answer =
      co_await Call(ManifestName(app_), needs == "settle" ? "settle_document" : "relayout_document",
                    std::move(params));
  const auto* done = std::get_if<CallReply>(&answer);
  co_return done != nullptr && done->status < 300;
}

Reply Router::Nothing() const {
  return Reply::Json(R"({"version":null,"results":[)" + results_ + "]}");
}

Task<std::variant<CallReply, Failure>> Router::AskShard(bool through) {
  Params params = Parameters();
  if (through) params["through"] = shard_;
  const std::string object = through ? ManifestName(app_) : ShardObjectName(app_, shard_);
  co_return co_await Call(object, through ? "patch_through" : "patch_document", std::move(params),
                          {body_});
}

Task<Reply> Router::Send() {
  // A patch of values must not take a collection's name: its manifest knows those.
  bool through = shard_ == kRootShard;
  for (int attempt = 1;; ++attempt) {
    auto answer = co_await AskShard(through);
    const auto* reply = std::get_if<CallReply>(&answer);
    if (reply == nullptr || attempt == kTriesMax) co_return ReplyOf(std::move(answer));
    const std::string error = DataOf(reply->data, "error");
    if (!through && (error == "empty_write_denied" || error == "large_delete_denied")) {
      through = true;
      continue;
    }
    const bool again = co_await Help(*reply);
    if (absent_ || shard_.empty()) co_return Nothing();
    if (refusal_) co_return std::move(*refusal_);
    if (again) continue;
    Reply answered = ReplyOf(std::move(answer));
    if (created_ && answered.status == 200) answered.status = 201;
    co_return answered;
  }
}

Task<Reply> Router::Run() {
  const Request& request = context_.request;
  const bool operations = IsJsonType(request.Param("content_type"));
  if (Status status = CheckBody(request, limits::kRoutedBytesMax); !status.ok()) {
    co_return Reply::Error(status);
  }
  shard_ = request.Param("shard");
  if (!operations) {
    if (shard_.empty()) {
      co_return Reply::Error(Status::Error(409, "spans_shards",
                                           "This document is sharded: patch one shard of it by "
                                           "?shard=, or send record operations"));
    }
    deletes_ = false;
    body_ = co_await BodySlice(0, request.body_size);
    co_return co_await Send();
  }
  if (Status status = co_await ReadOperations(); !status.ok()) co_return Reply::Error(status);
  if (auto refusal = co_await Place()) co_return std::move(*refusal);
  if (shard_.empty()) co_return Nothing();
  co_return co_await Send();
}

}  // namespace

Task<Reply> PatchSharded(Context context) {
  Router router(std::move(context));
  Reply reply = co_await router.Run();
  for (const char* name : {"etag", "accept-patch"}) reply.data.erase(name);
  co_return reply;
}

}  // namespace tidemark
