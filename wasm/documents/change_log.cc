#include "documents/change_log.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "documents/app.h"
#include "documents/commit.h"
#include "documents/shard_of.h"
#include "documents/sql_write.h"

namespace tidemark {
namespace {

// Of texts, and of names as JSON has them at the longest; with one more of each it is a value.
constexpr size_t kChunkBytes = 400'000;
constexpr size_t kChunkNamesBytes = 400'000;
static_assert(kChunkBytes + kChunkNamesBytes + limits::kRecordBytesMax + 10'000 <
              limits::kSqlValueBytesMax);

size_t NamesBytes(const RecordChange& change) {
  return 6 * (change.collection.size() + change.id.size()) + 128;
}
size_t NamesBytes(const MemberChange& change) { return 6 * change.key.size() + 128; }

}  // namespace

ChangeLog::ChangeLog(const Request& request, const Document& before, std::string op)
    : before_(before), after_(before), op_(std::move(op)) {
  after_.tag.version = before.NextVersion(request.now_ms);
}

ChangeLog::Chunk& ChangeLog::Room(size_t names, size_t bytes) {
  if (!chunks_.empty()) {
    Chunk& last = chunks_.back();
    const bool full = last.text.size() + bytes > kChunkBytes && !last.text.empty();
    last.names += names;
    if (!full && last.names <= kChunkNamesBytes) return last;
  }
  Chunk& chunk = chunks_.emplace_back();
  chunk.names = names;
  return chunk;
}

Status ChangeLog::Upsert(RecordChange change, std::string_view record, int64_t had, bool moves) {
  if (record.size() > limits::kRecordBytesMax) return ValueTooLarge();
  Chunk& chunk = Room(NamesBytes(change), record.size());
  change.offset = static_cast<uint32_t>(chunk.text.size());
  change.size = static_cast<uint32_t>(record.size());
  chunk.text += record;
  // One that was deleted comes back at another place too.
  chunk.changes.moved |= moves || had < 0;
  chunk.changes.records.push_back(std::move(change));
  after_.records += had < 0 ? 1 : 0;
  after_.bytes += static_cast<int64_t>(record.size()) - std::max<int64_t>(had, 0);
  return {};
}

void ChangeLog::Delete(const std::string& collection, const std::string& id, int64_t version,
                       int64_t had) {
  RecordChange change{.collection = collection, .id = id, .before = version};
  Room(NamesBytes(change), 0).changes.records.push_back(std::move(change));
  after_.records -= 1;
  after_.bytes -= had;
  ++deleted_;
}

Status ChangeLog::Set(MemberChange change, std::string_view value, int64_t had) {
  if (value.size() > limits::kRecordBytesMax) return ValueTooLarge();
  after_.bytes += static_cast<int64_t>(value.size()) - had;
  Chunk& chunk = Room(NamesBytes(change), value.size());
  change.offset = static_cast<uint32_t>(chunk.text.size());
  change.size = static_cast<uint32_t>(value.size());
  chunk.text += value;
  chunk.changes.members.push_back(std::move(change));
  return {};
}

void ChangeLog::Unset(const std::string& key, int64_t had) {
  after_.bytes -= had;
  MemberChange change{.key = key, .removed = true};
  Room(NamesBytes(change), 0).changes.members.push_back(std::move(change));
}

Status ChangeLog::CheckShard(const Request& request) const {
  const std::string shard = request.Param("shard");
  const Sharding sharding = ParseLayout(before_.layout);
  if (!sharding.sharded()) return {};
  // Names of collections, as the manifest told it.
  std::set<std::string, std::less<>> taken;
  if (const Result<nlohmann::json> names = ParseTree(request.Param("taken"), 1); names.ok()) {
    for (const nlohmann::json& name : *names) {
      if (const auto* text = name.get_ptr<const std::string*>()) taken.insert(*text);
    }
  }
  bool fits = true;
  for (const Chunk& chunk : chunks_) {
    const std::string_view text = chunk.text;
    for (const MemberChange& change : chunk.changes.members) {
      fits = fits && shard == kRootShard && !change.collection && !taken.contains(change.key);
    }
    for (const RecordChange& change : chunk.changes.records) {
      // One that was there stays where it is, whatever day it names.
      const bool stays = change.size == 0 || (change.before > 0 && !sharding.field.empty());
      fits = fits && (stays || shard == RecordShard(sharding, change.collection, change.id,
                                                    text.substr(change.offset, change.size)));
    }
  }
  if (fits) return {};
  return Status::Error(409, "spans_shards", "This patch would reach beyond the shard");
}

// What a patch set to what it was already is no change.
Task<bool> ChangeLog::DropSame(Chunk* chunk) {
  std::vector<RecordChange>& records = chunk->changes.records;
  std::vector<MemberChange>& members = chunk->changes.members;
  // Those that are set come first, as in the rows that are asked for.
  std::partition(members.begin(), members.end(),
                 [](const MemberChange& change) { return !change.removed; });
  const Blob blob{chunk->text};
  const ResultSets same =
      co_await Batch({{sql::kReadSame.text, {chunk->changes.RecordsJson(), blob}},
                      {sql::kReadSameMembers.text, {chunk->changes.MembersJson(), blob}}});
  const auto erase = [](const ResultSet& rows, auto* from) {
    for (size_t i = rows.rows.size(); i > 0; --i) {
      const int64_t index = *std::get_if<int64_t>(&rows.rows[i - 1][0]);
      from->erase(from->begin() + static_cast<ptrdiff_t>(index));
    }
  };
  erase(same[0], &records);
  erase(same[1], &members);
  co_return true;
}

Task<bool> ChangeLog::Finish(Request request) {
  for (Chunk& chunk : chunks_) co_await DropSame(&chunk);
  std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.changes.empty(); });
  Entry entry{
      .seq = after_.tag.version, .at = request.now_ms, .user = request.identity.user_id, .op = op_};
  const bool changed = !chunks_.empty() || !before_.exists();
  if (chunks_.empty() && changed) chunks_.emplace_back();
  for (const Chunk& chunk : chunks_) {
    entry.last = &chunk == &chunks_.back();
    std::vector<Statement> statements =
        chunk.changes.Statements(before_, entry.seq, Blob{chunk.text});
    const std::string activity =
        entry.last ? ActivityOf(request, entry.seq, !before_.exists()) : std::string();
    statements.push_back(
        AppendEntry(entry, after_, EntryText(entry, chunk.changes, chunk.text), activity));
    co_await Write(std::move(statements), request.now_ms + limits::kFlushDelayMs);
    ++entry.part;
  }
  co_return changed;
}

}  // namespace tidemark
