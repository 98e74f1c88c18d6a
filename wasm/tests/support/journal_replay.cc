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
  } else {
    Check(op == "unset" && state->members.erase(Unquoted(is.at("member"))) == 1);
  }
}

void JournalReplay::Apply(std::string_view entry, State* state) {
  for (const std::string& change : ElementsOf(TextsOf(entry).at("changes"))) {
    ApplyChange(change, state);
  }
}

std::string JournalReplay::Text() const {
  const std::vector<int64_t> seqs = Seqs();
  if (seqs.empty()) return {};
  State state;
  for (const auto& [key, text] : entries_) {
    if (std::binary_search(seqs.begin(), seqs.end(), key.first)) Apply(text, &state);
  }
  std::map<int64_t, std::string> members;
  for (auto& [key, member] : state.members) {
    std::string text;
    tidemark::json::AppendQuoted(&text, key);
    text += ':';
    if (member.value) text += *member.value;
    if (!member.value) {
      std::map<int64_t, std::string> records;
      for (auto& [id, record] : state.records[key]) {
        Check(records.try_emplace(record.place, record.text).second);
      }
      text += '[';
      for (const auto& [place, record] : records) {
        if (text.back() != '[') text += ',';
        text += record;
      }
      text += ']';
    } else {
      Check(state.records[key].empty());
    }
    Check(members.try_emplace(member.place, std::move(text)).second);
  }
  std::string whole = "{";
  for (const auto& [place, text] : members) whole += (whole.size() > 1 ? "," : "") + text;
  return whole + "}";
}

std::string Replayed(const std::vector<std::string>& objects) {
  JournalReplay replay;
  for (const std::string& object : objects) replay.Take(object);
  return replay.Text();
}

}  // namespace tidemark::testing
