// GET /{collection}: typed rows, from D1 where it is as far as the caller, else from the space.
//
// A caller that brings the cursor of its last sync is answered by D1 alone where D1 is that far:
// its rows and how far it is come in one batch. Without a cursor the space is asked to catch up
// first, so that what was acknowledged anywhere is seen. If D1 fails, the space answers.
//
// Rows of another user's plan are read likewise from that user's shard, once that user's space says
// that it is shared with the caller.

#include <algorithm>
#include <charconv>

#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "records/cursor.h"
#include "records/operations.h"
#include "records/schema.h"
#include "records/statements.h"
#include "shards/placement.h"
#include "shares/operations.h"
#include "shares/roots.h"

namespace tidemark {
namespace {

struct ListQuery {
  const Collection* collection = nullptr;
  const Listing* listing = nullptr;
  int64_t limit = 0;
  std::vector<Param> params;
};

Status BadParameter(std::string message) {
  return Status::Invalid("invalid_parameter", std::move(message));
}

Result<Param> ParseValue(ColumnType type, const std::string& text, std::string_view name,
                         int64_t now_ms) {
  if (type == ColumnType::kText || type == ColumnType::kJson) return Param(text);
  if (type == ColumnType::kTime && text == "now") return Param(now_ms);
  if (type == ColumnType::kBoolean) return Param(int64_t{text == "true" || text == "1"});
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < -limits::kIntegerMax ||
      value > limits::kIntegerMax) {
    return BadParameter(std::string(name) + " must be an integer" +
                        (type == ColumnType::kTime ? ", or now" : ""));
  }
  if (type == ColumnType::kTime && value < limits::kSecondsBelow) value *= 1000;
  return Param(value);
}

// `before` is "VALUE,ID" of the last row that the caller has, in the list's order.
Status AddKeyset(const Request& request, const Collection& collection, std::vector<Param>* params) {
  const std::string before = request.Param("before");
  const size_t comma = before.find(',');
  if (comma == std::string::npos) {
    return BadParameter("before must be the last row's " + std::string(collection.order_column) +
                        " and id, with a comma between");
  }
  Result<Param> value =
      ParseValue(collection.order_type, before.substr(0, comma), "before", request.now_ms);
  if (!value.ok()) return value.status();
  params->push_back(std::move(*value));
  params->emplace_back(before.substr(comma + 1));
  return {};
}

Result<ListQuery> ParseQuery(const Context& context, std::string user) {
  const Request& request = context.request;
  ListQuery query;
  const std::string name = request.Param("collection");
  for (const Collection& collection : context.schema->collections) {
    if (collection.name == name) query.collection = &collection;
  }
  if (query.collection == nullptr) return Status::NotFound("No collection has this name");
  const Result<int64_t> limit =
      IntegerParam(request, "limit", 1, limits::kListRowsMax, limits::kListRowsMax);
  const Result<int64_t> offset = IntegerParam(request, "offset", 0, limits::kIntegerMax, 0);
  if (!limit.ok()) return limit.status();
  if (!offset.ok()) return offset.status();
  query.limit = *limit;
  // One row more than asked tells whether there are more.
  query.params = {std::move(user), *limit + 1, *offset};
  uint32_t mask = 0;
  for (size_t i = 0; i < query.collection->filters.size(); ++i) {
    const Filter& filter = query.collection->filters[i];
    const std::string text = request.Param(filter.param);
    if (text.empty()) continue;
    Result<Param> value = ParseValue(filter.type, text, filter.param, request.now_ms);
    if (!value.ok()) return value.status();
    mask |= 1U << i;
    query.params.push_back(std::move(*value));
  }
  const bool keyset = !request.Param("before").empty();
  if (keyset) {
    if (Status status = AddKeyset(request, *query.collection, &query.params); !status.ok()) {
      return status;
    }
  }
  for (const Listing& listing : query.collection->listings) {
    if (listing.filters == mask && listing.keyset == keyset) query.listing = &listing;
  }
  Check(query.listing != nullptr);
  return query;
}

// Where the rows of a user lie, as far as the host knows. An older place answers as well, or is not
// as far.
std::string PlaceOf(const Context& context, const std::string& user) {
  const std::string place = context.request.Param("place");
  return place.empty() ? std::string(ShardOf(user)) : place;
}

Keep KeepOf(const ListQuery& query) {
  return {static_cast<int64_t>(limits::kPageBytesMax), query.limit};
}

Reply ReplyOf(const ResultSet& rows, std::string source) {
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  reply.body.emplace_back("[");
  for (const Kept& kept : rows.kept) reply.body.emplace_back(kept.handle);
  reply.body.emplace_back("]");
  reply.data["rows"] = std::to_string(rows.KeptRows());
  reply.data["more"] = rows.more ? "1" : "0";
  reply.data["source"] = std::move(source);
  return reply;
}

// Whether D1, by its own word in `progress`, is as far as the cursor.
bool IsAsFarAs(const ResultSet& progress, const Cursor& cursor) {
  return progress.Text(0) == cursor.epoch && progress.Integer(1, 0) >= cursor.seq;
}

Reply ReplyOf(const CallReply& answer) {
  Reply reply;
  reply.status = static_cast<int>(answer.status);
  reply.headers.emplace_back("content-type", "application/json");
  reply.body.emplace_back(answer.body);
  reply.data = answer.data;
  return reply;
}

Reply Unanswered() {
  return Reply::Error(Status::Error(503, "unavailable",
                                    "Neither the database nor the space "
                                    "could be read; try again"));
}

// What is shared is a plan: no row outside it is listed.
Status CheckNarrowed(const Context& context, const Collection& collection) {
  for (const Filter& filter : collection.filters) {
    if (filter.of_root && !context.request.Param(filter.param).empty()) return {};
  }
  return BadParameter("owner goes with plan");
}

std::string PlanOf(const Context& context, const Collection& collection) {
  for (const Filter& filter : collection.filters) {
    if (filter.of_root) return context.request.Param(filter.param);
  }
  return {};
}

Task<Reply> ListOfAnother(Context context, std::string owner) {
  const Result<ListQuery> query = ParseQuery(context, owner);
  if (!query.ok()) co_return Reply::Error(query.status());
  const Collection& collection = *query->collection;
  if (Status status = CheckNarrowed(context, collection); !status.ok()) {
    co_return Reply::Error(status);
  }
  const std::vector<Statement> statements = {
      {sql::kReadProjection.text, {owner}},
      {query->listing->shard_sql, query->params, KeepOf(*query)}};
  auto rows = co_await D1(PlaceOf(context, owner), statements);
  const auto* sets = std::get_if<ResultSets>(&rows);
  Params params = context.request.params;
  params["plan"] = PlanOf(context, collection);
  // D1 knows nobody of this name, yet: no object is made for a guess.
  const bool guess = sets == nullptr || sets->front().rows.empty();
  if (guess) {
    auto received = co_await Call(context.request.identity.user_id, "check_shared", params);
    const auto* known = std::get_if<CallReply>(&received);
    if (known == nullptr) co_return Unanswered();
    if (known->status != 200) co_return ReplyOf(*known);
  }
  auto checked = co_await Call(owner, "check_shared", params);
  const auto* allowed = std::get_if<CallReply>(&checked);
  if (allowed == nullptr) co_return Unanswered();
  if (allowed->status != 200) co_return ReplyOf(*allowed);
  const Result<Cursor> cursor = ParseCursor(allowed->data.at("cursor"));
  if (!guess && cursor.ok() && IsAsFarAs(sets->front(), *cursor)) {
    co_return ReplyOf(sets->back(), "d1");
  }
  auto listed = co_await Call(owner, "list_shared", std::move(params));
  const auto* answer = std::get_if<CallReply>(&listed);
  co_return answer == nullptr ? Unanswered() : ReplyOf(*answer);
}

}  // namespace

