#include <utility>

#include "base/json_tree.h"
#include "base/json_writer.h"
#include "base/limits.h"
#include "engine/params.h"
#include "shards/existing_integrate.h"
#include "shards/existing_sql.h"

namespace tidemark::existing {
namespace {

Status Invalid(std::string message) {
  return Status::Invalid("invalid_parameter", std::move(message));
}

bool Flag(const Request& request, std::string_view name) { return !request.Param(name).empty(); }

Status ReadTablesParam(const std::string& text, std::vector<std::string>* tables) {
  if (text.empty()) return {};
  const Result<nlohmann::json> tree = ParseTree(text, 1);
  if (!tree.ok()) return tree.status();
  if (!tree->is_array()) return Invalid("tables: an array of names");
  for (const nlohmann::json& each : *tree) {
    const auto* name = each.get_ptr<const std::string*>();
    if (name == nullptr) return Invalid("tables: an array of names");
    tables->push_back(*name);
  }
  return tables->size() <= limits::kExistingTablesMax
             ? Status()
             : Invalid("tables: at most " + std::to_string(limits::kExistingTablesMax));
}

}  // namespace

Result<IntegrationOptions> ReadOptions(const Request& request) {
  IntegrationOptions options{.shard = request.Param("shard")};
  if (Status tables = ReadTablesParam(request.Param("tables"), &options.tables); !tables.ok()) {
    return tables;
  }
  if (const std::string column = request.Param("column"); !column.empty()) options.column = column;
  if (const std::string strategy = request.Param("strategy"); !strategy.empty()) {
    options.strategy = strategy;
  }
  options.notes = Flag(request, "notes");
  options.dry_run = Flag(request, "dry_run");
  options.other_names = Flag(request, "other_names");
  options.wait = Flag(request, "wait");
  if (const std::string again = request.Param("again"); again == "always") {
    options.again = Again::kAlways;
  } else if (again == "never") {
    options.again = Again::kNever;
  } else if (!again.empty() && again != "done") {
    return Invalid("again: always, done or never");
  }
  const auto number = [&](std::string_view name, int64_t least, int64_t most, int64_t fallback,
                          int64_t* value) {
    const Result<int64_t> read = IntegerParam(request, name, least, most, fallback);
    if (!read.ok()) return read.status();
    *value = *read;
    return Status();
  };
  constexpr int64_t kRows = limits::kExistingPageRows;
  for (Status status : {number("rows", 1, kRows, kRows / 2, &options.rows),
                        number("cost_max", 0, limits::kIntegerMax, 0, &options.cost_max),
                        number("records_max", 0, limits::kIntegerMax, 0, &options.records_max)}) {
    if (!status.ok()) return status;
  }
  return options;
}

Notes NotesOf(const ResultSet& set) {
  Notes notes;
  for (const std::vector<Cell>& row : set.rows) {
    notes[TextOf(row[0])] = {.done = TextOf(row[1]) == "done",
                             .options = TextOf(row[2]),
                             .place = TextOf(row[3]),
                             .records = IntegerOf(row[4]),
                             .mapped = IntegerOf(row[5]),
                             .collided = IntegerOf(row[6]),
                             .unusable = IntegerOf(row[7])};
  }
  return notes;
}

void Integration::AddIssues(const std::string& table, const std::vector<std::string>& what) {
  if (!what.empty()) issues.push_back("Table " + table + ": " + Join(what));
}

std::string Integration::Json() const {
  // Tables that cannot be routed are told of and do not make a failure of the others.
  const bool success = !failed && (issues.empty() || tables > 0);
  std::string text;
  json::Writer writer(&text);
  writer.Raw(success ? R"({"success":true,"shardName":)" : R"({"success":false,"shardName":)");
  writer.Quoted(options.shard);
  const auto number = [&](std::string_view name, int64_t value) {
    writer.Raw(",\"");
    writer.Raw(name);
    writer.Raw("\":");
    writer.Integer(value);
  };
  number("tablesProcessed", tables);
  number("totalRecords", records);
  number("mappingsCreated", noted);
  number("collisions", collided);
  writer.Raw(stopped || failed ? ",\"complete\":false" : ",\"complete\":true");
  writer.Raw(",\"issues\":[");
  for (const std::string& issue : issues) {
    writer.Comma();
    writer.Quoted(issue);
  }
  writer.Raw("]}");
  return std::move(writer).Take();
}

}  // namespace tidemark::existing
