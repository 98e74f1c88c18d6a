#include "documents/copy.h"

#include <utility>

#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/sql_read.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr Keep kPage{limits::kJournalPartUnits, limits::kPageRowsMax};

std::string Text(const Params& data, std::string_view key) {
  const auto found = data.find(key);
  return found == data.end() ? std::string() : found->second;
}

class Copier {
 public:
  explicit Copier(CopyTarget target) : target_(std::move(target)) {}

  Task<Copied> Run();

 private:
  Task<bool> Freeze();
  Task<bool> Open();
  Task<bool> WriteAll();
  Task<bool> WritePages(const Sql& sql, std::string scope, int64_t after, bool members,
                        int64_t before);
  Task<bool> Write(std::vector<Part> parts);
  Task<bool> Close();
  bool Failed(const std::variant<StoreReply, Failure>& answer);

  CopyTarget target_;
  Document document_;
  Copied copied_;
  std::string stream_;
  bool first_ = true;
};

bool Copier::Failed(const std::variant<StoreReply, Failure>& answer) {
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    copied_.problem = failure->message;
    return true;
  }
  const auto* reply = std::get_if<StoreReply>(&answer);
  copied_.existed = reply->status == 412;
  return reply->status != 200;
}

// From here on the moment is kept: what a later write replaces of it is set aside first.
Task<bool> Copier::Freeze() {
  document_ = co_await ReadDocument();
  if (!document_.exists()) co_return false;
  // The read and the freeze are one step: the version is the one that is frozen.
  const ResultSets frozen = co_await Batch({{sql::kClearFrozen.text, {}},
                                            {sql::kClearFrozenMembers.text, {}},
                                            {sql::kFreeze.text, {}},
                                            {sql::kMeasureDocument.text, {}}});
  document_.tag.version = frozen[2].Integer(0, 0);
  copied_.version = document_.tag.version;
  copied_.bytes = frozen[3].Integer(0, 0);
  co_return true;
}

Task<bool> Copier::Open() {
  std::string meta = R"({"version":)";
  json::AppendQuoted(&meta, document_.version());
  meta += R"(,"bytes":)" + std::to_string(copied_.bytes) + "}";
  Params params{{"key", target_.key}, {"size", std::to_string(copied_.bytes)}, {"meta", meta}};
  if (target_.absent) params["absent"] = "1";
  auto answer = co_await Store(target_.store, "open", std::move(params));
  if (Failed(answer)) co_return false;
  stream_ = Text(std::get_if<StoreReply>(&answer)->data, "stream");
  co_return true;
}

Task<bool> Copier::Write(std::vector<Part> parts) {
  auto answer = co_await Store(target_.store, "write", {{"stream", stream_}}, std::move(parts));
  co_return !Failed(answer);
}

// All rows of a statement, page by page. `members`: they are members of the object, not elements.
Task<bool> Copier::WritePages(const Sql& sql, std::string scope, int64_t after, bool members,
                              int64_t before) {
  bool comma = members && !first_;
  for (bool more = true; more;) {
    std::vector<Param> params{document_.tag.version, after};
    if (members) params.emplace_back(before);
    if (!members) params.emplace_back(scope);
    const ResultSet page = co_await Query(sql, std::move(params), kPage);
    if (page.kept.empty()) co_return true;
    std::vector<Part> parts;
    if (comma) parts.emplace_back(",");
    parts.emplace_back(page.kept.front().handle);
    if (!co_await Write(std::move(parts))) co_return false;
    if (members) first_ = false;
    comma = true;
    after = page.last;
    more = page.more;
  }
  co_return true;
}

Task<bool> Copier::WriteAll() {
  const ResultSet collections = co_await Query(sql::kListCollections, {document_.tag.version});
  if (!co_await Write({"{"})) co_return false;
  int64_t after = 0;
  for (const std::vector<Cell>& row : collections.rows) {
    const std::string key = *std::get_if<std::string>(&row[0]);
    const int64_t place = *std::get_if<int64_t>(&row[1]);
    if (!co_await WritePages(sql::kReadValues, {}, after, true, place)) co_return false;
    std::string head = std::exchange(first_, false) ? "" : ",";
    json::AppendQuoted(&head, key);
    if (!co_await Write({head + ":["})) co_return false;
    if (!co_await WritePages(sql::kReadRecordPage, key, 0, false, 0)) co_return false;
    if (!co_await Write({"]"})) co_return false;
    after = place;
  }
  if (!co_await WritePages(sql::kReadValues, {}, after, true, limits::kIntegerMax)) {
    co_return false;
  }
  co_return co_await Write({"}"});
}

Task<bool> Copier::Close() {
  auto answer = co_await Store(target_.store, "close", {{"stream", stream_}});
  if (Failed(answer)) co_return false;
  copied_.sha256 = Text(std::get_if<StoreReply>(&answer)->data, "sha256");
  co_return true;
}

Task<Copied> Copier::Run() {
  if (!co_await Freeze()) co_return std::move(copied_);
  const bool open = co_await Open();
  copied_.done = open && co_await WriteAll() && co_await Close();
  if (open && !copied_.done) co_await Store(target_.store, "abort", {{"stream", stream_}});
  co_await Batch(
      {{sql::kThaw.text, {}}, {sql::kClearFrozen.text, {}}, {sql::kClearFrozenMembers.text, {}}});
  co_return std::move(copied_);
}

}  // namespace

Task<Copied> CopyDocument(CopyTarget target) {
  Copier copier(std::move(target));
  co_return co_await copier.Run();
}

Task<bool> HoldsCopy(std::string key, Copied copied) {
  auto answer = co_await Store("r2", "digest", {{"key", std::move(key)}});
  const auto* reply = std::get_if<StoreReply>(&answer);
  co_return reply != nullptr && reply->status == 200 &&
      Text(reply->data, "sha256") == copied.sha256;
}

}  // namespace tidemark
