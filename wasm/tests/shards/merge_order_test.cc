// The merge against SQLite itself: whatever is in the shards, the merged rows come as SQLite sorts
// them all together.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/engine.h"
#include "shards/operations.h"
#include "shards/row_order.h"
#include "tests/shards/pure.h"

namespace tidemark::testing {
namespace {

using Kind = SortCell::Kind;

native::Answer Merge(const std::string& keys, const std::string& order, const std::string& offset,
                     const std::string& limit) {
  return RunPure("merge_order",
                 {{"keys", keys}, {"order", order}, {"offset", offset}, {"limit", limit}});
}

std::string Merged(const std::string& keys, const std::string& order = "[{}]") {
  const native::Answer answer = Merge(keys, order, "", "");
  EXPECT_EQ(answer.status, 200) << answer.body;
  return answer.body;
}

TEST(MergeOrder, TakesTheSmallestOfTheShardsNextRows) {
  EXPECT_EQ(Merged("[[[1],[4]],[[2],[3],[5]],[]]"), "[0,1,1,0,1]");
  EXPECT_EQ(Merged("[]"), "[]");
  EXPECT_EQ(Merged("[[],[]]"), "[]");
}

TEST(MergeOrder, EqualRowsComeByShardAndThenByRow) {
  EXPECT_EQ(Merged("[[[1],[1]],[[1],[1]]]"), "[0,0,1,1]");
  EXPECT_EQ(Merged("[[[]],[[],[]],[[]]]", "[]"), "[0,1,1,2]");
}

TEST(MergeOrder, OffsetAndLimitAreOfAllRowsTogether) {
  const std::string keys = "[[[1],[4],[6]],[[2],[3],[5]]]";
  const native::Answer answer = Merge(keys, "[{}]", "3", "2");
  EXPECT_EQ(answer.body, "[0,1]");
  EXPECT_EQ(answer.data.at("skipped"), "[1,2]");
  EXPECT_EQ(Merge(keys, "[{}]", "0", "0").body, "[]");
  EXPECT_EQ(Merge(keys, "[{}]", "6", "").body, "[]");
  EXPECT_EQ(Merge(keys, "[{}]", "9007199254740991", "").data.at("skipped"), "[3,3]");
  EXPECT_EQ(Merge(keys, "[{}]", "5", "9").body, "[0]");
}

TEST(MergeOrder, NullsComeFirstButWithDescLastUnlessSaidOtherwise) {
  EXPECT_EQ(Merged("[[[1]],[[null]]]"), "[1,0]");
  EXPECT_EQ(Merged("[[[null]],[[1]]]", R"([{"descending":true}])"), "[1,0]");
  EXPECT_EQ(Merged("[[[null]],[[1]]]", R"([{"nulls":"last"}])"), "[1,0]");
  EXPECT_EQ(Merged("[[[1]],[[null]]]", R"([{"descending":true,"nulls":"first"}])"), "[1,0]");
}

TEST(MergeOrder, IntegersAndRealsCompareExactlyBeyondDoubles) {
  EXPECT_EQ(Merged("[[[9007199254740993]],[[9007199254740992.0]]]"), "[1,0]");
  EXPECT_EQ(Merged("[[[9223372036854775807]],[[9223372036854775806]]]"), "[1,0]");
  EXPECT_EQ(Merged("[[[9223372036854775808]],[[9223372036854775807]]]"), "[1,0]");
  EXPECT_EQ(Merged("[[[-9223372036854775808]],[[-1e19]],[[-1e999]]]"), "[2,1,0]");
  EXPECT_EQ(Merged("[[[1e999]],[[5]],[[5.5]],[[-5.5]],[[-5]]]"), "[3,4,1,2,0]");
}

TEST(MergeOrder, BlobsAreArraysOfBytesAndComeLast) {
  EXPECT_EQ(Merged("[[[[0]]],[[\"z\"]],[[[]]],[[[0,255]]]]"), "[1,2,0,3]");
}

TEST(MergeOrder, WhatIsNoSortKeyIsRefused) {
  const auto code = [](const std::string& keys, const std::string& order) {
    return Merge(keys, order, "", "").data["error"];
  };
  for (const char* keys : {"{}", "7", "[7]", "[[7]]", "[[[true]]]", "[[[{}]]]", "[[[1,2]]]",
                           "[[[]]]", "[[[[256]]]]", "[[[[-1]]]]", "[[[[1.5]]]]", "[[[[\"a\"]]]]"}) {
    EXPECT_EQ(code(keys, "[{}]"), "invalid_parameter") << keys;
  }
  EXPECT_EQ(code("[[[[[1]]]]]", "[{}]"), "too_deep");
  EXPECT_EQ(code("[[[1]", "[{}]"), "invalid_json");
  EXPECT_EQ(code("", "[{}]"), "invalid_json");
  EXPECT_EQ(code("[[[\"\\ud800\"]]]", "[{}]"), "invalid_utf8");
  for (const char* order :
       {"{}", "[1]", R"([{"collation":"german"}])", R"([{"nulls":"middle"}])"}) {
    EXPECT_EQ(code("[[[1]]]", order), "invalid_parameter") << order;
  }
  EXPECT_EQ(Merge("[]", "[]", "-1", "").data["error"], "invalid_parameter");
  EXPECT_EQ(Merge("[]", "[]", "", "x").data["error"], "invalid_parameter");
}

// Values that lie close together, so that many are equal in one collation or another.
SortCell AnyCell(Random* random) {
  static const char* const kTexts[] = {"",  "a", "A",   "a ",       "a  ",
                                       "B", "b", "b\t", "\xc3\xa9", "\xc3\x89",
                                       "Z", "[", "aa",  "a b",      "\xf0\x9f\x98\x80"};
  static const double kReals[] = {0.0,
                                  -0.0,
                                  0.5,
                                  -0.5,
                                  1.0,
                                  2.5,
                                  9007199254740992.0,
                                  1e18,
                                  1e19,
                                  -1e19,
                                  1e-300,
                                  5e-324,
                                  9223372036854774784.0,
                                  -9223372036854775808.0};
  static const int64_t kIntegers[] = {0,
                                      1,
                                      -1,
                                      2,
                                      9007199254740992,
                                      9007199254740993,
                                      9223372036854775807,
                                      INT64_MIN,
                                      1000000000000000000,
                                      9223372036854774784,
                                      9223372036854774785};
  SortCell cell;
  switch (random->Below(5)) {
    case 0:
      break;
    case 1:
      cell.kind = Kind::kInteger;
      cell.integer = kIntegers[random->Below(std::size(kIntegers))];
      break;
    case 2:
      cell.kind = Kind::kReal;
      cell.real = kReals[random->Below(std::size(kReals))];
      break;
    case 3:
      cell.kind = Kind::kText;
      cell.bytes = kTexts[random->Below(std::size(kTexts))];
      if (random->Below(8) == 0) cell.bytes += std::string(1, '\0') + "q"[random->Below(2)];
      break;
    default:
      cell.kind = Kind::kBlob;
      for (uint64_t i = random->Below(3); i > 0; --i) {
        cell.bytes += static_cast<char>(random->Below(3) * 127);
      }
  }
  return cell;
}

nlohmann::json JsonOf(const SortCell& cell) {
  if (cell.kind == Kind::kInteger) return cell.integer;
  if (cell.kind == Kind::kReal) return cell.real;
  if (cell.kind == Kind::kText) return cell.bytes;
  if (cell.kind == Kind::kNull) return nullptr;
  nlohmann::json bytes = nlohmann::json::array();
  for (const char byte : cell.bytes) bytes.push_back(static_cast<uint8_t>(byte));
  return bytes;
}

struct Term {
  std::string collation;
  bool descending;
  std::optional<bool> nulls_first;

