#include "shards/sql_tables.h"

#include <algorithm>
#include <optional>

#include "base/limits.h"

namespace tidemark::sqltext {
namespace {

// What the next token is expected to be.
enum class Expect : uint8_t {
  kNothing,
  kSource,  // of FROM or JOIN: a table, a function or a bracket
  kTarget,  // what is written to or made: a table
  kMember,  // of IN: a table or a function
};

// A bracket that is open, or the statement itself.
struct Level {
  bool sources = false;  // within FROM, where a comma is followed by another source
  bool main = false;     // of the statement itself: not in a subquery
};

// A table that a WITH clause makes is known within [begin, end).
struct Made {
  std::string name;
  Range scope;
};

struct Named {
  uint32_t at = 0;   // of its own name
  uint32_t end = 0;  // behind it
  bool schema = false;
  bool main = false;
  bool target = false;
};

class Finder {
 public:
  Finder(const Statement& statement, const Verb& verb) : statement_(statement), verb_(verb) {
    levels_.push_back({.sources = false, .main = true});
    ends_.push_back(statement.size());
  }

  bool Run() {
    for (uint32_t at = 0; at < statement_.size();) {
      at = Step(at);
      if (named_.size() > kFoundMax || made_.size() > limits::kSqlNamesMax) return false;
    }
    return true;
  }

  // Those that are no table of a WITH clause, in their order.
  template <typename Take>
  void ForEach(Take take) const {
    for (const Named& named : named_) {
      if (!IsMade(named)) take(named);
    }
  }

 private:
  // Named again and again, a table counts each time.
  static constexpr size_t kFoundMax = 4 * limits::kSqlNamesMax;

  uint32_t Step(uint32_t at) {
    if (statement_.KindAt(at) == Kind::kOperator) return StepOperator(at);
    if (expect_ != Expect::kNothing) {
      if (const uint32_t end = TakeName(at); end != at) return end;
    }
    expect_ = Expect::kNothing;
    return StepWord(at);
  }

  uint32_t StepOperator(uint32_t at) {
    const bool source = expect_ == Expect::kSource;
    expect_ = Expect::kNothing;
    if (statement_.IsOperator(at, "(")) {
      const bool group =
          source && !statement_.IsAny(at + 1, {Keyword::kSelect, Keyword::kWith, Keyword::kValues});
      const bool main = group && levels_.back().main;
      levels_.push_back({.sources = group, .main = main});
      ends_.push_back(statement_.CloseOf(at));
      if (group) expect_ = Expect::kSource;
    } else if (statement_.IsOperator(at, ")") && levels_.size() > 1) {
      levels_.pop_back();
      ends_.pop_back();
    } else if (statement_.IsOperator(at, ",") && levels_.back().sources) {
      expect_ = Expect::kSource;
    }
    return at + 1;
  }

  uint32_t StepWord(uint32_t at) {
    Level& level = levels_.back();
    switch (statement_.KeywordAt(at)) {
      case Keyword::kFrom:
        if (IsDistinctFrom(at)) break;
        level.sources = true;
        expect_ = DeletesAt(at) ? Expect::kTarget : Expect::kSource;
        break;
      case Keyword::kJoin:
        if (level.sources) expect_ = Expect::kSource;
        break;
      case Keyword::kInto:
        if (!statement_.IsString(at + 1)) expect_ = Expect::kTarget;  // else it is VACUUM's
        break;
      case Keyword::kReferences:
        expect_ = Expect::kTarget;
        break;
      case Keyword::kIn:
        expect_ = Expect::kMember;
        break;
      case Keyword::kUpdate:
        if (!BeginsStatement(at)) break;
        expect_ = Expect::kTarget;
        return statement_.Is(at + 1, Keyword::kOr) ? at + 3 : at + 1;
      case Keyword::kTable:
      case Keyword::kView:
        return StepObject(at);
      case Keyword::kOn:
        if (NamesTableOf(at)) expect_ = Expect::kTarget;
        break;
      case Keyword::kWith:
        Make(at);
        break;
      case Keyword::kWindow:
        if (statement_.Is(at + 2, Keyword::kAs)) level.sources = false;
        break;
      default:
        if (EndsSources(statement_.KeywordAt(at))) level.sources = false;
    }
    return at + 1;
  }

  // CREATE TABLE IF NOT EXISTS t, DROP VIEW v, TABLE t.
  uint32_t StepObject(uint32_t at) {
    const bool object = at == verb_.at || verb_.effect == Effect::kSchema;
    if (!object || levels_.size() > 1 || !named_.empty()) return at + 1;
    expect_ = Expect::kTarget;
    ++at;
    while (statement_.IsAny(at, {Keyword::kIf, Keyword::kNot, Keyword::kExists}) &&
           !statement_.IsOperator(at + 1, "(")) {
      ++at;
    }
    return at;
  }

