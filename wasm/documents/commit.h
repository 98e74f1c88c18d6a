// How a write ends: its rows, its line of activity, and its answer.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "documents/document.h"
#include "engine/await.h"

namespace tidemark {

// Statements on the own store, and the alarm by which the journal is sent on.
class Write : public Await {
 public:
  Write(std::vector<Statement> statements, int64_t alarm_at_ms)
      : Await(std::vector<Command>{SqlCommand{{}, std::move(statements)},
                                   AlarmCommand{alarm_at_ms}}) {}
  void await_resume() { TakeResults(); }
};

// Of a write that succeeds: 201 where it makes the document, else 200.
inline bool Created(const Document& before) { return !before.exists(); }

// The entry of /activity that is part of the write's own transaction.
std::string ActivityOf(const Request& request, int64_t version, bool created);

// 200 or 201 with the version, and the results of operations if there are any.
Reply Written(const Document& before, const Document& after, std::string results = {});

// Codes: `document_too_large`, `value_too_large`, `too_many_members`, `unsupported_media_type`.
Status DocumentTooLarge();
Status ValueTooLarge();
Status TooManyMembers();

// Of a member. Code: `invalid_document`.
Status CheckName(std::string_view name);
Status UnsupportedType(std::string_view expected);

// Code: `body_too_large`.
Status CheckBody(const Request& request, size_t bytes_max = limits::kDocumentBodyBytesMax);

// ["a", "b"].
std::string StringsJson(const std::vector<std::string>& strings);

// A peer's text in a message: short, and valid UTF-8.
std::string Clipped(std::string_view text);

}  // namespace tidemark
