#include "documents/journal_object.h"

#include <utility>

namespace tidemark {
namespace {

using json::Fault;
using json::Kind;
using json::Scanner;
using json::Value;

bool ReadText(const Value& value, std::string* out) {
  if (value.kind != Kind::kString) return false;
  const std::string_view raw = value.text.substr(1, value.text.size() - 2);
  out->clear();
  if (value.escaped) return json::Unescape(raw, out);
  out->assign(raw);
  return true;
}

bool ReadNumber(const Value& value, int64_t* out) {
  return value.kind == Kind::kNumber &&
         json::ParseInteger(value.text, out) == json::IntegerFault::kNone;
}

bool ReadOp(std::string_view op, JournalChange* change) {
  using Op = JournalChange::Op;
  constexpr std::pair<std::string_view, Op> kOps[] = {
      {"\"upsert\"", Op::kUpsert}, {"\"delete\"", Op::kDelete}, {"\"set\"", Op::kSet},
      {"\"unset\"", Op::kUnset},   {"\"place\"", Op::kPlace},   {"\"spread\"", Op::kSpread},
      {"\"gather\"", Op::kGather},
  };
  for (const auto& [name, value] : kOps) {
    if (op != name) continue;
    change->op = value;
    return true;
  }
  return false;
}

// Whether a change has all that its kind needs.
bool IsWhole(const JournalChange& change) {
  switch (change.op) {
    case JournalChange::Op::kUpsert:
      return !change.member && !change.id.empty() && change.size > 0;
    case JournalChange::Op::kDelete:
      return !change.member && !change.id.empty();
    case JournalChange::Op::kSet:
    case JournalChange::Op::kUnset:
      return change.member;
    case JournalChange::Op::kPlace:
      return change.member || !change.id.empty();
    case JournalChange::Op::kSpread:
    case JournalChange::Op::kGather:
      return true;
  }
}

}  // namespace

bool JournalObject::TakeField(std::string_view key, const Value& value) {
  if (key == "object") {
    return ReadText(value, state_ == State::kEntries ? &entry_.object : &head_.object);
  }
  if (key == "epoch") return ReadText(value, &head_.epoch);
  if (key == "first") return ReadNumber(value, &head_.first);
  if (key == "previous") return ReadNumber(value, &head_.previous);
  if (key == "seq") return ReadNumber(value, &entry_.seq);
  if (key == "part") return ReadNumber(value, &entry_.part);
  if (key == "last" && state_ == State::kEntries) {
    entry_.last = value.kind == Kind::kTrue;
    return entry_.last || value.kind == Kind::kFalse;
  }
  return true;
}

// The members up to the array that ends it, and the array's bracket.
bool JournalObject::ReadHead(Scanner* scanner, std::string_view array) {
  if (!scanner->Expect('{')) return false;
  for (bool first = true;; first = false) {
    if (!first && !scanner->Expect(',')) return false;
    json::Text key;
    if (!scanner->ReadString(&key) || !scanner->Expect(':')) return false;
    if (key.raw == array) return scanner->Expect('[');
    Value value;
    if (!scanner->ReadValue(&value)) return false;
    if (!TakeField(key.raw, value)) {
      odd_ = true;
      return false;
    }
  }
}

bool JournalObject::ReadEntry(size_t slice_offset, Scanner* scanner) {
  if (!first_ && !scanner->Expect(',')) return false;
  entry_ = {.offset = slice_offset + scanner->position()};
  return ReadHead(scanner, "changes");
}

bool JournalObject::TakeChange(std::string_view slice, std::string_view text) {
  change_ = {};
  Scanner scanner(text, /*last=*/true);
  bool known = false;
  if (!scanner.Expect('{')) return false;
  for (bool first = true; first || !scanner.Take('}'); first = false) {
    json::Text key;
    Value value;
    if (!first && !scanner.Expect(',')) return false;
    if (!scanner.ReadString(&key) || !scanner.Expect(':') || !scanner.ReadValue(&value)) {
      return false;
    }
    bool fits = true;
    if (key.raw == "op") fits = known = ReadOp(value.text, &change_);
    if (key.raw == "collection") fits = ReadText(value, &change_.collection);
    if (key.raw == "id") fits = ReadText(value, &change_.id);
    if (key.raw == "place") fits = ReadNumber(value, &change_.place);
    if (key.raw == "member") {
      change_.member = true;
      fits = ReadText(value, &change_.collection);
    }
    if (key.raw == "record" || key.raw == "value") {
      change_.offset = static_cast<size_t>(value.text.data() - slice.data());
      change_.size = value.text.size();
    }
    if (!fits) return false;
  }
  return known && IsWhole(change_);
}

bool JournalObject::ReadOne(std::string_view slice, Scanner* scanner) {
  if (!first_ && !scanner->Expect(',')) return false;
  Value value;
  if (!scanner->ReadValue(&value)) return false;
  odd_ = value.kind != Kind::kObject || !TakeChange(slice, value.text);
  return !odd_;
}

JournalObject::Event JournalObject::Next(std::string_view slice, size_t slice_offset,
                                         Scanner* scanner) {
  for (;;) {
    const size_t begin = scanner->position();
    Event event = Event::kMore;
    switch (state_) {
      case State::kObject:
        head_ = {};
        if (ReadHead(scanner, "entries")) {
          StartAtEntry();
          return Event::kHead;
        }
        break;
      case State::kEntries:
        if (scanner->Take(']')) {
          state_ = State::kTail;
          continue;
        }
        if (ReadEntry(slice_offset, scanner)) {
          state_ = State::kChanges;
          first_ = true;
          return Event::kEntry;
        }
        break;
      case State::kChanges:
        if (scanner->Take(']')) {
          if (!scanner->Expect('}')) break;
          state_ = State::kEntries;
          first_ = false;
          continue;
        }
        if (ReadOne(slice, scanner)) {
          first_ = false;
          return Event::kChange;
        }
        break;
      case State::kTail:
        if (scanner->Expect('}') && scanner->AtEnd()) return Event::kEnd;
        break;
    }
    if (odd_ || scanner->fault() != Fault::kTruncated) event = Event::kDamaged;
    scanner->set_position(begin);
    return event;
  }
}

}  // namespace tidemark
