#include "shards/sql_plan.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/limits.h"
#include "shards/sql_equals.h"
#include "shards/sql_sets.h"
#include "shards/sql_split.h"

namespace tidemark::sqltext {
namespace {

struct Plan {
  size_t statements = 0;
  Effect effect = Effect::kEmpty;
  bool explain = false;
  bool inserts = false;
  bool returning = false;
  Tables tables;
  std::vector<Cell> equals;
  Inserted inserted;
  std::vector<Cell> sets;
  std::vector<OrderTerm> order;
  Limit limit;
  int parameters = 0;
};

Result<Plan> ReadPlan(std::string_view text) {
  const Result<Statement> read = Statement::Read(text);
  if (!read.ok()) return read.status();
  const Statement& statement = *read;
  const Verb verb = VerbOf(statement);
  const Result<Tables> tables = TablesOf(statement, verb);
  if (!tables.ok()) return tables.status();
  Plan plan;
  plan.statements = 1;
  plan.effect = verb.effect;
  plan.explain = verb.explain;
  plan.inserts = plan.effect == Effect::kWrite &&
                 (verb.keyword == Keyword::kInsert || verb.keyword == Keyword::kReplace);
  plan.tables = *tables;
  plan.parameters = statement.parameters();
  const Clauses clauses = ClausesOf(statement, verb);
  plan.returning = plan.effect == Effect::kWrite && clauses.returning != clauses.end;
  plan.equals = EqualsOf(statement, verb, plan.tables, clauses);
  if (plan.inserts) plan.inserted = InsertedOf(statement, verb, plan.tables);
  plan.sets = SetsOf(statement, verb, plan.tables);
  if (std::max(plan.inserted.cells.size(), plan.sets.size()) > limits::kSqlColumnsMax) {
    return Status::Invalid(
        "sql_too_complex",
        "A statement writes to at most " + std::to_string(limits::kSqlColumnsMax) + " columns");
  }
  if (verb.keyword == Keyword::kSelect || verb.keyword == Keyword::kValues) {
    plan.order = OrderOf(statement, clauses);
    plan.limit = LimitOf(statement, clauses);
  }
  return plan;
}

// Of several statements: what holds of all together.
Status Join(Plan more, Plan* plan) {
  if (plan->statements == 0) {
    *plan = std::move(more);
    return {};
  }
  std::vector<std::string> names = std::move(plan->tables.names);
  for (std::string& name : more.tables.names) {
    const bool known = std::any_of(names.begin(), names.end(),
                                   [&](const std::string& one) { return SameName(one, name); });
    if (!known) names.push_back(std::move(name));
  }
  if (names.size() > limits::kSqlNamesMax) {
    return Status::Invalid("sql_too_complex", "A script that is planned names at most " +
                                                  std::to_string(limits::kSqlNamesMax) + " tables");
  }
  *plan = Plan{.statements = plan->statements + 1,
               .effect = std::max(plan->effect, more.effect),
               .explain = plan->explain || more.explain,
               .inserts = plan->inserts || more.inserts,
               .returning = plan->returning || more.returning,
               .parameters = std::max(plan->parameters, more.parameters)};
  plan->tables.names = std::move(names);
  return {};
}

void WriteValue(const Value& value, json::Writer* out) {
  using Type = Value::Type;
  switch (value.type) {
    case Type::kParameter:
      out->Raw("{\"param\":");
      out->Integer(value.number - 1);
      break;
    case Type::kText:
      out->Raw("{\"literal\":");
      out->Quoted(value.text);
      break;
    case Type::kInteger:
      out->Raw("{\"literal\":");
      out->Integer(value.number);
      break;
    case Type::kNull:
      out->Raw("{\"literal\":null");
      break;
    case Type::kExcluded:
      out->Raw("{\"excluded\":");
      out->Quoted(value.text);
      break;
    default:
      out->Raw("{\"expression\":true");
  }
  out->Char('}');
}

void WriteCells(std::string_view key, const std::vector<Cell>& cells, json::Writer* out) {
  out->Raw(key);
  out->Char('{');
  bool first = true;
  for (const Cell& cell : cells) {
    if (!std::exchange(first, false)) out->Char(',');
    out->Quoted(cell.column);
    out->Char(':');
    WriteValue(cell.value, out);
  }
  out->Char('}');
}

void WriteOrder(const std::vector<OrderTerm>& order, json::Writer* out) {
  constexpr std::string_view kNulls[] = {"null", "\"first\"", "\"last\""};
  out->Raw(",\"order\":[");
  for (const OrderTerm& term : order) {
    out->Comma();
    out->Raw("{\"term\":");
    if (!term.name.empty()) {
      out->Quoted(term.name);
    } else if (term.position != 0) {
      out->Integer(term.position);
    } else {
      out->Raw("null");
    }
    out->Raw(term.descending ? ",\"descending\":true" : ",\"descending\":false");
    out->Raw(",\"collation\":");
    if (term.collation.empty()) {
      out->Raw("null");
    } else {
      out->Quoted(term.collation);
    }
    out->Raw(",\"nulls\":");
    out->Raw(kNulls[static_cast<size_t>(term.nulls)]);
    out->Char('}');
  }
  out->Char(']');
}

void WriteCount(std::string_view key, const Value& value, json::Writer* out) {
  out->Raw(key);
  switch (value.type) {
    case Value::Type::kNone:
      return out->Raw("null");
    case Value::Type::kInteger:
      return out->Integer(value.number);
    case Value::Type::kParameter:
      return WriteValue(value, out);
    default:
      return out->Raw("{\"expression\":true}");
  }
}

void WriteNames(std::string_view key, const std::vector<std::string>& names, json::Writer* out) {
  out->Raw(key);
  for (const std::string& name : names) {
    out->Comma();
    out->Quoted(name);
  }
  out->Char(']');
}

std::string WritePlan(const Plan& plan) {
  std::string text;
  json::Writer out(&text);
  out.Raw("{\"statements\":");
  out.Integer(static_cast<int64_t>(plan.statements));
  out.Raw(",\"kind\":\"");
  out.Raw(NameOf(plan.effect));
  out.Raw(plan.explain ? "\",\"explain\":true" : "\",\"explain\":false");
  out.Raw(plan.inserts ? ",\"inserts\":true" : ",\"inserts\":false");
  out.Raw(plan.returning ? ",\"returning\":true" : ",\"returning\":false");
  out.Raw(",\"table\":");
  if (plan.tables.main.empty()) {
    out.Raw("null");
  } else {
    out.Quoted(plan.tables.main);
  }
  WriteNames(",\"tables\":[", plan.tables.names, &out);
  WriteCells(",\"equals\":", plan.equals, &out);
  if (plan.inserted.named) {
    WriteCells(",\"inserted\":", plan.inserted.cells, &out);
  } else {
    out.Raw(",\"inserted\":null");
  }
  WriteCells(",\"sets\":", plan.sets, &out);
  WriteOrder(plan.order, &out);
  WriteCount(",\"limit\":", plan.limit.limit, &out);
  WriteCount(",\"offset\":", plan.limit.offset, &out);
  out.Raw(",\"parameters\":");
  out.Integer(plan.parameters);
  out.Char('}');
  return std::move(out).Take();
}

}  // namespace

Result<std::string> PlanOf(std::string_view sql) {
  const Result<std::vector<std::string_view>> statements = Split(sql);
  if (!statements.ok()) return statements.status();
  Plan plan;
  for (const std::string_view text : *statements) {
    Result<Plan> more = ReadPlan(text);
    if (!more.ok()) return more.status();
    if (Status fault = Join(std::move(*more), &plan); !fault.ok()) return fault;
  }
  return WritePlan(plan);
}

}  // namespace tidemark::sqltext