Task<Reply> List(Context context) {
  const std::string user = context.request.identity.user_id;
  const std::string owner = context.request.Param("owner");
  if (!owner.empty() && owner != user) co_return co_await ListOfAnother(std::move(context), owner);
  const Result<ListQuery> query = ParseQuery(context, user);
  if (!query.ok()) co_return Reply::Error(query.status());
  const std::string shard = PlaceOf(context, user);
  const std::vector<Statement> statements = {
      {sql::kReadProjection.text, {user}},
      {query->listing->shard_sql, query->params, KeepOf(*query)}};

  if (const std::string text = context.request.Param("cursor"); !text.empty()) {
    const Result<Cursor> cursor = ParseCursor(text);
    if (!cursor.ok()) co_return Reply::Error(cursor.status());
    auto rows = co_await D1(shard, statements);
    const auto* sets = std::get_if<ResultSets>(&rows);
    if (sets != nullptr && IsAsFarAs(sets->front(), *cursor)) co_return ReplyOf(sets->back(), "d1");
  }
  auto called = co_await Call(user, "catch_up", {});
  const auto* caught_up = std::get_if<CallReply>(&called);
  if (caught_up != nullptr && caught_up->data.contains("cursor")) {
    const Result<Cursor> reached = ParseCursor(caught_up->data.at("cursor"));
    const auto place = caught_up->data.find("shard");
    auto rows = co_await D1(place == caught_up->data.end() ? shard : place->second, statements);
    const auto* sets = std::get_if<ResultSets>(&rows);
    if (sets != nullptr && reached.ok() && IsAsFarAs(sets->front(), *reached)) {
      co_return ReplyOf(sets->back(), "d1, caught up");
    }
  }
  auto owned = co_await Call(user, "list_owned", context.request.params);
  const auto* answer = std::get_if<CallReply>(&owned);
  co_return answer == nullptr || answer->status != 200 ? Unanswered() : ReplyOf(*answer);
}

Task<Reply> ListOwned(Context context) {
  const Result<ListQuery> query = ParseQuery(context, context.request.space);
  if (!query.ok()) co_return Reply::Error(query.status());
  const ResultSet rows =
      co_await Query(Sql{"ListOwned", query->listing->owner_sql}, query->params, KeepOf(*query));
  co_return ReplyOf(rows, "space");
}

Task<Reply> ListShared(Context context) {
  const Result<ListQuery> query = ParseQuery(context, context.request.space);
  if (!query.ok()) co_return Reply::Error(query.status());
  if (Status status = CheckNarrowed(context, *query->collection); !status.ok()) {
    co_return Reply::Error(status);
  }
  context.request.params["plan"] = PlanOf(context, *query->collection);
  const Reply allowed = co_await CheckShared(context);
  if (allowed.status != 200) co_return allowed;
  co_return co_await ListOwned(std::move(context));
}

}  // namespace tidemark
