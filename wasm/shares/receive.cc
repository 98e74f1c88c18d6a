// Copies of what others share, as their spaces send them.

#include <algorithm>
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
constexpr int64_t kLeft = 2;            // of received_shares.ended
constexpr int64_t kRowBytesLeast = 40;  // of a page

struct Received {
  bool known = false;
  std::string permission;
  int64_t generation = 0;
  std::string epoch;
  int64_t at = 0;
  bool ended = false;
  bool left = false;
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
                     .ended = row.Integer(4, 0) != 0,
                     .left = row.Integer(4, 0) == kLeft};
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
                           std::to_string(limits::kReceivedOfOwnerMax) + " times by one user, " +
                           std::to_string(limits::kReceivedSharesMax) + " by all");
}

Status SpaceFull() {
  return Status::Error(409, "space_full", "This user has as many copies as a space takes of one");
}

Status Left() { return Status::Error(410, "left", "They do not want it shared with them"); }

// Whether the owner's copies leave room for a page. They are counted only once as many bytes came
// as there was room for: a change in a large plan need not read all of it.
Task<bool> HasRoom(std::string owner, int64_t bytes) {
  const std::string key = "copies:" + owner;
  const ResultSet known = co_await Query(sql::kReadMeta, {key});
  int64_t room = known.Integer(0, 0);
  if (bytes > room) {
    const ResultSet count = co_await Query(sql::kCountCopies, {std::move(owner)});
    const int64_t rows =
        limits::kCopiesOfOwnerMax - std::max(count.Integer(0, 0) / 2, count.Integer(1, 0));
    room = std::min(limits::kCopiedBytesMax - count.Integer(2, 0), rows * kRowBytesLeast);
    if (room <= 0) co_return false;
  }
  co_await Query(sql::kWriteMeta, {key, std::max(room - bytes, int64_t{0})});
  co_return true;
}

Task<bool> TakesAnother(std::string owner) {
  const ResultSet count = co_await Query(sql::kCountReceived, {std::move(owner)});
  co_return count.Integer(0, 0) < limits::kReceivedSharesMax&& count.Integer(1, 0) <
      limits::kReceivedOfOwnerMax;
}

}  // namespace

Task<Reply> ReceiveShared(Context context) {
  const Request& request = context.request;
  const Told told = ToldOf(request);
  const Received stored = co_await ReadReceived(told.owner, told.plan);
  const bool same = stored.known && stored.generation == told.generation;
  if (same && stored.left && !told.ended) co_return Reply::Error(Left());
  if (stored.generation > told.generation || (same && stored.ended && !told.ended)) {
    co_return Standing(kLaterShare);
  }
  const bool fresh = !same || stored.epoch != told.epoch;
  Space space = co_await ReadSpace();
  Writer writer(context, std::move(space));
  if (!stored.known && !co_await TakesAnother(told.owner)) {
    co_return told.ended ? Standing(told.to) : Reply::Error(TooMany());
  }
  int64_t at = fresh ? 0 : stored.at;
  if (told.ended) at = told.to;
  const bool takes = !told.ended && at == told.from && request.body_size > 0;
  if (takes && !co_await HasRoom(told.owner, static_cast<int64_t>(request.body_size))) {
    co_return Reply::Error(SpaceFull());
  }
  if (!told.ended && at == told.from) at = told.to;
  // It looks at all copies of the owner: not at each page.
  if (fresh) co_await Query(sql::kForgetOwnerSeqs, {told.owner, told.epoch});
  co_await Batch({WriteReceived(request, told, at)});
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

Task<Reply> LeaveShare(Context context) {
  const Request& request = context.request;
  const std::string owner = request.Param("owner");
  const std::string plan = request.Param("plan_id");
  const Received stored = co_await ReadReceived(owner, plan);
  if (!stored.known || stored.ended) {
    co_return Reply::Error(Status::NotFound("This is not shared with you"));
  }
  Space space = co_await ReadSpace();
  Writer writer(context, std::move(space));
  co_await Query(sql::kLeaveShare, {owner, plan, request.now_ms});
  co_await writer.Run(sql::kDropCopies, {owner, plan});
  co_await writer.Finish();
  co_return Reply::Json("{}");
}

}  // namespace tidemark
