#include "records/project.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"
#include "records/operations.h"
#include "records/schema.h"
#include "records/statements.h"
#include "shards/placement.h"

namespace tidemark {
namespace {

enum class Sent : uint8_t { kApplied, kRefused, kMoved, kUnavailable };

class Projector {
 public:
  explicit Projector(Context context)
      : context_(std::move(context)), user_(context_.request.space) {}

  Task<Projection> Run();

 private:
  Task<bool> FindPlace();
  Task<bool> ReadProgress();
  Task<bool> StartOver();
  Task<bool> Publish();
  Task<bool> Leave();
  std::vector<Statement> Wipe() const;
  Task<Sent> SendPage(int64_t from, int64_t to);
  Task<Sent> SendRows(std::vector<ResultSet> rows, int64_t to);
  // A page that D1 refuses, halved until the rows that it refuses stand alone and are set aside.
  Task<Sent> SendHalves(int64_t from, int64_t to);
  Task<Sent> SetAside(std::string collection, std::string id, std::string reason, int64_t to);
  Task<bool> RetrySetAside();
  static void AddRows(const Collection& collection, const std::vector<ResultSet>& rows,
                      const std::string& user, std::vector<Statement>* batch);
  Statement Fence() const { return {sql::kFenceProjection.text, {user_, epoch_, result_.seq}}; }
  Statement Advance(int64_t to) const {
    return {sql::kAdvanceProjection.text, {user_, epoch_, to, context_.request.now_ms}};
  }
  Sent Note(const Failure& failure);
  Task<bool> Remember();

  Context context_;
  std::string user_;
  std::string shard_;
  std::string left_;    // another one, that it has yet to be wiped in
  bool fresh_ = false;  // nothing that is in its shard counts
  // By which it is known in its shard. While it is made anew it is none that readers know: rows
  // that were there before are missing in it.
  std::string epoch_;
  Space space_;
  Projection result_;
};

constexpr Keep kAll{static_cast<int64_t>(limits::kSqlValueBytesMax), limits::kIntegerMax};

Sent Projector::Note(const Failure& failure) {
  result_.problem = failure.message;
  if (failure.code == "refused") return Sent::kRefused;
  if (failure.code == "moved") return Sent::kMoved;
  result_.failed = true;
  return Sent::kUnavailable;
}

// Where the projection lies. One that has not been wiped yet where it was before stays.
Task<bool> Projector::FindPlace() {
  shard_ = co_await ProjectedShard(user_);
  const ResultSet left = co_await Query(sql::kReadMeta, {"left_shard"});
  left_ = left.Text(0);
  const std::string place = context_.request.Param("place");
  if (!place.empty() && place != shard_ && left_.empty()) {
    co_await Query(sql::kMoveProjection, {place, shard_});
    left_ = std::exchange(shard_, place);
    space_.projected_seq = 0;
  }
  fresh_ = !left_.empty() && space_.projected_seq == 0;
  result_.shard = shard_;
  co_return true;
}

// What D1 has. A projection of another life of this space is wiped first. False where another run
// has moved it elsewhere meanwhile.
Task<bool> Projector::ReadProgress() {
  const std::string known = co_await ProjectedShard(user_);
  if (known != shard_) co_return false;
  auto answer = co_await D1(shard_, {{sql::kReadProjection.text, {user_}}});
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    Note(*failure);
    co_return false;
  }
  const ResultSet row = std::get_if<ResultSets>(&answer)->front();
  result_.seq = row.Integer(1, 0);
  const bool whole = row.Text(0) == space_.epoch && !fresh_;
  epoch_ = left_.empty() || whole ? space_.epoch : space_.epoch + "~";
  const bool ours = row.rows.empty() || row.Text(0) == epoch_;
  if (ours && !(fresh_ && result_.seq > 0)) co_return true;
  co_return co_await StartOver();
}

std::vector<Statement> Projector::Wipe() const {
  std::vector<Statement> wipe;
  const auto& collections = context_.schema->collections;
  for (size_t i = collections.size(); i > 0; --i)
    wipe.push_back({collections[i - 1].wipe, {user_}});
  return wipe;
}

// From now on readers know it.
Task<bool> Projector::Publish() {
  if (epoch_ == space_.epoch) co_return true;
  std::vector<Statement> batch{Fence()};
  epoch_ = space_.epoch;
  batch.push_back(Advance(result_.seq));
  auto answer = co_await D1(shard_, std::move(batch));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    Note(*failure);
    co_return false;
  }
  co_return true;
}