  std::string Sql(const std::string& column) const {
    return column + " COLLATE " + collation + (descending ? " DESC" : "") +
           (!nulls_first   ? ""
            : *nulls_first ? " NULLS FIRST"
                           : " NULLS LAST");
  }
  nlohmann::json Json() const {
    nlohmann::json json = {
        {"collation", collation}, {"descending", descending}, {"nulls", nullptr}};
    if (nulls_first) json["nulls"] = *nulls_first ? "first" : "last";
    return json;
  }
};

Term AnyTerm(Random* random) {
  static const char* const kCollations[] = {"BINARY", "NOCASE", "RTRIM"};
  Term term{.collation = kCollations[random->Below(3)], .descending = random->Below(2) == 1};
  if (const uint64_t nulls = random->Below(3); nulls > 0) term.nulls_first = nulls == 1;
  return term;
}

class Oracle {
 public:
  Oracle() {
    sqlite3_open(":memory:", &database_);
    Execute("CREATE TABLE t (shard, row, k0, k1)");
  }
  ~Oracle() { sqlite3_close(database_); }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  void Execute(const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
  void Insert(int64_t shard, int64_t row, const SortCell& a, const SortCell& b) {
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(database_, "INSERT INTO t VALUES (?, ?, ?, ?)", -1, &insert, nullptr);
    sqlite3_bind_int64(insert, 1, shard);
    sqlite3_bind_int64(insert, 2, row);
    Bind(insert, 3, a);
    Bind(insert, 4, b);
    ASSERT_EQ(sqlite3_step(insert), SQLITE_DONE);
    sqlite3_finalize(insert);
  }
  std::vector<std::pair<int64_t, int64_t>> Select(const std::string& sql) {
    std::vector<std::pair<int64_t, int64_t>> rows;
    sqlite3_stmt* select = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_, sql.c_str(), -1, &select, nullptr), SQLITE_OK) << sql;
    while (sqlite3_step(select) == SQLITE_ROW) {
      rows.emplace_back(sqlite3_column_int64(select, 0), sqlite3_column_int64(select, 1));
    }
    sqlite3_finalize(select);
    return rows;
  }

