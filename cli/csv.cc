#include "csv.h"

#include <algorithm>

#include "errors.h"

namespace tidemark::samedi {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Result<std::vector<CsvRow>> Parse() {
    std::vector<CsvRow> rows;
    while (position_ < text_.size()) {
      if (EndsLine()) {
        SkipLineEnd();
        continue;
      }
      CsvRow row{line_, {}};
      do {
        if (Status status = ReadField(&row.fields.emplace_back()); !status.ok()) return status;
      } while (TakeComma());
      if (position_ < text_.size()) SkipLineEnd();
      rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  bool AtEnd() const { return position_ >= text_.size(); }
  bool EndsLine() const {
    return AtEnd() || text_[position_] == '\n' || text_.substr(position_).starts_with("\r\n");
  }
  void SkipLineEnd() {
    position_ += text_[position_] == '\r' ? 2 : 1;
    ++line_;
  }
  bool TakeComma() {
    if (AtEnd() || text_[position_] != ',') return false;
    ++position_;
    return true;
  }

  Status ReadField(std::string* field) {
    if (AtEnd() || text_[position_] != '"') {
      while (!EndsLine() && text_[position_] != ',') {
        if (text_[position_] == '"') return Bad("a quote within a field that has none around it");
        *field += text_[position_++];
      }
      return Status();
    }
    const size_t began = line_;
    for (++position_; !AtEnd(); ++position_) {
      const char c = text_[position_];
      line_ += c == '\n';
      if (c != '"') {
        *field += c;
      } else if (text_.substr(position_ + 1).starts_with('"')) {
        *field += text_[++position_];
      } else {
        ++position_;
        if (EndsLine() || text_[position_] == ',') return Status();
        return Bad("text after a closing quote");
      }
    }
    line_ = began;
    return Bad("a quote that is not closed");
  }

  Status Bad(const std::string& what) const {
    return Problem("bad_csv", "Line " + std::to_string(line_) + ": " + what);
  }

  std::string_view text_;
  size_t position_ = 0;
  size_t line_ = 1;
};

}  // namespace

Result<std::vector<CsvRow>> ParseCsv(std::string_view text) { return Parser(text).Parse(); }

void AppendCsv(const std::vector<std::string>& fields, std::string* out) {
  std::string_view separator;
  for (const std::string& field : fields) {
    *out += separator;
    separator = ",";
    if (field.find_first_of("\",\r\n") == std::string::npos) {
      *out += field;
      continue;
    }
    *out += '"';
    for (const char c : field) {
      if (c == '"') *out += '"';
      *out += c;
    }
    *out += '"';
  }
  *out += "\r\n";
}

}  // namespace tidemark::samedi
