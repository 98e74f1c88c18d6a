// import, export.

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "commands/commands.h"
#include "commands/lookup.h"
#include "csv.h"
#include "days.h"
#include "errors.h"
#include "files.h"
#include "markdown.h"
#include "sm2.h"
#include "sql.h"

namespace tidemark::samedi {
namespace {

using nlohmann::json;

Result<std::string> TextOfFile(const std::string& path) {
  const Result<std::optional<std::string>> read = ReadFile(path);
  if (!read.ok()) return read.status();
  const std::optional<std::string>& text = *read;
  if (!text.has_value()) return Problem("not_readable", "There is no file " + path);
  if (ValidUtf8Prefix(*text) != text->size()) {
    return Problem("not_readable", path + " is not UTF-8 text");
  }
  return *text;
}

// The same question of a plan is the same card, however often its file is imported.
std::string CardId(const std::string& plan, const std::string& question) {
  const Sha256Digest digest = Sha256Of(plan + '\0' + question);
  constexpr size_t kBytes = 12;
  return "card-" + HexEncode({reinterpret_cast<const char*>(digest.data()), kBytes});
}

// Where each known column stands, by the header; `unknown` is the first name that is not known.
struct Header {
  std::map<std::string, size_t> columns;
  std::string unknown;
};

Header ReadHeader(const CsvRow& row) {
  constexpr std::string_view kKnown[] = {"plan", "question", "answer", "id", "chunk", "tags"};
  Header header;
  for (size_t i = 0; i < row.fields.size(); ++i) {
    std::string name = row.fields[i];
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) {
      if (header.unknown.empty()) header.unknown = name.empty() ? "(empty)" : name;
    }
    header.columns.emplace(name, i);
  }
  return header;
}

json TagsOf(const std::string& text) {
  json tags = json::array();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of(" ;,", at), text.size());
    if (end > at) tags.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return tags;
}

class CardImport {
 public:
  CardImport(App* app, Store* store, Header header)
      : app_(app), store_(store), header_(std::move(header)) {}

  // One row: a new card, or none where it is there already (its reviews are not begun anew).
  Status Take(const CsvRow& row) {
    const std::string line = "Line " + std::to_string(row.line) + ": ";
    if (row.fields.size() != header_.columns.size()) {
      return Problem("bad_csv", line + Count(static_cast<int64_t>(row.fields.size()), "field") +
                                    " where the header has " +
                                    std::to_string(header_.columns.size()));
    }
    const std::string plan = Get(row, "plan", app_->options().plan);
    const std::string question = Get(row, "question", "");
    const std::string answer = Get(row, "answer", "");
    if (plan.empty()) return Problem("bad_csv", line + "no plan; a column, or --plan");
    if (question.empty() || answer.empty()) {
      return Problem("bad_csv", line + "a card has a question and an answer");
    }
    if (Status status = EnsurePlan(plan); !status.ok()) return status;
    const std::string id = Get(row, "id", CardId(plan, question));
    const Result<json> there = store_->Find({"cards", id});
    if (!there.ok()) return there.status();
    if (!there->is_null()) {
      ++known;
      return Status();
    }
    const Schedule fresh;
    const int64_t now_ms = app_->now_ms();
    json data{{"plan_id", plan},
              {"question", question},
              {"answer", answer},
              {"ease_factor", fresh.ease_factor},
              {"interval_days", fresh.interval_days},
              {"repetitions", fresh.repetitions},
              {"next_review", now_ms},
              {"created_at", now_ms}};
    if (const std::string chunk = Get(row, "chunk", ""); !chunk.empty()) data["chunk_id"] = chunk;
    if (const json tags = TagsOf(Get(row, "tags", "")); !tags.empty()) data["tags"] = tags;
    ++made;
    return PutRecord(app_, store_, {"cards", id}, data);
  }

  int64_t made = 0;
  int64_t known = 0;
  std::vector<std::string> plans_made;

 private:
  std::string Get(const CsvRow& row, const std::string& name, const std::string& fallback) const {
    const auto column = header_.columns.find(name);
    if (column == header_.columns.end() || row.fields[column->second].empty()) return fallback;
    return row.fields[column->second];
  }

  Status EnsurePlan(const std::string& id) {
    const Result<json> there = store_->Find({"plans", id});
    if (!there.ok()) return there.status();
    if (!there->is_null()) return Status();
    plans_made.push_back(id);
    const json data{{"title", id}, {"status", "active"}, {"created_at", app_->now_ms()}};
    return PutRecord(app_, store_, {"plans", id}, data);
  }

  App* app_;
  Store* store_;
  Header header_;
};

Result<Report> ImportCards(App* app, Store* store, const std::string& text) {
  const Result<std::vector<CsvRow>> rows = ParseCsv(text);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return Problem("bad_csv", "The file is empty: its first line names columns");
  Header header = ReadHeader(rows->front());
  const bool whole = header.columns.contains("question") && header.columns.contains("answer");
  if (!whole || !header.unknown.empty() || header.columns.size() != rows->front().fields.size()) {
    return Problem("bad_csv",
                   "The first line names columns, each once: question and answer, perhaps plan, "
                   "id, chunk, tags" +
                       (header.unknown.empty() ? "" : "; not " + Printable(header.unknown)));
  }
  CardImport import(app, store, std::move(header));
  // All of the file or nothing of it.
  Transaction transaction(&store->database());
  for (size_t i = 1; i < rows->size(); ++i) {
    if (Status status = import.Take((*rows)[i]); !status.ok()) return status;
  }
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  Report report{
      {{"imported", import.made}, {"known", import.known}, {"plans_created", import.plans_made}},
      ""};
  for (const std::string& plan : import.plans_made) {
    report.text += "Created the plan " + Printable(plan) + "\n";
  }
  report.text += "✓ Imported " + Count(import.made, "card");
  report.text += import.known > 0 ? ", " + std::to_string(import.known) + " were there\n" : "\n";
  return report;
}

