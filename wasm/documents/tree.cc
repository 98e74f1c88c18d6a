#include "documents/tree.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/limits.h"
#include "documents/sql_tree.h"
#include "engine/await.h"

namespace tidemark {
namespace {

constexpr size_t kSinglesMax = 64;  // above, the whole collection is read

Status TooCostly() {
  return Status::TooLarge("patch_too_costly",
                          "This patch has to read too much of the document; use record operations");
}

// An index as RFC 6901 writes it.
std::optional<int64_t> IndexOf(std::string_view text) {
  int64_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (!whole || index < 0 || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  return index;
}

class TreeLoader {
 public:
  explicit TreeLoader(Needs needs) : needs_(std::move(needs)) {}

  Task<Result<Tree>> Load();

 private:
  bool Names(std::string_view key) const;
  std::optional<std::vector<int64_t>> Singles(std::string_view key) const;
  Task<Result<json::Node>> LoadMember(TreeMember* member);
  Task<Result<json::Node>> LoadWhole(TreeMember* member);
  Task<Result<json::Node>> LoadSingles(TreeMember* member, std::vector<int64_t> singles);

  Needs needs_;
  int64_t bytes_ = 0;
  int64_t records_ = 0;
  int64_t singles_ = 0;  // records of collections that are loaded in part
};

bool TreeLoader::Names(std::string_view key) const {
  return needs_.everything ||
         std::any_of(needs_.touched.begin(), needs_.touched.end(), [&](const json::Touched& at) {
           return at.whole_root ? at.reads : at.member == key && (at.reads || at.element);
         });
}

// The records of a collection that will do; none where all of it is needed.
std::optional<std::vector<int64_t>> TreeLoader::Singles(std::string_view key) const {
  if (needs_.everything || !needs_.partly) return std::nullopt;
  std::vector<int64_t> singles;
  for (const json::Touched& at : needs_.touched) {
    if (at.whole_root && at.reads) return std::nullopt;
    if (at.whole_root || at.member != key) continue;
    const std::optional<int64_t> index = at.element ? IndexOf(*at.element) : std::nullopt;
    if (!index || at.restructures || singles.size() == kSinglesMax) return std::nullopt;
    if (std::find(singles.begin(), singles.end(), *index) == singles.end()) {
      singles.push_back(*index);
    }
  }
  return singles;
}

TreeRecord RecordOf(const std::vector<Cell>& row) {
  return {.id = *std::get_if<std::string>(&row[0]),
          .place = *std::get_if<int64_t>(&row[1]),
          .version = *std::get_if<int64_t>(&row[2]),
          .bytes = static_cast<int64_t>(std::get_if<std::string>(&row[3])->size())};
}

// The row's record as a node; its text leaves the row.
json::Node NodeOf(std::vector<Cell>* row, size_t origin) {
  json::Node node = json::Node::OfText(std::move(*std::get_if<std::string>(&(*row)[3])));
  node.set_origin(static_cast<uint32_t>(origin));
  return node;
}

Task<Result<json::Node>> TreeLoader::LoadWhole(TreeMember* member) {
  const ResultSet size = co_await Query(sql::kMeasureRecords, {member->key});
  records_ += size.Integer(0, 0);
  bytes_ += size.Integer(1, 0);
  if (records_ > limits::kPatchedRecordsMax || bytes_ > limits::kPatchedBytesMax) {
    co_return TooCostly();
  }
  ResultSet rows = co_await Query(sql::kReadCollection, {member->key});
  std::vector<json::Node> items;
  items.reserve(rows.rows.size());
  for (std::vector<Cell>& row : rows.rows) {
    member->records.push_back(RecordOf(row));
    items.push_back(NodeOf(&row, items.size()));
  }
  member->whole = true;
  co_return json::Node::Array(std::move(items));
}

Task<Result<json::Node>> TreeLoader::LoadSingles(TreeMember* member, std::vector<int64_t> singles) {
  const ResultSet size = co_await Query(sql::kCountRecords, {member->key});
  const int64_t count = size.Integer(0, 0);
  singles_ += count;
  if (singles_ > limits::kPatchedSinglesMax) co_return TooCostly();
  std::vector<json::Node> items(static_cast<size_t>(count));
  for (json::Node& item : items) item = json::Node::Absent();
  member->records.resize(items.size());
  for (const int64_t index : singles) {
    if (index >= count) continue;
    ResultSet rows = co_await Query(sql::kReadNth, {member->key, index});
    std::vector<Cell>& row = rows.rows.front();
    const auto at = static_cast<size_t>(index);
    member->records[at] = RecordOf(row);
    items[at] = NodeOf(&row, at);
  }
  co_return json::Node::Array(std::move(items));
}

Task<Result<json::Node>> TreeLoader::LoadMember(TreeMember* member) {
  if (!Names(member->key)) co_return json::Node::Absent();
  if (!member->collection) {
    bytes_ += member->bytes;
    if (bytes_ > limits::kPatchedBytesMax) co_return TooCostly();
    const ResultSet row = co_await Query(sql::kReadValue, {member->key});
    member->whole = true;
    co_return json::Node::OfText(row.Text(0));
  }
  std::optional<std::vector<int64_t>> singles = Singles(member->key);
  if (singles) co_return co_await LoadSingles(member, std::move(*singles));
  co_return co_await LoadWhole(member);
}

Task<Result<Tree>> TreeLoader::Load() {
  const ResultSet rows = co_await Query(sql::kListMembers);
  // Each member is looked up among what the patch names.
  if (needs_.touched.size() * rows.rows.size() > limits::kPatchedLookupsMax) {
    co_return TooCostly();
  }
  Tree tree;
  for (const std::vector<Cell>& row : rows.rows) {
    tree.members.push_back({.key = *std::get_if<std::string>(&row[0]),
                            .place = *std::get_if<int64_t>(&row[1]),
                            .collection = *std::get_if<int64_t>(&row[2]) == 1,
                            .bytes = *std::get_if<int64_t>(&row[3])});
  }
  std::vector<json::Member> members;
  for (size_t i = 0; i < tree.members.size(); ++i) {
    Result<json::Node> node = co_await LoadMember(&tree.members[i]);
    if (!node.ok()) co_return node.status();
    node->set_origin(static_cast<uint32_t>(i));
    members.push_back({tree.members[i].key, std::move(*node)});
  }
  tree.root = json::Node::Object(std::move(members));
  co_return std::move(tree);
}

}  // namespace

Task<Result<Tree>> LoadTree(Needs needs) {
  TreeLoader loader(std::move(needs));
  co_return co_await loader.Load();
}

Task<Status> LoadRecords(TreeMember* member, int64_t* loaded) {
  const ResultSet size = co_await Query(sql::kCountRecords, {member->key});
  *loaded += size.Integer(0, 0);
  if (*loaded > limits::kPatchedRecordsMax) co_return TooCostly();
  const ResultSet rows = co_await Query(sql::kListRecords, {member->key});
  member->records.clear();
  for (const std::vector<Cell>& row : rows.rows) {
    member->records.push_back({.id = *std::get_if<std::string>(&row[0]),
                               .place = *std::get_if<int64_t>(&row[1]),
                               .version = *std::get_if<int64_t>(&row[2]),
                               .bytes = *std::get_if<int64_t>(&row[3])});
  }
  member->whole = true;
  co_return Status();
}

}  // namespace tidemark