// Wipes the projection where it was before. It is tried at each run until it is done. Its progress
// is that of no life there: a batch of before that comes late finds the fence closed.
Task<bool> Projector::Leave() {
  if (left_.empty()) co_return true;
  std::vector<Statement> wipe = Wipe();
  wipe.push_back(
      {sql::kAdvanceProjection.text, {user_, std::string(), int64_t{0}, context_.request.now_ms}});
  auto answer = co_await D1(left_, std::move(wipe));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    result_.problem = failure->message;
    // A database that is bound no more is not read again either.
    if (failure->code != "unbound") co_return false;
  }
  co_await Query(sql::kForgetLeftShard);
  co_return true;
}

Task<bool> Projector::StartOver() {
  std::vector<Statement> wipe = Wipe();
  wipe.push_back(Advance(0));
  result_.seq = 0;
  auto answer = co_await D1(shard_, std::move(wipe));
  if (const auto* failure = std::get_if<Failure>(&answer)) {
    Note(*failure);
    co_return false;
  }
  co_return true;
}

// The statements that write one collection's rows: `rows` hold them as kept JSON texts, by group.
void Projector::AddRows(const Collection& collection, const std::vector<ResultSet>& rows,
                        const std::string& user, std::vector<Statement>* batch) {
  for (const ResultSet& set : rows) {
    for (const Kept& kept : set.kept) {
      if (kept.group != collection.name) continue;
      for (const std::string_view text :
           {collection.project_orphans, collection.project_upsert, collection.project_delete}) {
        if (!text.empty()) batch->push_back({text, {user, kept.handle}});
      }
    }
  }
}

Task<Sent> Projector::SendRows(std::vector<ResultSet> rows, int64_t to) {
  std::vector<Statement> batch{Fence()};
  for (const Collection& collection : context_.schema->collections) {
    AddRows(collection, rows, user_, &batch);
  }
  batch.push_back(Advance(to));
  auto answer = co_await D1(shard_, std::move(batch));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return Note(*failure);
  for (const ResultSet& set : *std::get_if<ResultSets>(&answer)) {
    result_.rows_written += set.rows_written;
  }
  result_.seq = to;
  co_return Sent::kApplied;
}

Task<Sent> Projector::SendPage(int64_t from, int64_t to) {
  // One batch, so that no other request comes between: parents that changed after the page come
  // with it, and no child is without.
  std::vector<Statement> reads;
  for (const Collection& child : context_.schema->collections) {
    if (child.parent < 0) continue;
    const Collection& parent = context_.schema->collections[static_cast<size_t>(child.parent)];
    reads.push_back({sql::kReadPageParents.text,
                     {from, to, std::string(child.name), std::string(parent.name)},
                     kAll});
  }
  reads.push_back({sql::kReadPage.text, {from, to}, kAll});
  ResultSets rows = co_await Batch(std::move(reads));
  for (const ResultSet& set : rows) {
    if (set.more) co_return Sent::kRefused;  // too much for one value: halves of it fit
  }
  co_return co_await SendRows(std::move(rows), to);
}

Task<Sent> Projector::SetAside(std::string collection, std::string id, std::string reason,
                               int64_t to) {
  co_await Query(sql::kSetAside, {std::move(collection), std::move(id), std::move(reason),
                                  context_.request.now_ms});
  ++result_.set_aside;
  auto answer = co_await D1(shard_, {Fence(), Advance(to)});
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return Note(*failure);
  result_.seq = to;
  co_return Sent::kApplied;
}

