#include "records/pull.h"

#include <utility>
#include <vector>

#include "base/limits.h"
#include "engine/await.h"
#include "records/answer.h"
#include "records/statements.h"

namespace tidemark {
namespace {

// The rows of the answer: seq above `from` and up to `to`. A device's own are among them where it
// did not get the answer to what it wrote: what is stored may be another form of it.
struct Window {
  int64_t from = 0;
  int64_t to = 0;
  int64_t until = 0;  // the end of a walk through the whole state
  int64_t floor = 0;
  std::string_view reset_reason;
};

Window WindowOf(const PushState& state, const std::string& cursor_text) {
  // Rows that this request wrote lie above the head that it found: its device has them.
  Window window{.to = state.space.head};
  if (!cursor_text.empty()) {
    const Result<Cursor> cursor = ParseCursor(cursor_text);
    Check(cursor.ok());
    window.reset_reason = StaleReason(*cursor, state.space);
    if (window.reset_reason.empty()) {
      window.from = cursor->seq;
      window.until = cursor->until;
      window.floor = cursor->floor;
      return window;
    }
  }
  // A walk through the whole state. Without a cursor a device gets back what it just sent as well.
  window.to = state.head;
  window.until = state.head;
  window.floor = state.space.pruned_seq;
  return window;
}

}  // namespace

Task<Result<Reply>> Pull(PushState* state, PullOptions options) {
  const Window window = WindowOf(*state, options.cursor);
  const Keep keep{options.units_max, options.limit};
  const ResultSet rows = co_await Query(state->space.has_copies ? sql::kPullWithCopies : sql::kPull,
                                        {window.from, window.to, options.limit}, keep);
  const int64_t last = rows.more ? rows.last : window.to;

  Answer answer(*state->schema, std::move(options.opening));
  answer.Add(rows);
  const ResultSet deletions = co_await Query(sql::kPullDeletedIds, {window.from, last}, keep);
  answer.Add(deletions);
  if (!state->corrections.empty()) {
    const ResultSet corrections =
        co_await Query(sql::kPullCorrections, {window.from, last, "[" + state->corrections + "]"},
                       {keep.bytes_max, limits::kCounterMax});
    if (corrections.more) {
      co_return Status::TooLarge("answer_too_large",
                                 "What is stored in place of these deltas is more than one answer "
                                 "holds: nothing was stored; send fewer deltas in a request");
    }
    answer.Add(corrections);
  }

  // With a cursor, what this request wrote need not be read again.
  const int64_t reached = rows.more ? rows.last : std::max(window.to, state->head);
  Cursor cursor{state->space.epoch, reached, window.floor, window.until};
  answer.Collections();
  answer.Quoted("cursor", FormatCursor(cursor));
  answer.Text(rows.more ? ",\"has_more\":true" : ",\"has_more\":false");
  if (!window.reset_reason.empty()) {
    answer.Text(",\"reset\":true");
    answer.Quoted("reset_reason", window.reset_reason);
  }
  answer.Text(",\"rejected\":[" + state->rejected + "],\"conflicts\":[" + state->conflicts + "]");
  answer.Text(",\"server_time\":" + std::to_string(state->now_ms));
  Reply reply;
  reply.body = answer.Finish();
  reply.headers.emplace_back("content-type", "application/json");
  reply.data["pulled"] = std::to_string(rows.KeptRows());
  co_return reply;
}

}  // namespace tidemark
