// Copies of what others share, as their spaces send them.

#include <utility>

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/operations.h"
#include "records/publish.h"
#include "records/statements.h"
#include "shares/operations.h"

namespace tidemark {
namespace {

constexpr int64_t kLaterShare = -1;

struct Received {
  bool known = false;
  std::string permission;
  int64_t generation = 0;
  std::string epoch;
  int64_t at = 0;
  bool ended = false;
};

// What the owner's space says of the share; its numbers are the core's own.
struct Told {
  std::string owner;
  std::string plan;
  std::string permission;
  std::string epoch;
  int64_t generation = 0;
  int64_t from = 0;
  int64_t to = 0;
  bool ended = false;
};

int64_t NumberOf(const Request& request, std::string_view name) {
  const Result<int64_t> number = IntegerParam(request, name, 0, limits::kIntegerMax, 0);
  Check(number.ok());
  return *number;
}

Told ToldOf(const Request& request) {
  return {.owner = request.Param("owner"),
          .plan = request.Param("plan"),
          .permission = request.Param("permission"),
          .epoch = request.Param("epoch"),
          .generation = NumberOf(request, "generation"),
          .from = NumberOf(request, "from"),
          .to = NumberOf(request, "to"),
          .ended = !request.Param("ended").empty()};
}

Task<Received> ReadReceived(std::string owner, std::string plan) {
  const ResultSet row = co_await Query(sql::kReadReceived, {std::move(owner), std::move(plan)});
  co_return Received{.known = !row.rows.empty(),
                     .permission = row.Text(0),
                     .generation = row.Integer(1, 0),
                     .epoch = row.Text(2),
                     .at = row.Integer(3, 0),
                     .ended = row.Integer(4, 0) != 0};
}

Statement WriteReceived(const Request& request, const Told& told, int64_t at) {
  return {sql::kWriteReceived.text,
          {told.owner, told.plan, told.permission, request.Param("email"),
           NumberOf(request, "created_at"), request.Param("collection"), told.generation,
           told.epoch, at, int64_t{told.ended}, request.now_ms}};
}

Reply Standing(int64_t at) {
  Reply reply;
  reply.data["at"] = std::to_string(at);
  return reply;
}

// Runs what moves the space's counter, each statement on top of the one before it, and tells the
// live devices of it.
class Writer {
 public:
  Writer(Context context, Space space) : context_(std::move(context)), space_(std::move(space)) {
    head_ = space_.head;
  }
  // Statements that give their rows the next seqs have a last but one parameter of the head.
  Task<bool> Run(Sql sql, std::vector<Param> params) {
    params.emplace_back(head_);
    params.emplace_back(context_.request.now_ms);
    const std::string_view text = sql.text;
    const ResultSets sets =
        co_await Batch({{text, std::move(params)}, {sql::kReadSpace.text, {""}}});
    head_ = sets[1].Integer(1, 0);
    co_return true;
  }
  Task<bool> Finish() {
    if (head_ == space_.head) co_return false;
    co_await SetAlarm(context_.request.now_ms + limits::kProjectDelayMs);
    Space now = space_;
    now.has_copies = true;
    co_return co_await PublishChanges(context_,
                                      {.space = std::move(now), .from = space_.head, .to = head_});
  }

 private:
  Context context_;
  Space space_;
  int64_t head_ = 0;
};

Status TooMany() {
  return Status::Error(409, "too_many_shares",
                       "This user is shared as much as a space takes: " +
                           std::to_string(limits::kReceivedSharesMax));
}

}  // namespace

Task<Reply> ReceiveShared(Context context) {
  const Request& request = context.request;
  const Told told = ToldOf(request);
  const Received stored = co_await ReadReceived(told.owner, told.plan);
  const bool same = stored.known && stored.generation == told.generation;
  if (stored.generation > told.generation || (same && stored.ended && !told.ended)) {
    co_return Standing(kLaterShare);
  }
  const bool fresh = !same || stored.epoch != told.epoch;
  Space space = co_await ReadSpace();
  Writer writer(context, std::move(space));
  if (!stored.known && !told.ended) {
    const ResultSet count = co_await Query(sql::kCountReceived);
    if (count.Integer(0, 0) >= limits::kReceivedSharesMax) co_return Reply::Error(TooMany());
  }
  int64_t at = fresh ? 0 : stored.at;
  if (told.ended) at = told.to;
  const bool takes = !told.ended && at == told.from && request.body_size > 0;
  if (!told.ended && at == told.from) at = told.to;
  co_await Batch(
      {{sql::kForgetOwnerSeqs.text, {told.owner, told.epoch}}, WriteReceived(request, told, at)});
  if (fresh || told.ended) {
    co_await writer.Run(sql::kDropCopies, {told.owner, told.plan});
  } else if (stored.permission != told.permission) {
    co_await writer.Run(sql::kSendCopyAgain, {told.owner, request.Param("collection"), told.plan});
  }
  if (takes) {
    co_await writer.Run(sql::kReceivePage,
                        {BodyRange{0, request.body_size}, told.owner, told.plan});
  }
  co_await writer.Finish();
  co_return Standing(at);
}

}  // namespace tidemark
