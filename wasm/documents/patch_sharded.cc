// PATCH of a sharded document: record operations go to the shard of their records, and nowhere
// else.

#include <map>
#include <utility>

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
  Task<Status> AskManifest();
  Task<Reply> Send();
  Task<bool> Help(CallReply reply);
  Task<bool> Register(Params data);
  Params Parameters() const;

  Context context_;
  std::string app_;
  Sharding sharding_;
  std::string names_ = "[";          // [collection, id, shard] of each operation
  std::vector<std::string> shards_;  // of each operation
  std::string body_ = "[";
};

Params Router::Parameters() const {
  Params params = context_.request.params;
  params.erase("shards");
  return params;
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
    json::Writer names(&names_);
    for (const RecordOperation& operation : operations) {
      const std::string_view collection = slice->Get(operation.collection);
      const std::string_view id = slice->Get(operation.id);
      shards_.push_back(RecordShard(sharding_, collection, id, slice->Get(operation.record)));
      names.Comma();
      names.Char('[');
      names.Quoted(collection);
      names.Char(',');
      names.Quoted(id);
      names.Char(',');
      names.Quoted(shards_.back());
      names.Char(']');
      if (body_.size() > 1) body_ += ',';
      body_ += slice->Get(operation.text);
    }
    offset += consumed;
  }
  names_ += ']';
  body_ += ']';
  co_return Status();
}

// A record stays in its shard, whatever day it names later: the manifest knows which that is.
Task<Status> Router::AskManifest() {
  if (sharding_.field.empty()) co_return Status();
  Params params = Parameters();
  params["records"] = names_;
  for (int attempt = 1; attempt < kTriesMax; ++attempt) {
    auto answer = co_await Call(ManifestName(app_), "place_records", params);
    auto* const reply = std::get_if<CallReply>(&answer);
    if (reply != nullptr && reply->status < 300) {
      const Result<nlohmann::json> tree = ParseTree(DataOf(reply->data, "shards"), 1);
      Check(tree.ok() && tree->size() == shards_.size());
      for (size_t i = 0; i < shards_.size(); ++i) {
        if (const auto* shard = (*tree)[i].get_ptr<const std::string*>()) shards_[i] = *shard;
      }
      co_return Status();
    }
    if (reply == nullptr || !co_await Help(std::move(*reply))) break;
  }
  co_return Status::Error(503, "busy", "The document's manifest is busy; try again in a second");
}

// A shard that is new, or has no such collection yet: the manifest lets it join.
Task<bool> Router::Register(Params data) {
  Params params = Parameters();
  params["shard"] = shards_.front();
  params["members"] = data.contains("members") ? data["members"] : "[]";
  auto answer = co_await Call(ManifestName(app_), "register_shard", params);
  const auto* known = std::get_if<CallReply>(&answer);
  if (known == nullptr || known->status >= 300) co_return known != nullptr&& co_await Help(*known);
  params["epoch"] = DataOf(known->data, "epoch");
  params["members"] = DataOf(known->data, "members");
  co_await Call(ShardObjectName(app_, shards_.front()), "join_shard", std::move(params));
  co_return true;
}

// What an object needs before it can take the request. False: another try is of no use.
Task<bool> Router::Help(CallReply reply) {
  const std::string needs = DataOf(reply.data, "needs");
  if (needs == "register") co_return co_await Register(std::move(reply.data));
  if (needs != "settle" && needs != "relayout") co_return false;
  auto answer =
      co_await Call(ManifestName(app_), needs == "settle" ? "settle_document" : "relayout_document",
                    Parameters());
  const auto* done = std::get_if<CallReply>(&answer);
  co_return done != nullptr && done->status < 300;
}

Task<Reply> Router::Send() {
  const std::string& shard = shards_.front();
  for (int attempt = 1;; ++attempt) {
    auto answer =
        co_await Call(ShardObjectName(app_, shard), "patch_document", Parameters(), {body_});
    auto* const reply = std::get_if<CallReply>(&answer);
    if (reply == nullptr || attempt == kTriesMax) co_return ReplyOf(std::move(answer));
    if (DataOf(reply->data, "error") == "empty_write_denied") {
      Params params = Parameters();
      params["through"] = shard;
      co_return ReplyOf(
          co_await Call(ManifestName(app_), "patch_through", std::move(params), {body_}));
    }
    if (!co_await Help(*reply)) co_return ReplyOf(std::move(answer));
  }
}

Task<Reply> Router::Run() {
  const Request& request = context_.request;
  if (!IsJsonType(request.Param("content_type"))) {
    co_return Reply::Error(Status::Error(409, "spans_shards",
                                         "This document is sharded: patch one shard of it by "
                                         "?shard=, or send record operations"));
  }
  if (Status status = CheckBody(request, limits::kRoutedBytesMax); !status.ok()) {
    co_return Reply::Error(status);
  }
  if (Status status = co_await ReadOperations(); !status.ok()) co_return Reply::Error(status);
  if (Status status = co_await AskManifest(); !status.ok()) co_return Reply::Error(status);
  if (shards_.empty()) co_return Reply::Json(R"({"version":null,"results":[]})");
  const std::string asked = request.Param("shard");
  const std::string& one = asked.empty() ? shards_.front() : asked;
  for (const std::string& shard : shards_) {
    if (shard == one) continue;
    co_return Reply::Error(Status::Error(409, "spans_shards",
                                         "These operations are for several shards; send a list for "
                                         "each"));
  }
  co_return co_await Send();
}

}  // namespace

Task<Reply> PatchSharded(Context context) {
  Router router(std::move(context));
  co_return co_await router.Run();
}

}  // namespace tidemark
