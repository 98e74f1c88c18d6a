#include "shards/sql_push.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "shards/sql_select.h"
#include "shards/sql_split.h"

namespace tidemark::sqltext {
namespace {

constexpr std::string_view kAddedColumn = "__tidemark_sort_";

Status NoColumn(std::string_view term) {
  return Status::Invalid("unsupported_order",
                         "ORDER BY " + std::string(term) + " is no column of the answer");
}

Status TooMany(std::string_view what) {
  return Status::Invalid("sql_too_complex", "A statement has at most " +
                                                std::to_string(limits::kSqlColumnsMax) + ' ' +
                                                std::string(what));
}

int64_t Sum(int64_t a, int64_t b) { return std::min(a + b, limits::kIntegerMax); }

void AppendDirection(bool descending, std::string_view collation, Nulls nulls, std::string* out) {
  if (!collation.empty()) *out += " COLLATE " + QuotedName(collation);
  if (descending) *out += " DESC";
  if (nulls != Nulls::kDefault) *out += nulls == Nulls::kFirst ? " NULLS FIRST" : " NULLS LAST";
}

class Rewriter {
 public:
  Rewriter(const Statement& statement, const Verb& verb, const Push& push)
      : statement_(statement),
        push_(push),
        clauses_(ClausesOf(statement, verb)),
        columns_(ResultColumnsOf(statement, verb, clauses_)),
        limit_(LimitOf(statement, clauses_)) {
    simple_ = verb.keyword == Keyword::kSelect && !columns_.distinct &&
              clauses_.compound == clauses_.end && !columns_.columns.empty();
    table_ = verb.keyword != Keyword::kSelect;
  }

  Result<Pushed> Run() {
    if (columns_.columns.size() > limits::kSqlColumnsMax) return TooMany("columns");
    const bool limited = clauses_.limit != clauses_.end;
    const bool ordered = clauses_.order != clauses_.end;
    const bool sorts = !push_.sort.empty();
    if (Status fault = sorts ? ReadSort() : ReadOwnOrder(); !fault.ok()) return fault;
    const bool wraps =
        (sorts && (ordered || limited || !simple_)) || (push_.limit && (limited || table_));
    if (wraps) {
      pushed_.sql = "SELECT * FROM (" + Inner(clauses_.end) + ')';
      AppendKeys();
      if (push_.limit) AppendLimit(*push_.limit);
      return std::move(pushed_);
    }
    const bool sums = limited && limit_.offset.type != Value::Type::kNone;
    pushed_.sql = Inner(sums ? clauses_.limit : clauses_.end);
    if (sums) AppendSum();
    if (sorts) AppendKeys();
    if (push_.limit) AppendLimit(*push_.limit);
    return std::move(pushed_);
  }

 private:
  Status ReadSort() {
    for (const Sort& sort : push_.sort) {
      SortColumn key;
      if (!KeyOf(sort.column, QuotedName(sort.column), {}, &key)) return NoColumn(sort.column);
      key.descending = sort.descending;
      key.collation = sort.collation.empty() ? "BINARY" : sort.collation;
      key.nulls = sort.nulls;
      pushed_.keys.push_back(std::move(key));
    }
    return {};
  }

  Status ReadOwnOrder() {
    const std::vector<OrderTerm> terms = OrderOf(statement_, clauses_);
    if (terms.size() > limits::kSqlColumnsMax) return TooMany("sort keys");
    for (const OrderTerm& term : terms) {
      const std::string text = Render(statement_, term.expression);
      SortColumn key;
      if (term.position != 0) {
        if (!KeyAt(term.position, &key)) {
          return Status::Invalid("unsupported_order",
                                 "ORDER BY " + text + " counts columns of *: name the column");
        }
      } else if (!term.name.empty()) {
        // A name with its table is a column's; without it is one of the answer's, if there is one.
        const bool qualified = statement_.Unwrap(term.expression).size() > 1;
        if (!KeyOf(term.name, text, qualified ? text : std::string_view(), &key)) {
          return NoColumn(text);
        }
      } else if (simple_) {
        key = Add(text);
      } else {
        return NoColumn(text);
      }
      key.descending = term.descending;
      key.collation = term.collation;
      key.nulls = term.nulls;
      pushed_.keys.push_back(std::move(key));
    }
    return {};
  }

