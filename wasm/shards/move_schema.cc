#include "shards/move_schema.h"

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "base/encoding.h"
#include "base/limits.h"
#include "engine/await.h"
#include "shards/existing_sql.h"
#include "shards/sql_existing.h"
#include "shards/sql_move.h"

namespace tidemark::moves {
namespace {

using existing::FillSql;
using existing::IntegerOf;
using existing::QuoteName;
using existing::SameName;
using existing::TextOf;

const existing::Table* Find(const ShardSchema& schema, std::string_view name) {
  for (const existing::Table& table : schema.tables) {
    if (SameName(table.name, name)) return &table;
  }
  return nullptr;
}

std::string Fold(std::string name) {
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return name;
}

// A foreign key's columns, the child's and the parent's. `at` is its first row, and then the row
// behind it.
struct ForeignKey {
  std::string child;
  std::string parent;
  std::vector<std::pair<std::string, std::string>> columns;
};

std::vector<ForeignKey> ForeignKeys(const ShardSchema& schema) {
  std::vector<ForeignKey> keys;
  int64_t number = -1;
  for (const std::vector<Cell>& row : schema.keys) {
    const std::string child = TextOf(row[0]);
    if (keys.empty() || keys.back().child != child || number != IntegerOf(row[1])) {
      keys.push_back({.child = child, .parent = TextOf(row[2]), .columns = {}});
    }
    number = IntegerOf(row[1]);
    std::string to = TextOf(row[4]);
    // None is named: the parent's primary key is meant.
    const existing::Table* parent = Find(schema, keys.back().parent);
    const size_t at = keys.back().columns.size();
    if (to.empty() && parent != nullptr && at < parent->PrimaryKey().size()) {
      to = parent->PrimaryKey()[at]->name;
    }
    keys.back().columns.emplace_back(TextOf(row[3]), std::move(to));
  }
  return keys;
}

class Router {
 public:
  Router(const ShardSchema& schema, const Routes& routes)
      : schema_(schema), routes_(routes), keys_(ForeignKeys(schema)) {}

  const std::vector<ForeignKey>& keys() const { return keys_; }

  // Whether rows are made anew elsewhere by whoever made them: it was declared to have no column.
  bool Stays(const existing::Table& table) const {
    for (const auto& [name, column] : routes_) {
      if (SameName(name, table.name)) return column.empty();
    }
    return false;
  }

  // Empty where there is none. `depth` ends a circle of tables.
  std::string ColumnOf(const existing::Table& table, size_t depth = 0) const {
    for (const auto& [name, column] : routes_) {
      if (!SameName(name, table.name)) continue;
      const existing::Column* found = table.Find(column);
      return found == nullptr ? std::string() : found->name;
    }
    std::string referring;
    for (const ForeignKey& key : keys_) {
      const existing::Table* parent = Find(schema_, key.parent);
      if (key.child != table.name || parent == nullptr || parent == &table ||
          depth > schema_.tables.size()) {
        continue;
      }
      const std::string routed = ColumnOf(*parent, depth + 1);
      for (const auto& [from, to] : key.columns) {
        if (routed.empty() || !SameName(to, routed)) continue;
        if (!referring.empty() && !SameName(referring, from)) return {};  // it is not said which
        referring = from;
      }
    }
    if (!referring.empty()) return table.Find(referring)->name;
    const std::vector<const existing::Column*> primary = table.PrimaryKey();
    return primary.size() == 1 ? primary[0]->name : std::string();
  }