Task<Sent> Projector::SendHalves(int64_t from, int64_t to) {
  const ResultSet rows = co_await Query(sql::kReadSeqs, {from, to});
  if (rows.rows.empty()) co_return co_await SendPage(from, to);
  // Ranges of rows still to send, the next one last.
  std::vector<std::pair<size_t, size_t>> ranges{{0, rows.rows.size()}};
  while (!ranges.empty()) {
    const auto [begin, end] = ranges.back();
    ranges.pop_back();
    const std::vector<Cell>& last = rows.rows[end - 1];
    const int64_t seq = *std::get_if<int64_t>(&last[2]);
    Sent sent = co_await SendPage(result_.seq, seq);
    if (sent == Sent::kRefused && end - begin > 1) {
      const size_t middle = begin + (end - begin) / 2;
      ranges.emplace_back(middle, end);
      ranges.emplace_back(begin, middle);
      continue;
    }
    if (sent == Sent::kRefused) {
      sent = co_await SetAside(*std::get_if<std::string>(&last[0]),
                               *std::get_if<std::string>(&last[1]), result_.problem, seq);
    }
    if (sent != Sent::kApplied) co_return sent;
  }
  co_return Sent::kApplied;
}

// Once a run, what was set aside before is tried again, the longest waiting first; what D1 takes
// now is set aside no more.
Task<bool> Projector::RetrySetAside() {
  const ResultSet waiting = co_await Query(sql::kListSetAside);
  for (size_t i = 0; i < waiting.rows.size(); ++i) {
    const std::string collection = *std::get_if<std::string>(&waiting.rows[i][0]);
    const std::string id = *std::get_if<std::string>(&waiting.rows[i][1]);
    std::vector<ResultSet> row;
    row.push_back(co_await Query(sql::kReadProjected, {collection, id}, kAll));
    const Sent sent = co_await SendRows(std::move(row), result_.seq);
    if (sent == Sent::kRefused) {
      co_await Query(sql::kSetAside, {collection, id, result_.problem, context_.request.now_ms});
      ++result_.set_aside;
      continue;
    }
    if (sent != Sent::kApplied) co_return false;
    co_await Query(sql::kClearSetAside, {collection, id});
  }
  co_return true;
}

// How far D1 is, in the space too: reads and the alarm need not ask D1 for it. False as above.
Task<bool> Projector::Remember() {
  const std::string known = co_await ProjectedShard(user_);
  if (known != shard_) co_return false;
  co_await Query(sql::kWriteMeta, {"projected_seq", result_.seq});
  space_ = co_await ReadSpace();
  co_return true;
}

Task<Projection> Projector::Run() {
  space_ = co_await ReadSpace();
  if (user_.empty()) {
    const ResultSet owner = co_await Query(sql::kReadMeta, {"owner"});
    user_ = owner.Text(0);
  }
  co_await FindPlace();
  if (!co_await ReadProgress()) co_return std::move(result_);
  int moved = 0;
  for (int page = 0; page < limits::kProjectPagesMax && result_.seq < space_.head; ++page) {
    const ResultSet measured = co_await Query(
        sql::kMeasurePage, {result_.seq, limits::kProjectBytesMax, limits::kProjectRowsMax});
    // Nothing is left above it but pruned tombstones.
    const int64_t to = measured.Integer(0, space_.head);
    Sent sent = co_await SendPage(result_.seq, to);
    if (sent == Sent::kRefused) sent = co_await SendHalves(result_.seq, to);
    if (sent == Sent::kUnavailable) co_return std::move(result_);
    // Another run of this object's projection got there first: go on from where D1 is.
    if (sent == Sent::kMoved && (++moved > 3 || !co_await ReadProgress())) {
      co_return std::move(result_);
    }
    if (!co_await Remember()) co_return std::move(result_);
  }
  if (!co_await RetrySetAside() || !co_await Remember()) co_return std::move(result_);
  const bool whole = result_.seq >= space_.head;
  result_.done = whole && co_await Publish();
  if (result_.done) co_await Leave();
  co_return std::move(result_);
}

}  // namespace

Task<std::string> ProjectedShard(std::string user) {
  const ResultSet known = co_await Query(sql::kReadMeta, {"projected_shard"});
  const std::string shard = known.Text(0);
  co_return shard.empty() ? std::string(ShardOf(user)) : shard;
}

Task<Projection> Project(Context context) {
  Projector projector(std::move(context));
  co_return co_await projector.Run();
}

}  // namespace tidemark