 private:
  static void Bind(sqlite3_stmt* statement, int index, const SortCell& cell) {
    const int size = static_cast<int>(cell.bytes.size());
    if (cell.kind == Kind::kInteger) sqlite3_bind_int64(statement, index, cell.integer);
    if (cell.kind == Kind::kReal) sqlite3_bind_double(statement, index, cell.real);
    if (cell.kind == Kind::kText) {
      sqlite3_bind_text(statement, index, cell.bytes.data(), size, SQLITE_TRANSIENT);
    }
    if (cell.kind == Kind::kBlob) {
      sqlite3_bind_blob(statement, index, size == 0 ? "" : cell.bytes.data(), size,
                        SQLITE_TRANSIENT);
    }
  }

  sqlite3* database_ = nullptr;
};

// One round: shards filled at random, each sorted by SQLite, merged, and compared with SQLite's
// order of all.
void ExpectAsSqlite(uint64_t seed) {
  SCOPED_TRACE(seed);
  Random random(seed);
  const auto shards = static_cast<int64_t>(1 + random.Below(5));
  const Term first = AnyTerm(&random);
  const Term second = AnyTerm(&random);
  const std::string by = " ORDER BY " + first.Sql("k0") + ", " + second.Sql("k1");
  Oracle oracle;
  std::vector<std::vector<nlohmann::json>> cells(static_cast<size_t>(shards));
  for (int64_t shard = 0; shard < shards; ++shard) {
    for (auto row = static_cast<int64_t>(random.Below(30)); row > 0; --row) {
      const SortCell a = AnyCell(&random);
      const SortCell b = AnyCell(&random);
      auto& rows = cells[static_cast<size_t>(shard)];
      oracle.Insert(shard, static_cast<int64_t>(rows.size()), a, b);
      rows.push_back({JsonOf(a), JsonOf(b)});
    }
  }
  nlohmann::json keys = nlohmann::json::array();
  for (int64_t shard = 0; shard < shards; ++shard) {
    nlohmann::json sorted = nlohmann::json::array();
    const std::string of = " FROM t WHERE shard = " + std::to_string(shard);
    for (const auto& [_, row] : oracle.Select("SELECT shard, row" + of + by + ", row")) {
      sorted.push_back(cells[static_cast<size_t>(shard)][static_cast<size_t>(row)]);
    }
    keys.push_back(sorted);
  }
  const auto limit = static_cast<int64_t>(random.Below(40));
  const auto offset = static_cast<int64_t>(random.Below(10));
  const std::string page = " LIMIT " + std::to_string(limit) + " OFFSET " + std::to_string(offset);
  nlohmann::json expected = nlohmann::json::array();
  for (const auto& [shard, _] :
       oracle.Select("SELECT shard, row FROM t" + by + ", shard, row" + page)) {
    expected.push_back(shard);
  }
  const nlohmann::json order = {first.Json(), second.Json()};
  const native::Answer answer =
      Merge(keys.dump(), order.dump(), std::to_string(offset), std::to_string(limit));
  ASSERT_EQ(answer.body, expected.dump()) << keys.dump() << order.dump();
}

TEST(MergeOrder, IsAsSqliteSorts) {
  for (uint64_t seed = 1; seed <= 400; ++seed) ExpectAsSqlite(seed);
}

// A bit turned or a piece cut out of the sort keys gives another order or a refusal, never more.
TEST(MergeOrder, AnyDamageIsSurvived) {
  Random random(9);
  const std::string keys = R"([[[1,"a"],[2,"\u00e9"]],[],[[null,[1,255]],[-5.5e3," "]]])";
  for (int i = 0; i < 5'000; ++i) {
    std::string damaged = keys;
    const size_t at = random.Below(damaged.size());
    if (i % 2 == 0) damaged[at] = static_cast<char>(damaged[at] ^ 1 << random.Below(8));
    if (i % 2 == 1) damaged.erase(at, 1 + random.Below(3));
    const int status = Merge(damaged, "[{},{}]", "0", "").status;
    ASSERT_TRUE(status == 200 || status == 400) << damaged;
  }
}

// Each pair of values by itself, in each collation.
TEST(RowOrder, ComparesAsSqliteDoes) {
  Random random(5);
  for (int i = 0; i < 3'000; ++i) {
    const SortCell a = AnyCell(&random);
    const SortCell b = AnyCell(&random);
    Oracle oracle;
    oracle.Insert(0, 0, a, b);
    for (const char* collation : {"BINARY", "NOCASE", "RTRIM"}) {
      const std::string by = std::string(" COLLATE ") + collation;
      // Of what is equal the first comes first, whichever way round they are put.
      const auto before = [&](const char* x, const char* y) {
        return oracle
                   .Select("SELECT n, 0 FROM (SELECT 0 n, " + std::string(x) +
                           " v FROM t UNION ALL SELECT 1, " + y + " FROM t) ORDER BY v" + by +
                           ", n")[0]
                   .first == 0;
      };
      const int expected = before("k1", "k0") ? (before("k0", "k1") ? 0 : 1) : -1;
      ASSERT_EQ(CompareCells(a, b, *ParseCollation(collation)), expected)
          << collation << " " << JsonOf(a).dump() << " " << JsonOf(b).dump();
    }
  }
}

TEST(RowOrder, CollationsAreThreeInAnyLetters) {
  EXPECT_EQ(ParseCollation("NoCase"), Collation::kNoCase);
  EXPECT_EQ(ParseCollation("rtrim"), Collation::kRTrim);
  EXPECT_FALSE(ParseCollation(""));
  EXPECT_FALSE(ParseCollation("NOCASE "));
}

}  // namespace
}  // namespace tidemark::testing
