// Every error code that a peer can meet on the records surface: a row each, with the least that
// brings it about, and a scan of the sources for codes that have none.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/limits.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

struct Row {
  const char* code;
  int status;  // 200: the code is that of a rejected delta
  native::Answer (*act)(SpaceHarness* space);
};

std::string Delta(const std::string& collection, const std::string& members) {
  return "{\"" + collection + "\":[{" + members + "}]}";
}
std::string Create(const std::string& collection, const std::string& data) {
  return Delta(collection, R"("action":"create","id":"x","updated_at":1,"data":)" + data);
}
std::string Plan(const std::string& members) {
  return Create("plans", R"({"title":"A","status":"s",)" + members + "}");
}

const Row kEnvelope[] = {
    {"invalid_json", 400, [](SpaceHarness* s) { return s->Post("d", "{"); }},
    {"invalid_utf8", 400, [](SpaceHarness* s) { return s->Post("d", "\xff"); }},
    {"invalid_payload", 400, [](SpaceHarness* s) { return s->Post("d", "[]"); }},
    {"invalid_payload", 400, [](SpaceHarness* s) { return s->Post("d", R"({"plans":{}})"); }},
    {"duplicate_key", 400, [](SpaceHarness* s) { return s->Post("d", R"({"a":1,"a":1})"); }},
    {"invalid_cursor", 400, [](SpaceHarness* s) { return s->Post("d", R"({"cursor":"?"})"); }},
    {"invalid_cursor", 400, [](SpaceHarness* s) { return s->Post("d", R"({"cursor":1})"); }},
    {"invalid_limit", 400, [](SpaceHarness* s) { return s->Post("d", R"({"limit":0})"); }},
    {"invalid_limit", 400, [](SpaceHarness* s) { return s->Post("d", R"({"limit":"1"})"); }},
    {"body_too_large", 413,
     [](SpaceHarness* s) { return s->Post("d", std::string(limits::kBodyBytesMax + 1, ' ')); }},
    {"unsupported_media_type", 415,
     [](SpaceHarness* s) { return s->Post("d", "{}", "text/plain"); }},
    {"invalid_device_id", 400, [](SpaceHarness* s) { return s->Post("a b", "{}"); }},
    {"invalid_device_id", 400, [](SpaceHarness* s) { return s->Post(std::string(65, 'd'), "{}"); }},
    {"answer_too_large", 413,
     [](SpaceHarness* s) {
       std::string body = "{\"x\":[0";
       for (int i = 0; i < 60'000; ++i) body += ",0";
       return s->Post("d", body + "]}");
     }},
};

const Row kDeltas[] = {
    {"unknown_collection", 200, [](SpaceHarness* s) { return s->Post("d", R"({"x":[1]})"); }},
    {"invalid_delta", 200, [](SpaceHarness* s) { return s->Post("d", R"({"plans":[1]})"); }},
    {"invalid_action", 200, [](SpaceHarness* s) { return s->Post("d", R"({"plans":[{}]})"); }},
    {"invalid_action", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("action":"keep")")); }},
    {"invalid_id", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("action":"delete")")); }},
    {"invalid_id", 200, [](SpaceHarness* s) { return s->Post("d", R"({"deleted_ids":[1]})"); }},
    {"invalid_updated_at", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("updated_at":-1)")); }},
    {"missing_updated_at", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("action":"delete","id":"x")")); }},
    {"invalid_counter", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("counter":0.5)")); }},
    {"missing_data", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("action":"create","id":"x")")); }},
    {"invalid_data", 200, [](SpaceHarness* s) { return s->Post("d", Create("plans", "[]")); }},
    {"missing_column", 200, [](SpaceHarness* s) { return s->Post("d", Create("plans", "{}")); }},
    {"missing_column", 200, [](SpaceHarness* s) { return s->Post("d", Create("notes", "{}")); }},
    {"invalid_column", 200,
     [](SpaceHarness* s) { return s->Post("d", Create("plans", R"({"title":1})")); }},
    {"invalid_column", 200,
     [](SpaceHarness* s) {
       return s->Post("d", Create("notes", R"({"text":"A","colour":"blue"})"));
     }},
    {"invalid_column", 200,
     [](SpaceHarness* s) { return s->Post("d", Plan(R"("created_at":8640000000000001)")); }},
    {"number_out_of_range", 200,
     [](SpaceHarness* s) { return s->Post("d", Plan(R"("total_hours":9007199254740992)")); }},
    {"duplicate_key", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("id":"x","id":"x")")); }},
    {"duplicate_key", 200, [](SpaceHarness* s) { return s->Post("d", Plan(R"("title":"B")")); }},
    {"too_deep", 200,
     [](SpaceHarness* s) {
       return s->Post("d", Plan("\"x\":" + std::string(100, '[') + std::string(100, ']')));
     }},
    {"record_too_large", 200,
     [](SpaceHarness* s) {
       return s->Post("d", Plan("\"x\":\"" + std::string(limits::kRecordBytesMax, 'x') + "\""));
     }},
    {"invalid_unicode", 200, [](SpaceHarness* s) { return s->Post("d", Plan(R"("x":"\ud800")")); }},
    {"invalid_owner", 200,
     [](SpaceHarness* s) { return s->Post("d", Delta("plans", R"("owner":5)")); }},
    {"parent_missing", 200,
     [](SpaceHarness* s) { return s->Post("d", Create("sessions", SessionData("p").dump())); }},
    {"delete_unseen", 200,
     [](SpaceHarness* s) {
       s->Post("e", Plan(R"("x":1)"));
       return s->Post("d", R"({"deleted_ids":["x"]})");
     }},
    {"stale_device", 200,
     [](SpaceHarness* s) {
       s->space.Execute("INSERT INTO meta VALUES ('pruned_seq', 1), ('horizon_ms', 1000)");
       return s->Post("d", Plan(R"("x":1)"));
     }},
};

native::Answer ListWithoutStores(SpaceHarness* space) {
  native::Stores stores = space->StoresOfWorker();
  stores.d1 = [](const auto&, const auto&, native::Held*) -> std::variant<ResultSets, Failure> {
    return Failure{"unavailable", "down"};
  };
  stores.call = [](const auto&, native::Held*) -> std::variant<CallReply, Failure> {
    return Failure{"unavailable", "down"};
  };
  return native::RunToEnd(&space->engine,
                          space->RequestOf("list", {{"collection", "plans"}}, false), "user", "",
                          stores, false);
}

const Row kOthers[] = {
    {"not_found", 404, [](SpaceHarness* s) { return s->List({{"collection", "ghosts"}}); }},
    {"not_found", 404, [](SpaceHarness* s) { return s->Run("restore_history", {{"id", "9"}}); }},
    {"invalid_parameter", 400,
     [](SpaceHarness* s) { return s->Run("list_history", {{"id", "x"}}); }},
    {"invalid_parameter", 400,
     [](SpaceHarness* s) { return s->List({{"collection", "plans"}, {"limit", "0"}}); }},
    {"forbidden", 403, [](SpaceHarness* s) { return s->Run("sync", {}, "viewer"); }},
    {"unavailable", 503, ListWithoutStores},
    {"not_restored", 409,
     [](SpaceHarness* s) {
       s->space.Execute(
           "INSERT INTO history (collection, record_id, data, updated_at, counter, device, reason,"
           " at) VALUES ('cards', 'c', '{\"plan_id\":\"gone\"}', 1, 0, 'd', 'lost', 1)");
       return s->Run("restore_history", {{"id", "1"}});
     }},
};

TEST(Errors, EachCodeOfTheEnvelopeIsGivenAndStoresNothing) {
  for (const Row& row : kEnvelope) {
    SCOPED_TRACE(row.code);
    SpaceHarness space;
    const native::Answer answer = row.act(&space);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    const json body = json::parse(answer.body, nullptr, false);
    EXPECT_EQ(body.at("error"), row.code);
    EXPECT_GT(body.at("message").get<std::string>().size(), 10U);
    EXPECT_EQ(answer.data.at("error"), row.code);
    EXPECT_EQ(Everything(&space), "");
  }
}

TEST(Errors, EachCodeOfADeltaIsGivenAndStoresNothing) {
  for (const Row& row : kDeltas) {
    SCOPED_TRACE(row.code);
    SpaceHarness space;
    const native::Answer answer = row.act(&space);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    const json body = json::parse(answer.body, nullptr, false);
    ASSERT_EQ(Codes(body.at("rejected")), std::vector<std::string>{row.code}) << answer.body;
    EXPECT_EQ(body.at("rejected")[0].at("index"), 0);
    EXPECT_GT(body.at("rejected")[0].at("message").get<std::string>().size(), 10U);
    EXPECT_EQ(CountOf(&space, "SELECT count(*) FROM records WHERE device = 'd'"), 0);
  }
}

TEST(Errors, EachCodeOfTheOtherOperationsIsGiven) {
  for (const Row& row : kOthers) {
    SCOPED_TRACE(row.code);
    SpaceHarness space;
    const native::Answer answer = row.act(&space);
    EXPECT_EQ(answer.status, row.status) << answer.body;
    EXPECT_EQ(answer.data.at("error"), row.code);
  }
}

std::string SourcesOfRecords() {
  std::stringstream text;
  for (const auto& entry : std::filesystem::directory_iterator(TIDEMARK_ROOT "/wasm/records")) {
    if (entry.path().extension() == ".cc") text << std::ifstream(entry.path()).rdbuf();
  }
  return text.str();
}

// The codes that the sources give to a Status or a Rejection: by the call that takes them, or by
// the word that they begin with.
std::set<std::string> CodesIn(const std::string& source) {
  const std::regex given(
      "(?:Status::(?:Invalid|TooLarge)\\(|Status::Error\\(\\d+,|Refuse\\(|RefuseData\\(\\{|return "
      "\\{)"
      "\\s*\"([a-z0-9_]+)\",");
  const std::regex worded(
      "\"((?:invalid|missing|duplicate|unknown|stale|too|delete|parent|record|number)_[a-z_]+)\"");
  std::set<std::string> codes;
  for (const std::regex* pattern : {&given, &worded}) {
    for (std::sregex_iterator at(source.begin(), source.end(), *pattern), end; at != end; ++at) {
      codes.insert((*at)[1]);
    }
  }
  codes.erase("deleted_ids");
  return codes;
}

TEST(Errors, EachCodeInTheSourcesHasARow) {
  std::set<std::string> rows;
  for (const Row& row : kEnvelope) rows.insert(row.code);
  for (const Row& row : kDeltas) rows.insert(row.code);
  for (const Row& row : kOthers) rows.insert(row.code);
  const std::set<std::string> codes = CodesIn(SourcesOfRecords());
  for (const std::string& code : codes) EXPECT_TRUE(rows.contains(code)) << "no row for " << code;
  for (const std::string& code : rows) {
    if (code == "not_found" || code == "forbidden") continue;  // named constructors of Status
    EXPECT_TRUE(codes.contains(code)) << "nothing gives " << code;
  }
}

}  // namespace
}  // namespace tidemark::testing
