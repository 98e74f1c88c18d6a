#include "engine/operation_table.h"

#include "live/operations.h"
#include "ops/enter.h"
#include "ops/health.h"
#include "records/operations.h"

namespace tidemark {
namespace {

Status Anyone(const Request& /*request*/) { return {}; }

// The object itself, without a caller: its start and its alarm.
Status ObjectOnly(const Request& request) {
  return request.identity.user_id.empty() ? Status() : Status::Forbidden("Not for callers");
}

// In a space's object, its space; in the Worker, the caller's own.
std::string_view SpaceOf(const Request& request) {
  return request.space.empty() ? request.identity.user_id : request.space;
}
Status SpaceReader(const Request& request) {
  return CheckSpace(request.identity, SpaceOf(request), Action::kRead);
}
Status SpaceWriter(const Request& request) {
  return CheckSpace(request.identity, SpaceOf(request), Action::kWrite);
}

constexpr OperationEntry kOperations[] = {
    {"health", Anyone, Health},
    {"enter", SpaceReader, Enter},
    {"open_space", ObjectOnly, OpenSpace},
    {"tick", ObjectOnly, Tick},
    {"sync", SpaceWriter, Sync},
    {"list_history", SpaceReader, ListHistory},
    {"restore_history", SpaceWriter, RestoreHistory},
    {"list", SpaceReader, List},
    {"list_owned", SpaceReader, ListOwned},
    {"catch_up", SpaceReader, CatchUp},
    {"join", SpaceReader, Join},
    {"frame", SpaceReader, Frame},
    {"leave", ObjectOnly, Leave},
};

}  // namespace

std::span<const OperationEntry> OperationTable() { return kOperations; }

const OperationEntry* FindOperation(std::string_view name) {
  for (const OperationEntry& entry : kOperations) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace tidemark
