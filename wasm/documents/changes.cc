#include "documents/changes.h"

#include <algorithm>
#include <utility>

#include "documents/sql_write.h"

namespace tidemark {
namespace {

using json::Writer;

void WriteName(const RecordChange& change, Writer* out) {
  out->Char('[');
  out->Quoted(change.collection);
  out->Char(',');
  out->Quoted(change.id);
}

void WriteInteger(int64_t value, Writer* out) {
  out->Char(',');
  out->Integer(value);
}

std::string NamesJson(const std::vector<RecordChange>& records) {
  std::string names;
  Writer out(&names);
  out.Char('[');
  for (const RecordChange& change : records) {
    out.Comma();
    WriteName(change, &out);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

// The keys of the members that are removed, or of all.
std::string KeysJson(const std::vector<MemberChange>& members, bool all) {
  std::string keys;
  Writer out(&keys);
  out.Char('[');
  for (const MemberChange& change : members) {
    if (!change.removed && !all) continue;
    out.Comma();
    out.Quoted(change.key);
  }
  out.Char(']');
  return std::move(out).Take();
}

void WriteRecordChange(const RecordChange& change, std::string_view text, Writer* out) {
  out->Raw(change.size > 0 ? R"({"op":"upsert","collection":)" : R"({"op":"delete","collection":)");
  out->Quoted(change.collection);
  out->Raw(R"(,"id":)");
  out->Quoted(change.id);
  out->Raw(R"(,"before":)");
  if (change.before > 0) out->Integer(change.before);
  if (change.before == 0) out->Raw("null");
  if (change.size > 0) {
    out->Raw(R"(,"place":)");
    out->Integer(change.place);
    out->Raw(R"(,"record":)");
    out->Raw(text.substr(change.offset, change.size));
  }
  out->Char('}');
}

void WriteMemberChange(const MemberChange& change, std::string_view text, Writer* out) {
  out->Raw(change.removed ? R"({"op":"unset","member":)" : R"({"op":"set","member":)");
  out->Quoted(change.key);
  if (!change.removed) {
    out->Raw(R"(,"place":)");
    out->Integer(change.place);
    if (!change.collection) {
      out->Raw(R"(,"value":)");
      out->Raw(text.substr(change.offset, change.size));
    }
  }
  out->Char('}');
}

}  // namespace

std::string Changes::RecordsJson() const {
  std::string rows;
  Writer out(&rows);
  out.Char('[');
  for (const RecordChange& change : records) {
    out.Comma();
    WriteName(change, &out);
    WriteInteger(change.size > 0 ? change.place : 0, &out);
    out.Raw(",");
    if (change.before > 0) out.Integer(change.before);
    if (change.before == 0) out.Raw("null");
    WriteInteger(change.offset, &out);
    WriteInteger(change.size, &out);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

std::string Changes::MembersJson() const {
  std::string rows;
  Writer out(&rows);
  out.Char('[');
  for (const MemberChange& change : members) {
    if (change.removed) continue;
    out.Comma();
    out.Char('[');
    out.Quoted(change.key);
    WriteInteger(change.place, &out);
    WriteInteger(change.collection ? 1 : 0, &out);
    WriteInteger(change.offset, &out);
    WriteInteger(change.size, &out);
    out.Char(']');
  }
  out.Char(']');
  return std::move(out).Take();
}

std::vector<Statement> Changes::Statements(const Document& document, int64_t version,
                                           const Param& blob) const {
  std::vector<Statement> statements;
  const bool removes = std::any_of(members.begin(), members.end(),
                                   [](const MemberChange& change) { return change.removed; });
  if (document.frozen > 0 && !records.empty()) {
    statements.push_back({sql::kFreezeRecords.text, {NamesJson(records), document.frozen}});
  }
  if (document.frozen > 0 && !members.empty()) {
    statements.push_back({sql::kFreezeMembers.text, {KeysJson(members, true), document.frozen}});
  }
  if (removes) statements.push_back({sql::kDeleteMembers.text, {KeysJson(members, false)}});
  if (!members.empty()) {
    statements.push_back({sql::kWriteMembers.text, {MembersJson(), blob, version}});
  }
  if (!records.empty()) {
    const bool deletes = std::any_of(records.begin(), records.end(),
                                     [](const RecordChange& change) { return change.size == 0; });
    const Sql& write = moved || deletes ? sql::kWriteRecords : sql::kRewriteRecords;
    statements.push_back({write.text, {RecordsJson(), blob, version}});
  }
  return statements;
}

std::string EntryHead(const Entry& entry) {
  std::string text;
  Writer out(&text);
  out.Raw(R"({"seq":)");
  out.Integer(entry.seq);
  out.Raw(R"(,"at":)");
  out.Integer(entry.at);
  out.Raw(R"(,"user":)");
  out.Quoted(entry.user);
  out.Raw(R"(,"op":)");
  out.Quoted(entry.op);
  out.Raw(R"(,"part":)");
  out.Integer(entry.part);
  out.Raw(entry.last ? R"(,"last":true,"changes":[)" : R"(,"last":false,"changes":[)");
  return std::move(out).Take();
}

std::string EntryText(const Entry& entry, const Changes& changes, std::string_view text) {
  std::string whole = EntryHead(entry);
  Writer out(&whole);
  for (const MemberChange& change : changes.members) {
    out.Comma();
    WriteMemberChange(change, text, &out);
  }
  for (const RecordChange& change : changes.records) {
    out.Comma();
    WriteRecordChange(change, text, &out);
  }
  out.Raw("]}");
  return std::move(out).Take();
}

Statement AppendEntry(const Entry& entry, const Document& after, Param text, std::string activity) {
  Param line = Null();
  if (!activity.empty()) line = std::move(activity);
  return {sql::kAppendJournal.text,
          {entry.seq, after.records, after.bytes, std::move(text), std::move(line)}};
}

}  // namespace tidemark
