// Every SQL text against its schema: it prepares, and its plan reads no table in full but those
// that it names for a reason. json_each is always outermost in a join with a table.

#include "records/statements.h"

#include <gtest/gtest.h>

#include "records/schema.h"
#include "tests/support/harness.h"

namespace tidemark {
namespace {

using testing::SpaceHarness;

bool IsVirtual(const std::string& step) { return step.find("VIRTUAL TABLE") != std::string::npos; }

void ExpectPlan(native::SqliteStore* store, std::string_view name, std::string_view text,
                std::string_view scans) {
  bool read_a_table = false;
  for (const std::string& step : store->Plan(text)) {
    const bool reads = step.starts_with("SCAN ") || step.starts_with("SEARCH ");
    if (step.starts_with("SCAN ") && !IsVirtual(step) &&
        step.find("CONSTANT ROW") == std::string::npos &&
        step.find("(subquery") == std::string::npos) {
      const std::string table = step.substr(5, step.find(' ', 5) - 5);
      EXPECT_EQ(table, scans) << name << ": " << step;
    }
    if (IsVirtual(step) && text.find("CROSS JOIN") != std::string_view::npos) {
      EXPECT_FALSE(read_a_table) << name << ": json_each is not outermost: " << step;
    }
    read_a_table |= reads && !IsVirtual(step) && step.find("SUBQUERY") == std::string::npos;
  }
}

TEST(Statements, EachPreparesAndReadsNoTableInFullUnexpectedly) {
  SpaceHarness harness;
  native::SqliteStore& shard = *harness.shards.begin()->second;
  for (const sql::Registered& statement : sql::Statements()) {
    native::SqliteStore& store = statement.store == sql::Store::kSpace ? harness.space : shard;
    ExpectPlan(&store, statement.sql.name, statement.sql.text, statement.scans);
  }
}

TEST(Statements, EachGeneratedOnePreparesAndUsesAnIndex) {
  SpaceHarness harness;
  native::SqliteStore& shard = *harness.shards.begin()->second;
  for (const Collection& collection : FourCollections().collections) {
    ExpectPlan(&shard, collection.name, collection.project_upsert, "");
    ExpectPlan(&shard, collection.name, collection.wipe, "");
    if (!collection.project_delete.empty()) {
      ExpectPlan(&shard, collection.name, collection.project_delete, "");
    }
    if (!collection.project_orphans.empty()) {
      ExpectPlan(&shard, collection.name, collection.project_orphans, "");
    }
    for (const Listing& listing : collection.listings) {
      ExpectPlan(&shard, collection.name, listing.shard_sql, "");
      ExpectPlan(&harness.space, collection.name, listing.owner_sql, "");
    }
  }
}

}  // namespace
}  // namespace tidemark
