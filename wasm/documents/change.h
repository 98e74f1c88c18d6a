// A change of a sharded document as a whole, by its manifest: in two phases, so that all shards
// take it or none does.
//
//   1. The manifest notes the change, with its shards, and locks them: they write nothing else.
//   2. It compares their versions with the request's precondition, and gives each its rows.
//   3. It commits, by one row of its own: from here on the change has happened.
//   4. The shards finish, and the note is forgotten.
//
// A manifest that died before 3 unlocks the shards, one that died after it finishes them: whoever
// comes next settles that first, and an alarm is set for when nobody does.
//
// Changes are numbered, each higher than the one before. A shard remembers the last one that it
// finished, and takes no call of that or of an earlier one: calls that come late do nothing.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "documents/document.h"
#include "engine/operation.h"

namespace tidemark {

struct Change {
  int64_t turn = 0;  // its number; 0: none is under way
  bool committed = false;
  int64_t version = 0;               // of what is committed
  std::string user;                  // who made it
  std::string op;                    // the word for it in the journal
  std::vector<std::string> shards;   // that take part
  std::vector<std::string> dropped;  // of them, those that are none any more
};

std::string ChangeText(const Change& change);
Task<Change> ReadChange();

// The number of the object's last change, and of one that begins now.
Task<int64_t> LastTurn();
Task<int64_t> NextTurn(int64_t now_ms);

// In one step: from here on nobody else writes to the manifest, nor begins a change.
std::vector<Statement> BeginChange(const Change& change);

// An answer of a shard, or none where it did not come.
using ShardReply = std::optional<CallReply>;

// Asks shards the same, some at a time. Answers in their order.
Task<std::vector<ShardReply>> CallShards(std::string app, std::vector<std::string> shards,
                                         std::string operation, Params params);
bool AllOk(const std::vector<ShardReply>& replies);
// All of them; none where one is missing or refused.
std::optional<std::vector<CallReply>> AllOf(std::vector<ShardReply> replies);

// What another object answered, as the answer.
Reply ReplyOf(std::variant<CallReply, Failure> answer);

std::string DataOf(const Params& data, std::string_view key);
int64_t NumberOf(const Params& data, std::string_view key);

// Ends what was under way: false where some shard cannot be reached; then an alarm is set.
Task<bool> Settle(Context context);

Task<std::vector<std::string>> ListShards();

// The manifest, ready for a request by its layout: what is laid out in another way is changed
// first. None: not now.
Task<std::optional<Document>> ReadyDocument(Context context);

}  // namespace tidemark