  // A table's name with its schema. Where there is none, `at` itself.
  uint32_t TakeName(uint32_t at) {
    if (!statement_.IsName(at) && !statement_.IsString(at)) return at;
    Named named{.at = at, .end = at + 1};
    if (statement_.IsOperator(at + 1, ".")) named = {.at = at + 2, .end = at + 3, .schema = true};
    named.target = expect_ == Expect::kTarget;
    const bool call = !named.target && statement_.IsOperator(named.end, "(");
    named.main = levels_.back().main && expect_ != Expect::kMember && at > verb_.at &&
                 !statement_.Is(at - 1, Keyword::kReferences);
    expect_ = Expect::kNothing;
    if (!call && named.at < statement_.size()) named_.push_back(named);
    return named.end;
  }

  // Notes the tables of a WITH clause, which know one another in any order. They are known where
  // the clause stands.
  void Make(uint32_t at) {
    std::vector<uint32_t> names;
    SkipWith(statement_, at, &names);
    for (const uint32_t name : names) {
      made_.push_back({statement_.Name(name), {at, ends_.back()}});
      if (made_.size() > limits::kSqlNamesMax) return;
    }
  }

  // What is written to is a table, whatever a WITH clause calls so.
  bool IsMade(const Named& named) const {
    if (named.schema || named.target) return false;
    const std::string name = statement_.Name(named.at);
    return std::any_of(made_.begin(), made_.end(), [&](const Made& made) {
      return made.scope.begin <= named.at && named.at < made.scope.end && SameName(made.name, name);
    });
  }

  bool IsDistinctFrom(uint32_t at) const {
    return at >= 2 && statement_.Is(at - 1, Keyword::kDistinct) &&
           statement_.IsAny(at - 2, {Keyword::kIs, Keyword::kNot});
  }
  bool DeletesAt(uint32_t at) const { return at > 0 && statement_.Is(at - 1, Keyword::kDelete); }
  // The first of all, or of those in a trigger's body.
  bool BeginsStatement(uint32_t at) const {
    return at == verb_.at ||
           (at > 0 && verb_.effect == Effect::kSchema &&
            (statement_.Is(at - 1, Keyword::kBegin) || statement_.IsOperator(at - 1, ";")));
  }
  // ON t of an index or a trigger: the first ON at the statement's own level.
  bool NamesTableOf(uint32_t at) {
    if (verb_.keyword != Keyword::kCreate || levels_.size() > 1 || !named_.empty()) return false;
    for (uint32_t word = verb_.at + 1; word < at && word < verb_.at + 4; ++word) {
      if (statement_.IsAny(word, {Keyword::kIndex, Keyword::kTrigger})) return true;
    }
    return false;
  }
  static bool EndsSources(Keyword keyword) {
    switch (keyword) {
      case Keyword::kWhere:
      case Keyword::kGroup:
      case Keyword::kHaving:
      case Keyword::kOrder:
      case Keyword::kLimit:
      case Keyword::kSet:
      case Keyword::kReturning:
      case Keyword::kUnion:
      case Keyword::kExcept:
      case Keyword::kIntersect:
      case Keyword::kSelect:
      case Keyword::kValues:
        return true;
      default:
        return false;
    }
  }

  const Statement& statement_;
  const Verb& verb_;
  Expect expect_ = Expect::kNothing;
  std::vector<Level> levels_;
  std::vector<uint32_t> ends_;  // of the levels
  std::vector<Named> named_;
  std::vector<Made> made_;
};

// t AS a, t a, or none.
std::string AliasAt(const Statement& statement, uint32_t at) {
  if (statement.Is(at, Keyword::kAs)) return statement.Name(at + 1);
  const Keyword keyword = statement.KeywordAt(at);
  const bool window = keyword == Keyword::kWindow && statement.Is(at + 2, Keyword::kAs);
  const bool alias =
      statement.IsName(at) && !IsJoinWord(keyword) && !window && keyword != Keyword::kIndexed;
  return alias ? statement.Name(at) : std::string();
}

}  // namespace

Result<Tables> TablesOf(const Statement& statement, const Verb& verb) {
  Finder finder(statement, verb);
  Tables tables;
  bool few = finder.Run();
  finder.ForEach([&](const Named& named) {
    std::string name = statement.Name(named.at);
    if (named.main && tables.main.empty()) {
      tables.main = name;
      tables.end = named.end;
      tables.alias = AliasAt(statement, named.end);
      if (tables.alias.empty()) tables.alias = name;
    }
    const bool known = std::any_of(tables.names.begin(), tables.names.end(),
                                   [&](const std::string& one) { return SameName(one, name); });
    if (!known) tables.names.push_back(std::move(name));
  });
  few = few && tables.names.size() <= limits::kSqlNamesMax;
  if (few) return tables;
  return Status::Invalid("sql_too_complex", "A statement names at most " +
                                                std::to_string(limits::kSqlNamesMax) + " tables");
}

}  // namespace tidemark::sqltext