 private:
  const ShardSchema& schema_;
  const Routes& routes_;
  std::vector<ForeignKey> keys_;
};

// Parents before children, as far as there is such an order.
std::vector<const existing::Table*> Ordered(const ShardSchema& schema,
                                            const std::vector<ForeignKey>& keys) {
  std::vector<const existing::Table*> rest;
  std::vector<const existing::Table*> ordered;
  rest.reserve(schema.tables.size());
  for (const existing::Table& table : schema.tables) rest.push_back(&table);
  while (!rest.empty()) {
    auto next = std::find_if(rest.begin(), rest.end(), [&](const existing::Table* table) {
      return std::none_of(keys.begin(), keys.end(), [&](const ForeignKey& key) {
        const existing::Table* parent = Find(schema, key.parent);
        return key.child == table->name && parent != table &&
               std::find(rest.begin(), rest.end(), parent) != rest.end();
      });
    });
    if (next == rest.end()) next = rest.begin();
    ordered.push_back(*next);
    rest.erase(next);
  }
  return ordered;
}

Result<MovedTable> Moved(const existing::Table& table, const std::string& column) {
  // A table keeps its name in staging, whatever other tables come and go.
  const Sha256Digest digest = Sha256Of(Fold(table.name));
  const std::string number = HexEncode({reinterpret_cast<const char*>(digest.data()), 8});
  MovedTable moved{.name = table.name};
  moved.source.table = QuoteName(table.name);
  moved.source.key = FillSql(sql::kKeyText, {{"key", "s." + QuoteName(column)}});
  moved.source.route = QuoteName(column);
  moved.stage.table = "tidemark_stage_" + number;
  moved.stage.key = sql::kSlotNumber.text;
  moved.log = "tidemark_log_" + number;
  moved.gone = "tidemark_gone_" + number;
  if (table.without_rowid) {
    for (const existing::Column* each : table.PrimaryKey()) {
      moved.source.columns.push_back(QuoteName(each->name));
    }
  } else {
    moved.source.columns.emplace_back(table.RowNumber());
  }
  const size_t places = moved.source.columns.size();
  moved.source.places = places;
  moved.stage.places = places;
  for (const existing::Column& each : table.columns) {
    if (!each.generated) moved.source.columns.push_back(QuoteName(each.name));
  }
  if (moved.source.columns.front().empty() ||
      moved.source.columns.size() > limits::kSlotMoveColumnsMax) {
    return Status::Error(409, "table_too_wide",
                         "The table " + table.name + " has more than " +
                             std::to_string(limits::kSlotMoveColumnsMax - places) +
                             " columns, or hides its row numbers");
  }
  for (size_t i = 0; i < moved.source.columns.size(); ++i) {
    moved.stage.columns.push_back((i < places ? "k" : "c") +
                                  std::to_string(i < places ? i : i - places));
  }
  moved.keys = moved.stage.Places("");
  return moved;
}

void AddReferences(const std::vector<ForeignKey>& keys, Layout* layout) {
  const auto at = [&](std::string_view name) {
    size_t i = 0;
    while (i < layout->tables.size() && !SameName(layout->tables[i].name, name)) ++i;
    return i;
  };
  for (const ForeignKey& key : keys) {
    const size_t child = at(key.child);
    const size_t parent = at(key.parent);
    if (parent == layout->tables.size() || existing::IsReserved(key.child)) continue;
    layout->tables[parent].references.push_back({.table = QuoteName(key.child),
                                                 .stays = child == layout->tables.size(),
                                                 .child = child,
                                                 .columns = key.columns});
  }
}

}  // namespace

std::string MovedTable::Trigger(std::string_view what) const {
  return "tidemark_move_" + stage.table.substr(stage.table.rfind('_') + 1) + "_" +
         std::string(what);
}

std::string TableTexts(const ResultSet& set) {
  std::string texts;
  for (const std::vector<Cell>& row : set.rows) {
    const std::string text = TextOf(row[1]);
    if (existing::IsReserved(TextOf(row[0])) || !text.starts_with("CREATE TABLE")) continue;
    texts += text + "\n";
  }
  return texts;
}

int64_t Layout::Triggers() const {
  size_t count = 0;
  for (const MovedTable& table : tables) count += 3 + 2 * table.references.size();
  return static_cast<int64_t>(count);
}

std::vector<Statement> TableReads() {
  return {{sql::kReadColumns.text, {}}, {sql::kReadForeignKeys.text, {}}};
}

ShardSchema TakeTableReads(ResultSets* sets) {
  ShardSchema schema;
  for (const std::vector<Cell>& row : (*sets)[0].rows) {
    const std::string name = TextOf(row[0]);
    if (existing::IsReserved(name)) continue;
    if (schema.tables.empty() || schema.tables.back().name != name) {
      const bool is_virtual = TextOf(row[1]) == "virtual";
      schema.tables.push_back(
          {.name = name,
           .kind = is_virtual ? existing::Kind::kVirtual : existing::Kind::kTable,
           .without_rowid = IntegerOf(row[2]) != 0});
    }
    const int64_t hidden = IntegerOf(row[6]);
    if (hidden == 1) continue;
    schema.tables.back().columns.push_back(
        {.name = TextOf(row[3]), .place = IntegerOf(row[5]), .generated = hidden != 0});
    std::string& signature = schema.signatures[Fold(name)];
    signature += Fold(TextOf(row[3])) + " " + Fold(TextOf(row[4]));
    for (const size_t at : std::initializer_list<size_t>{2, 5, 6, 7})
      signature += " " + std::to_string(IntegerOf(row[at]));
    signature += "\n";
  }
  schema.keys = std::move((*sets)[1].rows);
  return schema;
}

Routes RoutesOf(const ShardSchema& schema, const Routes& declared) {
  const Router router(schema, declared);
  Routes routes;
  for (const existing::Table& table : schema.tables) {
    std::string column = table.kind == existing::Kind::kTable ? router.ColumnOf(table) : "";
    if (!column.empty()) routes.emplace_back(table.name, std::move(column));
  }
  return routes;
}

Task<Result<ShardSchema>> ReadSchema(std::string shard) {
  std::vector<Statement> reads = TableReads();
  for (const Sql& read : {sql::kReadTriggers, sql::kReadTexts}) reads.push_back({read.text, {}});
  std::variant<ResultSets, Failure> answer = co_await D1(std::move(shard), std::move(reads));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return existing::StatusOf(*failure);
  ResultSets& sets = *std::get_if<ResultSets>(&answer);
  ShardSchema schema = TakeTableReads(&sets);
  if (!sets[2].rows.empty()) schema.trigger = TextOf(sets[2].rows[0][1]);
  schema.tables_text = TableTexts(sets[3]);
  for (const std::vector<Cell>& row : sets[3].rows) {
    std::string name = TextOf(row[0]);
    if (!existing::IsReserved(name)) schema.texts.emplace_back(std::move(name), TextOf(row[1]));
  }
  co_return schema;
}

Task<Result<Layout>> ReadLayout(std::string shard, const ShardSchema* schema, Routes routes,
                                bool moves) {
  if (moves && !schema->trigger.empty()) {
    co_return Status::Error(409, "table_has_triggers",
                            "The table " + schema->trigger + " of " + shard +
                                " has a trigger: its rows would set it off again");
  }
  Layout layout;
  Texts texts;
  std::vector<std::string> unrouted;
  {
    const Router router(*schema, routes);
    Sha256 digest;
    for (const existing::Table* table : Ordered(*schema, router.keys())) {
      if (router.Stays(*table)) continue;
      const std::string column =
          table->kind == existing::Kind::kTable ? router.ColumnOf(*table) : "";
      if (column.empty()) {
        unrouted.push_back(table->name);
        texts.Add(FillSql(sql::kHasRows, {{"table", QuoteName(table->name)}}));
        continue;
      }
      Result<MovedTable> moved = Moved(*table, column);
      if (!moved.ok()) co_return moved.status();
      digest.Update(table->name + "\n" + column + "\n" + schema->signatures.at(Fold(table->name)));
      layout.routes.emplace_back(table->name, column);
      layout.tables.push_back(std::move(*moved));
    }
    AddReferences(router.keys(), &layout);
    const Sha256Digest sum = digest.Finish();
    layout.digest = HexEncode({reinterpret_cast<const char*>(sum.data()), sum.size()});
  }
  if (!moves || unrouted.empty()) co_return layout;
  std::variant<ResultSets, Failure> answer = co_await D1(shard, std::move(texts.statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return existing::StatusOf(*failure);
  const ResultSets& sets = *std::get_if<ResultSets>(&answer);
  for (size_t i = 0; i < unrouted.size(); ++i) {
    if (sets[i].Integer(0, 0) == 0) continue;
    co_return Status::Error(409, "no_routing_key",
                            "The table " + unrouted[i] + " of " + shard +
                                " has rows and no column that they are routed by: declare one");
  }
  co_return layout;
}

Result<std::vector<std::string>> TakeTables(const ShardSchema& source, ShardSchema* target) {
  std::vector<std::string> missing;
  for (const auto& [name, signature] : source.signatures) {
    const auto there = target->signatures.find(name);
    if (there == target->signatures.end() || there->second == signature) continue;
    return Status::Error(409, "schema_differs",
                         "The two shards have other columns in their table " + name);
  }
  for (const auto& [table, text] : source.texts) {
    if (Find(*target, table) == nullptr && Find(source, table) != nullptr &&
        Find(source, table)->kind == existing::Kind::kTable) {
      missing.push_back(text);
    }
  }
  for (const existing::Table& table : source.tables) {
    if (table.kind != existing::Kind::kTable || Find(*target, table.name) != nullptr) continue;
    target->tables.push_back(table);
    target->signatures[Fold(table.name)] = source.signatures.at(Fold(table.name));
  }
  return missing;
}

}  // namespace tidemark::moves
