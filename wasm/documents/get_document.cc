// GET of the document as its owner has it: all of it, or one shard.

#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/document.h"
#include "documents/operations.h"
#include "documents/shard_of.h"
#include "documents/sql_read.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kWhole{limits::kViewBytesMax, limits::kIntegerMax};

// The part of a document that is asked for: a piece for each run of values and each collection.
class View {
 public:
  View(std::string shard, int64_t version) : shard_(std::move(shard)), version_(version) {}

  Task<bool> Read();
  bool found() const { return shard_.empty() || found_; }
  bool too_large() const { return too_large_; }
  std::vector<Part> TakeBody() { return std::move(body_); }

 private:
  bool Wants(std::string_view shard) const { return shard_.empty() || shard_ == shard; }
  void Add(std::string text) { body_.emplace_back(std::move(text)); }
  void AddRows(const ResultSet& rows);

  std::string shard_;
  int64_t version_;
  std::vector<Part> body_;
  bool found_ = false;
  bool first_ = true;
  bool too_large_ = false;
};

void View::AddRows(const ResultSet& rows) {
  too_large_ |= rows.more;
  for (const Kept& kept : rows.kept) body_.emplace_back(kept.handle);
}

// Nobody writes between two steps: the operation is local.
Task<bool> View::Read() {
  const ResultSet collections = co_await Query(sql::kListCollections, {version_});
  Add("{");
  int64_t after = 0;
  for (size_t i = 0; i <= collections.rows.size(); ++i) {
    const bool last = i == collections.rows.size();
    const int64_t place =
        last ? limits::kIntegerMax : *std::get_if<int64_t>(&collections.rows[i][1]);
    if (Wants(kRootShard)) {
      const ResultSet values = co_await Query(sql::kReadValues, {version_, after, place}, kWhole);
      if (!values.kept.empty()) {
        if (!std::exchange(first_, false)) Add(",");
        AddRows(values);
        found_ = true;
      }
    }
    after = place;
    if (last) break;
    const std::string key = *std::get_if<std::string>(&collections.rows[i][0]);
    if (!Wants(CollectionShard(key))) continue;
    found_ = true;
    std::string head = std::exchange(first_, false) ? "" : ",";
    json::AppendQuoted(&head, key);
    Add(head + ":[");
    AddRows(co_await Query(sql::kReadRecordPage, {version_, int64_t{0}, key}, kWhole));
    Add("]");
  }
  Add("}");
  co_return true;
}

}  // namespace

Task<Reply> GetDocument(Context context) {
  const Request& request = context.request;
  const Document document = co_await ReadDocument();
  if (auto busy = NotNow(request, document)) co_return std::move(*busy);
  const std::string shard = request.Param("shard");
  if (!document.exists()) co_return Reply::Error(Status::NotFound("There is no document yet"));
  const std::string etag = EtagFor(request, document).value_or("");
  if (auto refusal = Refusal(request, etag, true, false)) co_return std::move(*refusal);
  // An object that is a shard has nothing else.
  View view(document.layout.empty() ? shard : std::string(), document.tag.version);
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  reply.headers.emplace_back("etag", etag);
  const bool head = request.Param("method") == "HEAD";
  if (head && shard.empty()) co_return reply;
  // A collection is one read, which has its own bound; values are several.
  const bool small = document.bytes <= limits::kViewBytesMax;
  const bool reads = small || (!shard.empty() && shard != kRootShard);
  if (reads) co_await view.Read();
  if (!reads || view.too_large()) {
    co_return Reply::Error(Status::TooLarge(
        "view_too_large", "The owner answers at most " + std::to_string(limits::kViewBytesMax) +
                              " bytes; read the published document, or one shard"));
  }
  if (!view.found()) co_return Reply::Error(Status::NotFound("There is no such shard"));
  if (!head) reply.body = view.TakeBody();
  co_return reply;
}

}  // namespace tidemark
