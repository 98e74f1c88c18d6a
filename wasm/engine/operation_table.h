// The operation table: every operation by name, with who may start it.

#pragma once

#include <span>
#include <string_view>

#include "engine/operation.h"

namespace tidemark {

struct OperationEntry {
  std::string_view name;
  Status (*allows)(const Request& request);
  Task<Reply> (*run)(Context context);
};

std::span<const OperationEntry> OperationTable();
const OperationEntry* FindOperation(std::string_view name);

}  // namespace tidemark
