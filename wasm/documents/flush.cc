// The journal, sent on. Each step may be done twice: an object of the journal has its name from
// what is in it, and whoever reads entries twice applies them in order.

#include <algorithm>
#include <array>
#include <utility>

#include "accounts/sql.h"
#include "accounts/window.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/uuid.h"
#include "documents/app.h"
#include "documents/document.h"
#include "documents/progress.h"
#include "documents/sql_journal.h"
#include "documents/sql_rounds.h"
#include "engine/await.h"
#include "ops/activity.h"
#include "records/sql_space.h"

namespace tidemark {
namespace {

constexpr const char* kProgressKey = "progress";
constexpr Keep kObject{limits::kJournalObjectUnits, limits::kPageRowsMax};

// An id that sorts by the last version in the object, and of one version by the row: the parts of a
// large write lie in several. It is the same for the same rows.
std::string ObjectUuid(const std::string& object, const std::string& epoch, int64_t last_row,
                       int64_t last_seq) {
  const Sha256Digest digest = Sha256Of(object + '\n' + epoch);
  std::array<uint8_t, 10> bytes{};
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  for (size_t i = 0; i < 5; ++i) bytes[3 + i] = static_cast<uint8_t>(last_row >> (32 - 8 * i));
  return UuidV7(last_seq, bytes);
}

}  // namespace

Task<Progress> ReadProgress() {
  const ResultSet row = co_await Query(sql::kReadMeta, {kProgressKey});
  std::array<int64_t, 8> numbers{};
  if (!ReadNumbers(row.Text(0), numbers)) numbers = {};
  co_return Progress{numbers[0], numbers[1], numbers[2], numbers[3],
                     numbers[4], numbers[5], numbers[6], numbers[7]};
}

Task<bool> WriteProgress(Progress progress) {
  const std::array<int64_t, 8> numbers = {
      progress.flushed,  progress.recorded,   progress.published, progress.published_at,
      progress.failures, progress.registered, progress.large,     progress.flushed_seq};
  co_await Batch({{sql::kWriteText.text, {kProgressKey, FormatNumbers(numbers)}},
                  {sql::kForgetEntries.text, {std::min(progress.flushed, progress.recorded)}}});
  co_return true;
}

Task<bool> FlushJournal(Request request, Progress* progress) {
  const ObjectName object = ObjectNameOf(request.space);
  const Document document = co_await ReadDocument();
  // What is written meanwhile is the next one's.
  const int64_t newest = (co_await Query(sql::kReadLastEntry)).Integer(0, 0);
  while (progress->flushed < newest) {
    const ResultSet page =
        co_await Query(sql::kReadEntries, {progress->flushed, limits::kJournalSpanMs}, kObject);
    if (page.kept.empty()) co_return true;
    const ResultSet seqs = co_await Query(sql::kReadEntrySeqs, {progress->flushed, page.last});
    const int64_t last_seq = seqs.Integer(1, 0);
    std::string head = R"({"object":)";
    json::AppendQuoted(&head, request.space);
    head += R"(,"epoch":")" + document.tag.epoch + R"(","first":)" +
            std::to_string(seqs.Integer(0, 0)) + R"(,"last":)" + std::to_string(last_seq) +
            R"(,"previous":)" + std::to_string(progress->flushed_seq) + R"(,"entries":[)";
    std::string key =
        JournalKey(object.app, DayOf(last_seq),
                   ObjectUuid(request.space, document.tag.epoch, page.last, last_seq));
    auto answer = co_await Store("r2", "put", {{"key", std::move(key)}, {"meta", "{}"}},
                                 {std::move(head), page.kept.front().handle, "]}"});
    const auto* reply = std::get_if<StoreReply>(&answer);
    if (reply == nullptr || reply->status != 200) co_return false;
    progress->flushed = page.last;
    progress->flushed_seq = last_seq;
    co_await WriteProgress(*progress);
  }
  co_return true;
}

Task<bool> RecordWrites(Request request, Progress* progress) {
  const ObjectName object = ObjectNameOf(request.space);
  for (bool more = true; more;) {
    const ResultSet page = co_await Query(sql::kReadActivity, {progress->recorded}, kObject);
    std::vector<Statement> statements;
    if (!page.kept.empty()) statements.push_back(AppendActivity(page.kept.front().handle));
    if (progress->registered == 0) {
      statements.push_back({sql::kRegisterDocument.text, {object.app, request.now_ms}});
    }
    if (statements.empty()) co_return true;
    auto answer = co_await D1(std::string(kActivityShard), std::move(statements));
    if (std::holds_alternative<Failure>(answer)) co_return false;
    progress->registered = 1;
    if (!page.kept.empty()) progress->recorded = page.last;
    co_await WriteProgress(*progress);
    more = page.more;
  }
  co_return true;
}

}  // namespace tidemark