  // The column of that name in the answer, if one is certain to be; else one that is added. With
  // `qualified`, only one that is written like it. False where there can be none.
  bool KeyOf(const std::string& name, const std::string& text, std::string_view qualified,
             SortColumn* key) {
    int named = 0;
    bool same = false;
    for (const ResultColumn& column : columns_.columns) {
      if (!SameName(column.name, name)) continue;
      ++named;
      same = qualified.empty() || SameName(statement_.Text(column.expression), qualified);
    }
    if (named == 1 && same) {
      key->column = name;
    } else if (simple_) {
      *key = Add(text);
    } else {
      key->column = name;
      // What "*" stands for, or the later parts of a compound, may have it.
      return named > 0 || columns_.star || !columns_.distinct || clauses_.compound != clauses_.end;
    }
    return true;
  }

  // ORDER BY n. False where "*" stands before the n-th column, and for one that there is not.
  bool KeyAt(int64_t position, SortColumn* key) {
    if (position < 1 || position > static_cast<int64_t>(columns_.columns.size())) return false;
    for (int64_t i = 0; i < position; ++i) {
      if (columns_.columns[static_cast<size_t>(i)].star) return false;
    }
    const ResultColumn& column = columns_.columns[static_cast<size_t>(position - 1)];
    const std::string text = Render(statement_, column.expression);
    if (!column.name.empty()) {
      KeyOf(column.name, text, {}, key);
    } else if (simple_) {
      *key = Add(text);
    } else {
      key->column = statement_.Text(column.expression);  // so SQLite names it
    }
    return true;
  }

  SortColumn Add(const std::string& text) {
    std::string name = std::string(kAddedColumn) + std::to_string(pushed_.keys.size());
    added_ += ", " + text + " AS " + name;
    return {.column = std::move(name), .added = true};
  }

  // The statement up to a token, with the columns that are added.
  std::string Inner(uint32_t end) const { return Render(statement_, end, columns_, added_); }

  void AppendKeys() {
    std::string_view before = " ORDER BY ";
    for (const SortColumn& key : pushed_.keys) {
      pushed_.sql.append(std::exchange(before, ", ")).append(QuotedName(key.column));
      AppendDirection(key.descending, key.collation, key.nulls, &pushed_.sql);
    }
  }

  void AppendLimit(int64_t limit) {
    pushed_.sql += " LIMIT " + std::to_string(Sum(limit, push_.offset));
  }

  // LIMIT l OFFSET o as LIMIT l + o. Below 0 a limit is none, and an offset is 0.
  void AppendSum() {
    if (limit_.limit.type == Value::Type::kInteger && limit_.offset.type == Value::Type::kInteger) {
      const int64_t limit = limit_.limit.number;
      const int64_t offset = std::max<int64_t>(limit_.offset.number, 0);
      pushed_.sql += " LIMIT " + std::to_string(limit < 0 ? -1 : Sum(limit, offset));
      return;
    }
    const std::string limit = '(' + Render(statement_, limit_.limit_range) + ')';
    const std::string offset = '(' + Render(statement_, limit_.offset_range) + ')';
    pushed_.sql += " LIMIT CASE WHEN " + limit + " < 0 THEN -1 ELSE " + limit + " + max(0, " +
                   offset + ") END";
  }

  const Statement& statement_;
  const Push& push_;
  Clauses clauses_;
  ResultColumns columns_;
  Limit limit_;
  bool simple_ = false;  // columns can be added to it
  bool table_ = false;   // VALUES, which takes no ORDER BY and no LIMIT
  std::string added_;
  Pushed pushed_;
};

}  // namespace

Result<Pushed> PushLimit(std::string_view sql, const Push& push) {
  const Result<std::vector<std::string_view>> statements = Split(sql);
  if (!statements.ok()) return statements.status();
  const Status refused =
      Status::Invalid("not_a_select", "Only one SELECT can be asked of several shards in order");
  if (statements->size() != 1) return refused;
  const Result<Statement> statement = Statement::Read(statements->front());
  if (!statement.ok()) return statement.status();
  const Verb verb = VerbOf(*statement);
  const bool selects = verb.keyword == Keyword::kSelect || verb.keyword == Keyword::kValues;
  if (!selects || verb.explain) return refused;
  Result<Pushed> pushed = Rewriter(*statement, verb, push).Run();
  if (!pushed.ok() || pushed->sql.size() <= limits::kSqlTextBytesMax) return pushed;
  return TooLong("What each shard is asked", pushed->sql.size(), limits::kSqlTextBytesMax);
}

}  // namespace tidemark::sqltext
