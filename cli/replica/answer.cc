#include "replica/answer.h"

#include <algorithm>
#include <utility>

#include "base/json_scanner.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace tidemark {
namespace {

using json::Kind;
using json::Scanner;

class Reader {
 public:
  Reader(std::string_view text, const Schema& schema) : scanner_(text, true), schema_(schema) {}

  bool Read(ServerAnswer* answer) {
    const bool whole =
        Members([&](std::string_view key) { return ReadMember(key, answer); }) && scanner_.AtEnd();
    return whole && !answer->cursor.empty();
  }
  size_t position() const { return scanner_.position(); }

 private:
  // Reads an object; `read` is told each key and reads its value.
  template <typename Read>
  bool Members(Read read) {
    if (!scanner_.Expect('{')) return false;
    if (scanner_.Take('}')) return true;
    do {
      std::string key;
      if (!ReadText(&key) || !scanner_.Expect(':') || !read(key)) return false;
    } while (scanner_.Take(','));
    return scanner_.Expect('}');
  }

  template <typename Read>
  bool Elements(Read read) {
    if (!scanner_.Expect('[')) return false;
    if (scanner_.Take(']')) return true;
    do {
      if (!read()) return false;
    } while (scanner_.Take(','));
    return scanner_.Expect(']');
  }

  bool ReadText(std::string* out) {
    json::Text text;
    if (!scanner_.ReadString(&text) || text.lone_surrogate) return false;
    out->clear();
    if (text.escaped) return json::Unescape(text.raw, out);
    out->assign(text.raw);
    return true;
  }
  // Null stands for a text that is not there.
  bool ReadTextOrNull(std::string* out) {
    if (scanner_.Peek() != 'n') return ReadText(out);
    out->clear();
    return Skip();
  }
  bool ReadInteger(int64_t max, int64_t* out) {
    json::Value value;
    return scanner_.ReadValue(&value) && value.kind == Kind::kNumber &&
           json::ParseInteger(value.text, out) == json::IntegerFault::kNone && *out >= 0 &&
           *out <= max;
  }
  bool ReadBool(bool* out) {
    json::Value value;
    if (!scanner_.ReadValue(&value)) return false;
    *out = value.kind == Kind::kTrue;
    return *out || value.kind == Kind::kFalse;
  }
  bool Skip() {
    json::Value value;
    return scanner_.ReadValue(&value);
  }

  bool ReadMember(std::string_view key, ServerAnswer* answer) {
    if (key == "cursor") return ReadText(&answer->cursor);
    if (key == "since") return ReadTextOrNull(&answer->since);
    if (key == "has_more") return ReadBool(&answer->has_more);
    if (key == "reset") return ReadBool(&answer->reset);
    if (key == "server_time") {
      return ReadInteger(limits::kIntegerMax, &answer->server_time.emplace());
    }
    if (key == "rejected") return ReadNotices(&answer->rejected);
    if (key == "conflicts") return ReadNotices(&answer->conflicts);
    if (key == "deleted_ids" || scanner_.Peek() != '[') return Skip();
    const bool declared = std::any_of(schema_.collections.begin(), schema_.collections.end(),
                                      [&](const Collection& known) { return known.name == key; });
    return Elements(
        [&] { return declared ? ReadRow(key, answer) : ReadUndeclaredRow(key, answer); });
  }

  // The server may know collections that this device does not: their records are kept too. What is
  // no record in such an array is of something else, and passed over.
  bool ReadUndeclaredRow(std::string_view collection, ServerAnswer* answer) {
    const size_t begin = scanner_.position();
    if (ReadRow(collection, answer)) return true;
    scanner_.set_position(begin);
    return Skip();
  }

  bool ReadData(AnswerRow* row) {
    json::Value value;
    if (!scanner_.ReadValue(&value)) return false;
    if (value.kind == Kind::kNull) return true;
    row->data = value.text;
    return value.kind == Kind::kObject && !value.lone_surrogate &&
           value.depth <= limits::kRecordDepthMax;
  }

  bool ReadRow(std::string_view collection, ServerAnswer* answer) {
    AnswerRow row;
    row.collection = std::string(collection);
    std::string action;
    bool timed = false;
    const bool read = Members([&](std::string_view key) {
      if (key == "action") return ReadText(&action);
      if (key == "id") return ReadText(&row.id);
      if (key == "owner") return ReadTextOrNull(&row.owner);
      if (key == "permission") return ReadTextOrNull(&row.permission);
      if (key == "device") return ReadTextOrNull(&row.device);
      if (key == "data") return ReadData(&row);
      if (key == "updated_at") return timed = ReadInteger(limits::kIntegerMax, &row.ms);
      if (key == "counter") return ReadInteger(limits::kCounterMax, &row.counter);
      return Skip();
    });
    row.deletes = action == "delete";
    const bool known = row.deletes || action == "create" || action == "update";
    if (!read || !known || !timed || row.deletes != row.data.empty()) return false;
    if (row.id.empty() || row.id.size() > limits::kRecordIdBytesMax ||
        row.id.find('\0') != std::string::npos) {
      return false;
    }
    answer->rows.push_back(std::move(row));
    return true;
  }

  bool ReadNotices(std::vector<AnswerNotice>* notices) {
    return Elements([&] {
      AnswerNotice notice;
      const bool read = Members([&](std::string_view key) {
        if (key == "collection") return ReadTextOrNull(&notice.collection);
        if (key == "index") return ReadInteger(limits::kCounterMax, &notice.index);
        if (key == "id") return ReadTextOrNull(&notice.id);
        if (key == "code") return ReadText(&notice.code);
        if (key == "message") return ReadText(&notice.message);
        return Skip();
      });
      notices->push_back(std::move(notice));
      return read;
    });
  }

  Scanner scanner_;
  const Schema& schema_;
};

}  // namespace

Result<ServerAnswer> ParseAnswer(std::string_view text, const Schema& schema) {
  ServerAnswer answer;
  Reader reader(text, schema);
  if (ValidUtf8Prefix(text) != text.size() || !reader.Read(&answer)) {
    return Status::Error(502, "invalid_answer",
                         "The server's answer is not one of POST /sync (byte " +
                             std::to_string(reader.position()) + ")");
  }
  return answer;
}

}  // namespace tidemark
