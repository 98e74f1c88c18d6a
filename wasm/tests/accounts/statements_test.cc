// The SQL of accounts against its schema: it prepares, and no plan reads a table in full.

#include <gtest/gtest.h>

#include "accounts/sql.h"
#include "records/sql_space.h"
#include "tests/support/accounts.h"

namespace tidemark::testing {
namespace {

void ExpectNoScan(native::SqliteStore* store, const Sql& statement) {
  for (const std::string& step : store->Plan(statement.text)) {
    EXPECT_FALSE(step.starts_with("SCAN ")) << statement.name << ": " << step;
  }
}

TEST(AccountStatements, EachPreparesAndUsesAnIndex) {
  AccountsHarness accounts;
  for (const Sql& statement : sql::kAccountStatements) ExpectNoScan(&accounts.database, statement);
  accounts.RunIn("user-1", "token_version", {});
  ExpectNoScan(&accounts.ObjectOf("user-1"), sql::kWriteText);
  ExpectNoScan(&accounts.ObjectOf("user-1"), sql::kReadMeta);
}

TEST(AccountStatements, PruningReadsNoMoreThanItDeletes) {
  AccountsHarness accounts;
  std::string plan;
  for (const std::string& step : accounts.database.Plan(sql::kPruneSecrets.text)) plan += step;
  EXPECT_NE(plan.find("USING COVERING INDEX one_time_expires"), std::string::npos) << plan;
}

}  // namespace
}  // namespace tidemark::testing
