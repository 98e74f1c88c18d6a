// POST /sync: push and pull in one request, in one transaction.

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/exchange.h"
#include "records/operations.h"
#include "records/statements.h"

namespace tidemark {
namespace {

Status CheckRequest(const Request& request) {
  if (!IsJsonType(request.Param("content_type"))) {
    return Status::Error(415, "unsupported_media_type", "Send content-type: application/json");
  }
  if (request.body_size > limits::kBodyBytesMax) {
    return Status::TooLarge("body_too_large", "The body is larger than " +
                                                  std::to_string(limits::kBodyBytesMax) +
                                                  " bytes; split the push into several requests");
  }
  return CheckDevice(request.Param("device"));
}

}  // namespace

Task<Space> ReadSpace(std::string device) {
  const ResultSet row = co_await Query(sql::kReadSpace, {std::move(device)});
  co_return Space{.epoch = row.Text(0),
                  .head = row.Integer(1, 0),
                  .pruned_seq = row.Integer(2, 0),
                  .horizon_ms = row.Integer(3, 0),
                  .projected_seq = row.Integer(4, 0),
                  .has_claims = row.Integer(5, 0) != 0,
                  .has_copies = row.Integer(6, 0) != 0,
                  .gives = row.Integer(7, 0) != 0};
}

Task<Reply> Sync(Context context) {
  if (Status status = CheckRequest(context.request); !status.ok()) co_return Reply::Error(status);
  std::string device = DeviceOf(context.request);
  co_return co_await Exchange(std::move(context), std::move(device), {});
}

}  // namespace tidemark
