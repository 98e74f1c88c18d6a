// Whether a database holds rows that nobody has mapped: from its schema, from what an integration
// noted in it, and from a few keys. It never reads a table through, and takes five queries and one
// call at most.

#include <algorithm>
#include <utility>

#include "base/json_tree.h"
#include "base/limits.h"
#include "engine/await.h"
#include "engine/params.h"
#include "shards/existing_integrate.h"
#include "shards/existing_sql.h"
#include "shards/operations.h"
#include "shards/sql_existing.h"

namespace tidemark {
namespace {

using namespace existing;  // NOLINT(google-build-using-namespace)

constexpr int64_t kSampleDefault = 10;
constexpr size_t kSampledTables = 3;  // whose keys are asked for

struct Verdict {
  bool needed = false;
  // Of what was mapped a key is so no more: all is to be mapped again.
  bool restart = false;
};

// Keys to ask the host for: those of tables that are done first.
struct Sample {
  std::string keys = "[]";
  size_t done = 0;
  size_t count = 0;

  void Add(std::string_view page, int64_t usable, bool is_done) {
    if (usable == 0) return;
    keys.back() = count == 0 ? ' ' : ',';
    keys.append(page.substr(1));
    count += static_cast<size_t>(usable);
    if (is_done) done += static_cast<size_t>(usable);
  }
};

Task<Result<Notes>> ReadNotes(std::string shard) {
  std::vector<Statement> statements;
  statements.push_back({sql::kReadIntegration.text, {}});
  std::variant<ResultSets, Failure> answer = co_await D1(std::move(shard), std::move(statements));
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  co_return NotesOf(std::get_if<ResultSets>(&answer)->front());
}

// The tables to look at, those that are not done first.
struct Candidates {
  std::vector<std::string> open;
  std::vector<std::string> done;
};

Candidates CandidatesOf(const std::vector<Listed>& listed, const Notes& notes,
                        const std::vector<std::string>& only) {
  Candidates candidates;
  for (const Listed& each : listed) {
    const bool asked = only.empty() || std::any_of(only.begin(), only.end(), [&](const auto& one) {
                         return SameName(one, each.name);
                       });
    if (each.kind != Kind::kTable || !asked) continue;
    const auto note = notes.find(each.name);
    const bool done = note != notes.end() && note->second.done;
    (done ? candidates.done : candidates.open).push_back(each.name);
  }
  return candidates;
}

// What can be routed of them, those that are done apart.
struct Routable {
  std::vector<Table> open;
  std::vector<Table> done;
};

Task<Result<Routable>> ReadRoutable(std::string shard, Candidates candidates, std::string column) {
  const size_t done = std::min(candidates.done.size(), kSampledTables);
  std::vector<std::string> names(candidates.done.begin(),
                                 candidates.done.begin() + static_cast<std::ptrdiff_t>(done));
  names.insert(names.end(), candidates.open.begin(), candidates.open.end());
  Result<std::vector<Table>> tables = co_await ReadTables(std::move(shard), std::move(names));
  if (!tables.ok()) co_return tables.status();
  Routable routable;
  for (size_t i = 0; i < tables->size(); ++i) {
    Table& table = (*tables)[i];
    if (!IssuesOf(table, column).empty()) continue;
    (i < done ? routable.done : routable.open).push_back(std::move(table));
  }
  co_return routable;
}

// Reads a page of the tables that are open and one key of those that are done, and asks for them.
Task<Result<Verdict>> Look(std::string shard, std::string column, const Routable* routable,
                           int64_t rows) {
  Verdict verdict;
  Sample sample;
  std::vector<const Table*> each;
  each.reserve(routable->done.size());
  for (const Table& table : routable->done) each.push_back(&table);
  Result<std::vector<KeyPage>> pages = co_await ReadFirstKeys(shard, std::move(each), column, 1);
  if (!pages.ok()) co_return pages.status();
  for (const KeyPage& page : *pages) sample.Add(page.keys, page.usable, true);
  each = {};
  each.reserve(routable->open.size());
  for (const Table& table : routable->open) each.push_back(&table);
  pages = co_await ReadFirstKeys(shard, std::move(each), column, rows);
  if (!pages.ok()) co_return pages.status();
  size_t sampled = 0;
  for (const KeyPage& page : *pages) {
    if (page.records == 0) continue;
    const bool asked = sampled < kSampledTables;
    if (asked) sample.Add(page.keys, page.usable, false);
    sampled += 1;
    verdict.needed = verdict.needed || page.more || !asked;
  }
  if (sample.count == 0) co_return verdict;
  std::variant<CallReply, Failure> answer =
      co_await Call(shard, "unmapped_keys", {{"keys", sample.keys}});
  if (const auto* failure = std::get_if<Failure>(&answer)) co_return StatusOf(*failure);
  const Params& data = std::get_if<CallReply>(&answer)->data;
  const auto unmapped = data.find("unmapped");
  const Result<nlohmann::json> places =
      ParseTree(unmapped == data.end() ? std::string("[]") : unmapped->second, 1);
  if (!places.ok() || !places->is_array()) co_return verdict;
  for (const nlohmann::json& place : *places) {
    if (!place.is_number()) continue;
    verdict.needed = true;
    verdict.restart = verdict.restart || place.get<double>() < static_cast<double>(sample.done);
  }
  co_return verdict;
}

}  // namespace

Task<Reply> CheckMigration(Context context) {
  const Result<IntegrationOptions> options = ReadOptions(context.request);
  if (!options.ok()) co_return Reply::Error(options.status());
  const Result<int64_t> rows = IntegerParam(context.request, "sample", 1, 100, kSampleDefault);
  if (!rows.ok()) co_return Reply::Error(rows.status());
  const std::string shard = options->shard;
  const Result<std::vector<Listed>> listed = co_await ListAll(shard);
  if (!listed.ok()) co_return Reply::Error(listed.status());
  const bool noted = std::any_of(listed->begin(), listed->end(), [](const Listed& each) {
    return each.name == "tidemark_integration";
  });
  Notes notes;
  if (noted) {
    Result<Notes> read = co_await ReadNotes(shard);
    if (!read.ok()) co_return Reply::Error(read.status());
    notes = std::move(*read);
  }
  Candidates candidates = CandidatesOf(*listed, notes, options->tables);
  // More than are looked at together, none of them done: some will have rows.
  Verdict verdict{.needed = candidates.open.size() > limits::kExistingTogether - kSampledTables};
  if (!verdict.needed) {
    const Result<Routable> routable =
        co_await ReadRoutable(shard, std::move(candidates), options->column);
    if (!routable.ok()) co_return Reply::Error(routable.status());
    const Result<Verdict> looked = co_await Look(shard, options->column, &*routable, *rows);
    if (!looked.ok()) co_return Reply::Error(looked.status());
    verdict = *looked;
  }
  Reply reply;
  reply.data["needed"] = verdict.needed ? "1" : "";
  reply.data["restart"] = verdict.restart ? "1" : "";
  co_return reply;
}

}  // namespace tidemark
