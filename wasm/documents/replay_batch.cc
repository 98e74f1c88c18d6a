#include "documents/replay_batch.h"

#include <vector>

#include "base/json_writer.h"
#include "documents/sql_restore.h"
#include "documents/sql_stage.h"
#include "engine/await.h"

namespace tidemark {

using Op = JournalChange::Op;

void ReplayBatch::Add(const JournalChange& change) {
  if (change.op == Op::kGather) return;
  if (change.op == Op::kSpread) {
    spread_ = true;
    records_.clear();
    members_.clear();
    return;
  }
  auto& rows = change.member ? members_ : records_;
  rows[{change.collection, change.id}] = {
      .op = change.op, .place = change.place, .offset = change.offset, .size = change.size};
}

// As the statements take them; empty where there are none.
std::string ReplayBatch::RowsJson(Op op, bool members) const {
  std::string text;
  json::Writer out(&text);
  bool any = false;
  out.Char('[');
  for (const auto& [name, row] : members ? members_ : records_) {
    if (row.op != op) continue;
    any = true;
    out.Comma();
    if (op == Op::kUnset) {
      out.Quoted(name.first);
      continue;
    }
    out.Char('[');
    out.Quoted(name.first);
    if (!members) {
      out.Char(',');
      out.Quoted(name.second);
    }
    if (op != Op::kDelete) {
      out.Char(',');
      out.Integer(row.place);
    }
    if (op == Op::kUpsert || op == Op::kSet) {
      out.Char(',');
      out.Integer(static_cast<int64_t>(row.offset));
      out.Char(',');
      out.Integer(static_cast<int64_t>(row.size));
    }
    out.Char(']');
  }
  out.Char(']');
  return any ? std::move(out).Take() : std::string();
}

Task<bool> ReplayBatch::Flush(int64_t stage, std::string text) {
  struct Kind {
    Op op;
    bool members;
    const Sql& sql;
    bool texts;
  };
  const Kind kinds[] = {{Op::kUpsert, false, sql::kReplayRecords, true},
                        {Op::kDelete, false, sql::kUnstageRecords, false},
                        {Op::kPlace, false, sql::kMoveRecords, false},
                        {Op::kSet, true, sql::kReplayMembers, true},
                        {Op::kUnset, true, sql::kUnstageMembers, false},
                        {Op::kPlace, true, sql::kMoveMembers, false}};
  std::vector<Statement> statements;
  if (std::exchange(spread_, false)) {
    statements.push_back({sql::kClearStaged.text, {stage}});
    statements.push_back({sql::kClearStagedMembers.text, {stage}});
  }
  for (const Kind& kind : kinds) {
    std::string rows = RowsJson(kind.op, kind.members);
    if (rows.empty()) continue;
    const bool moves = kind.op == Op::kPlace;
    statements.push_back({kind.sql.text, {moves ? copy_ : stage, std::move(rows)}});
    if (kind.texts) statements.back().params.emplace_back(Blob{text});
    if (moves) statements.back().params.emplace_back(stage);
  }
  records_.clear();
  members_.clear();
  if (!statements.empty()) co_await Batch(std::move(statements));
  co_return true;
}

}  // namespace tidemark
