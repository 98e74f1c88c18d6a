#include "tests/support/journal_replay.h"

#include <algorithm>

#include "base/json_writer.h"
#include "base/status.h"
#include "documents/json_members.h"

namespace tidemark::testing {
namespace {

using tidemark::json::Scanner;
using tidemark::json::Value;

int64_t NumberOf(const std::string& text) {
  int64_t number = 0;
  Check(tidemark::json::ParseInteger(text, &number) == tidemark::json::IntegerFault::kNone);
  return number;
}

std::string Unquoted(std::string_view text) {
  Check(text.size() >= 2 && text.front() == '"');
  std::string decoded;
  tidemark::json::Unescape(text.substr(1, text.size() - 2), &decoded);
  return decoded;
}

}  // namespace

std::map<std::string, std::string> TextsOf(std::string_view object) {
  std::vector<tidemark::json::MemberSpan> members;
  tidemark::json::ReadMembers(object, nullptr, &members);
  std::map<std::string, std::string> texts;
  for (const auto& member : members) texts[member.key] = member.value.text;
  return texts;
}

std::vector<std::string> ElementsOf(std::string_view array) {
  std::vector<std::string> elements;
  Scanner scanner(array, true);
  Check(scanner.Take('['));
  while (!scanner.Take(']')) {
    Value value;
    if (!elements.empty()) Check(scanner.Take(','));
    Check(scanner.ReadValue(&value));
    elements.emplace_back(value.text);
  }
  return elements;
}

void JournalReplay::Take(std::string_view object) {
  const auto members = TextsOf(object);
  const int64_t first = NumberOf(members.at("first"));
  const int64_t last = NumberOf(members.at("last"));
  for (std::string& text : ElementsOf(members.at("entries"))) {
    const auto entry = TextsOf(text);
    const int64_t seq = NumberOf(entry.at("seq"));
    Check(first <= seq && seq <= last);
    const auto [at, is_new] =
        entries_.try_emplace({seq, NumberOf(entry.at("part"))}, std::move(text));
    Check(is_new || at->second == text);
  }
}

std::vector<int64_t> JournalReplay::Seqs() const {
  std::vector<int64_t> seqs;
  for (const auto& [key, text] : entries_) {
    if (TextsOf(text).at("last") == "true") seqs.push_back(key.first);
  }
  return seqs;
}

void JournalReplay::ApplyChange(std::string_view change, State* state) {
  auto is = TextsOf(change);
  const std::string op = Unquoted(is.at("op"));
  if (op == "upsert") {
    state->records[Unquoted(is.at("collection"))][Unquoted(is.at("id"))] = {
        NumberOf(is.at("place")), is.at("record")};
  } else if (op == "delete") {
    Check(state->records[Unquoted(is.at("collection"))].erase(Unquoted(is.at("id"))) == 1);
  } else if (op == "set") {
    Member& member = state->members[Unquoted(is.at("member"))];
    member = {NumberOf(is.at("place")), std::nullopt};
    if (is.contains("value")) member.value = is.at("value");
  } else if (op == "spread") {
    *state = {};
  } else if (op != "gather") {
    Check(op == "unset" && state->members.erase(Unquoted(is.at("member"))) == 1);
  }
}

void JournalReplay::Apply(std::string_view entry, State* state) {
  for (const std::string& change : ElementsOf(TextsOf(entry).at("changes"))) {
    ApplyChange(change, state);
  }
}

JournalReplay::State JournalReplay::Final() const {
  const std::vector<int64_t> seqs = Seqs();
  State state;
  for (const auto& [key, text] : entries_) {
    if (std::binary_search(seqs.begin(), seqs.end(), key.first)) Apply(text, &state);
  }
  return state;
}

std::string JournalReplay::Text() const {
  if (Seqs().empty()) return {};
  return TextOf({{"", this}});
}

std::string JournalReplay::TextOf(
    const std::vector<std::pair<std::string, const JournalReplay*>>& parts) {
  std::map<std::pair<int64_t, bool>, std::pair<std::string, Member>> members;  // by place, value
  std::map<std::string, std::map<std::pair<std::string, int64_t>, std::string>> records;
  for (const auto& [name, replay] : parts) {
    const State state = replay->Final();
    for (const auto& [key, member] : state.members) {
      const std::pair at{member.place, member.value.has_value()};
      Check(members.try_emplace(at, key, member).second);
    }
    for (const auto& [collection, all] : state.records) {
      for (const auto& [id, record] : all) {
        Check(records[collection].try_emplace({name, record.place}, record.text).second);
      }
    }
  }
  std::string whole = "{";
  for (const auto& [at, member] : members) {
    if (whole.size() > 1) whole += ',';
    tidemark::json::AppendQuoted(&whole, member.first);
    whole += ':';
    if (member.second.value) {
      Check(records[member.first].empty());
      whole += *member.second.value;
      continue;
    }
    whole += '[';
    for (const auto& [place, record] : records[member.first]) {
      if (whole.back() != '[') whole += ',';
      whole += record;
    }
    whole += ']';
    records.erase(member.first);
  }
  for (const auto& [collection, left] : records) Check(left.empty());
  return whole + "}";
}

std::string Replayed(const std::vector<std::string>& objects) {
  JournalReplay replay;
  for (const std::string& object : objects) replay.Take(object);
  return replay.Text();
}

}  // namespace tidemark::testing