// A plan that is there already keeps what the file does not say.
Result<Report> ImportPlan(App* app, Store* store, const std::string& text) {
  const Result<PlanText> parsed = ParsePlan(text);
  if (!parsed.ok()) return parsed.status();
  Transaction transaction(&store->database());
  std::string id = app->options().id.empty() ? Slug(parsed->title) : app->options().id;
  if (id.empty()) id = app->NewId();
  const Result<json> there = store->Find({"plans", id});
  if (!there.ok()) return there.status();
  json data = *there;
  if (data.is_null()) data = {{"status", "active"}, {"created_at", app->now_ms()}};
  data["title"] = parsed->title;
  data["content"] = text;
  data["chunks"] = json::array();
  for (const PlanChunk& chunk : parsed->chunks) {
    data["chunks"].push_back({{"id", chunk.id}, {"title", chunk.title}});
  }
  if (Status status = PutRecord(app, store, {"plans", id}, data); !status.ok()) return status;
  if (Status status = transaction.Commit(); !status.ok()) return store->Explain(status);
  return Report{{{"id", id}, {"title", parsed->title}, {"chunks", data["chunks"]}},
                "✓ " + std::string(there->is_null() ? "Imported" : "Updated") + " the plan " +
                    Printable(id) + " with " +
                    Count(static_cast<int64_t>(parsed->chunks.size()), "chunk") + "\n"};
}

Result<json> RecordsOf(Store* store, std::string_view collection) {
  Result<json> rows = store->Select(sql::kExport, {collection});
  if (!rows.ok()) return rows.status();
  json records = json::array();
  for (const json& row : *rows) {
    json data = json::parse(TextOf(row, "data"), nullptr, /*allow_exceptions=*/false);
    if (!data.is_object()) continue;
    data["id"] = row.at("id");
    records.push_back(std::move(data));
  }
  return records;
}

std::string CardsAsCsv(const json& cards) {
  std::string text;
  AppendCsv({"id", "plan", "question", "answer", "chunk", "tags"}, &text);
  for (const json& card : cards) {
    std::string tags;
    if (const json* const list = ArrayField(card, "tags"); list != nullptr) {
      for (const json& tag : *list) {
        const auto* name = tag.get_ptr<const std::string*>();
        if (name != nullptr) tags += (tags.empty() ? "" : " ") + *name;
      }
    }
    AppendCsv({TextOf(card, "id"), TextOf(card, "plan_id"), TextOf(card, "question"),
               TextOf(card, "answer"), TextOf(card, "chunk_id"), tags},
              &text);
  }
  return text;
}

std::string PlansAsMarkdown(const json& plans) {
  std::string text;
  for (const json& plan : plans) {
    if (!text.empty()) text += "\n";
    const std::string content = TextOf(plan, "content");
    text += content.empty() ? "# " + TextOf(plan, "title") + "\n" : content;
    if (!text.ends_with('\n')) text += '\n';
  }
  return text;
}

}  // namespace

Result<Report> ImportFile(App* app) {
  const std::string& path = app->options().file;
  const Result<std::string> text = TextOfFile(path);
  if (!text.ok()) return text.status();
  const Result<Store*> store = app->OpenStore();
  if (!store.ok()) return store.status();
  if (path.ends_with(".csv")) return ImportCards(app, *store, *text);
  if (path.ends_with(".md") || path.ends_with(".markdown")) return ImportPlan(app, *store, *text);
  return Problem("usage", "import takes a file whose name ends in .csv (cards) or .md (a plan)");
}

Result<Report> ExportAll(App* app) {
  const Result<Store*> opened = app->OpenStore();
  if (!opened.ok()) return opened.status();
  const std::string& format = app->options().format;
  json all = json::object();
  int64_t count = 0;
  for (const Collection& collection : DeclaredSchema().collections) {
    Result<json> records = RecordsOf(*opened, collection.name);
    if (!records.ok()) return records.status();
    count += static_cast<int64_t>(records->size());
    all[std::string(collection.name)] = std::move(*records);
  }
  std::string text = DumpTree(all) + "\n";
  if (format == "csv") text = CardsAsCsv(all.at("cards"));
  if (format == "md") text = PlansAsMarkdown(all.at("plans"));
  const std::string& output = app->options().output;
  if (output.empty()) {
    // On the standard output an export is the text itself; with --json it is one JSON value.
    return Report{format == "json" ? all : json(text), text};
  }
  if (Status status = WriteFile(output, text, 0600); !status.ok()) return status;
  return Report{{{"file", output}, {"records", count}},
                "✓ Exported to " + Printable(output) + "\n"};
}

}  // namespace tidemark::samedi
