#include "shards/sql_split.h"

#include <string>

#include "base/limits.h"
#include "shards/sql_statement.h"
#include "shards/sql_token.h"

namespace tidemark::sqltext {
namespace {

// Where in a statement the splitter is, as far as that decides its end.
class Progress {
 public:
  // Whether a semicolon ends the statement here.
  bool EndsAtSemicolon() {
    if (state_ != State::kBody && state_ != State::kBodySemicolon) return true;
    state_ = State::kBodySemicolon;
    return false;
  }
  void Take(const Token& token) {
    switch (state_) {
      case State::kStart:
      case State::kExplain:
        return TakeFirst(token.keyword);
      case State::kCreate:
        if (token.keyword == Keyword::kTemp || token.keyword == Keyword::kTemporary) return;
        state_ = token.keyword == Keyword::kTrigger ? State::kBody : State::kPlain;
        return;
      case State::kPlain:
        return;
      default:
        // After its END nothing but a semicolon ends a trigger.
        state_ = state_ == State::kBodySemicolon && token.keyword == Keyword::kEnd ? State::kEnded
                                                                                   : State::kBody;
    }
  }

 private:
  enum class State : uint8_t { kStart, kExplain, kCreate, kPlain, kBody, kBodySemicolon, kEnded };

  void TakeFirst(Keyword keyword) {
    if (keyword == Keyword::kCreate) {
      state_ = State::kCreate;
    } else if (state_ == State::kExplain &&
               (keyword == Keyword::kQuery || keyword == Keyword::kPlan)) {
      return;
    } else {
      state_ =
          keyword == Keyword::kExplain && state_ == State::kStart ? State::kExplain : State::kPlain;
    }
  }

  State state_ = State::kStart;
};

}  // namespace

Result<std::vector<std::string_view>> Split(std::string_view script) {
  if (script.size() > limits::kSqlScriptBytesMax) {
    return TooLong("A script", script.size(), limits::kSqlScriptBytesMax);
  }
  if (Status fault = FaultOf(script); !fault.ok()) return fault;
  std::vector<std::string_view> statements;
  Progress progress;
  size_t begin = std::string_view::npos;  // of the first token that is not space
  size_t end = 0;                         // of the last one
  bool empty = true;                      // but for comments
  const auto finish = [&] {
    if (!empty) statements.push_back(script.substr(begin, end - begin));
    progress = Progress();
    begin = std::string_view::npos;
    empty = true;
    return statements.empty() || statements.back().size() <= limits::kSqlTextBytesMax;
  };
  Lexer lexer(script);
  for (Token token; lexer.Next(&token);) {
    if (token.kind == Kind::kSpace) continue;
    if (Status fault = FaultOf(token, script); !fault.ok()) return fault;
    if (script[token.begin] == ';' && progress.EndsAtSemicolon()) {
      if (!finish()) break;
      continue;
    }
    if (begin == std::string_view::npos) begin = token.begin;
    end = token.begin + token.size;
    if (token.kind == Kind::kComment) continue;
    empty = false;
    if (script[token.begin] != ';') progress.Take(token);
  }
  if (!finish()) {
    return TooLong("A statement", statements.back().size(), limits::kSqlTextBytesMax);
  }
  return statements;
}

}  // namespace tidemark::sqltext
