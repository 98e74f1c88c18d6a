#include "shards/existing_references.h"

#include <utility>

#include "base/json_tree.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"

namespace tidemark::existing {
namespace {

// Of a table's rows that a reference comes from: those that do not go too. Empty: all of them.
std::string StayingOf(const Referred& record, const std::string& child) {
  const std::string* column = StringField(*record.routes, child);
  if (column == nullptr) return {};
  return " AND " + FillSql(sql::kReferenceStays, {{"column", QuoteName(*column)}});
}

std::vector<std::string> TextsOf(const Referred& record, const ResultSet& references) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < references.rows.size();) {
    const std::string child = TextOf(references.rows[i][0]);
    const int64_t number = IntegerOf(references.rows[i][1]);
    std::string pairs;
    for (; i < references.rows.size() && TextOf(references.rows[i][0]) == child &&
           IntegerOf(references.rows[i][1]) == number;
         ++i) {
      const std::string to = TextOf(references.rows[i][3]);
      if (!pairs.empty()) pairs += " AND ";
      pairs += FillSql(sql::kReferencePair, {{"column", QuoteName(TextOf(references.rows[i][2]))},
                                             {"key", QuoteName(to.empty() ? record.column : to)}});
    }
    if (SameName(child, record.table->name)) {
      pairs += " AND " + FillSql(sql::kReferenceOther, {{"key", QuoteName(record.column)}});
    }
    pairs += StayingOf(record, child);
    texts.push_back(FillSql(sql::kFindReference, {{"table", QuoteName(record.table->name)},
                                                  {"child", QuoteName(child)},
                                                  {"where", record.where},
                                                  {"pairs", pairs}}));
  }
  return texts;
}

}  // namespace

Task<Result<std::vector<std::string>>> ReadReferences(std::string shard, Referred record) {
  std::vector<Statement> statements;
  statements.push_back({sql::kReadReferences.text, {record.table->name}});
  const std::variant<ResultSets, Failure> read =
      co_await D1(std::move(shard), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&read)) co_return StatusOf(*failure);
  co_return TextsOf(record, std::get_if<ResultSets>(&read)->front());
}

}  // namespace tidemark::existing
