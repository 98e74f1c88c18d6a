#include "engine/command.h"

#include <utility>

namespace tidemark {
namespace {

constexpr int8_t kHandleExt = 1;
constexpr int8_t kBodyRangeExt = 2;

std::string BigEndian32(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
          static_cast<char>(value >> 8), static_cast<char>(value)};
}

struct ParamWriter {
  msgpack::Writer* writer;
  void operator()(Null) const { writer->Nil(); }
  void operator()(int64_t value) const { writer->Int(value); }
  void operator()(double value) const { writer->Double(value); }
  void operator()(const std::string& value) const { writer->Str(value); }
  void operator()(const Blob& value) const { writer->Bin(value.bytes); }
  void operator()(Handle value) const { WriteHandle(value, writer); }
  void operator()(BodyRange value) const {
    writer->Ext(kBodyRangeExt, BigEndian32(value.offset) + BigEndian32(value.size));
  }
};

struct CommandWriter {
  msgpack::Writer* writer;

  void operator()(const SqlCommand& command) const {
    writer->Array(command.shard.empty() ? 2 : 3);
    writer->Str(command.shard.empty() ? "sql" : "d1");
    if (!command.shard.empty()) writer->Str(command.shard);
    writer->Array(command.statements.size());
    for (const Statement& statement : command.statements) {
      writer->Array(3);
      writer->Str(statement.sql);
      writer->Array(statement.params.size());
      for (const Param& param : statement.params) std::visit(ParamWriter{writer}, param);
      if (!statement.keeps()) {
        writer->Nil();
        continue;
      }
      writer->Array(2);
      writer->Int(statement.keep.bytes_max);
      writer->Int(statement.keep.rows_max);
    }
  }
  void operator()(const BodyCommand& command) const {
    writer->Array(3);
    writer->Str("body");
    writer->Int(command.offset);
    writer->Int(command.size);
  }
  void operator()(const AlarmCommand& command) const {
    writer->Array(2);
    writer->Str("alarm");
    writer->Int(command.at_ms);
  }
  void operator()(const CallCommand& command) const {
    writer->Array(5);
    writer->Str(command.store ? "store" : "call");
    writer->Str(command.space);
    writer->Str(command.operation);
    WriteParams(command.params, writer);
    WriteParts(command.body);
  }
  void operator()(const PublishCommand& command) const {
    writer->Array(3);
    writer->Str("publish");
    writer->Str(command.except_device);
    WriteParts(command.frame);
  }
  void operator()(const SendCommand& command) const {
    writer->Array(3);
    writer->Str("send");
    writer->Array(command.sockets.size());
    for (const int64_t socket : command.sockets) writer->Int(socket);
    WriteParts(command.frame);
  }
  void WriteParts(const std::vector<Part>& parts) const {
    writer->Array(parts.size());
    for (const Part& part : parts) WritePart(part, writer);
  }
};

Cell ReadCell(msgpack::Reader* reader) {
  switch (reader->Next()) {
    case msgpack::Type::kInt:
      return reader->Int();
    case msgpack::Type::kDouble:
      return reader->Double();
    case msgpack::Type::kStr:
      return std::string(reader->Str());
    case msgpack::Type::kBin:
      return std::string(reader->Bin());
    default:
      reader->Nil();
      return Null{};
  }
}

// An array of just so many values; any other is a fault.
void TakeArray(size_t count, msgpack::Reader* reader) {
  if (reader->Array() != count) reader->Fail();
}

Handle ReadHandle(msgpack::Reader* reader) {
  int8_t type = 0;
  const std::string_view bytes = reader->Ext(&type);
  Handle handle;
  if (type != kHandleExt || bytes.size() != sizeof handle.id) reader->Fail();
  for (const char byte : bytes) handle.id = handle.id << 8 | static_cast<uint8_t>(byte);
  return handle;
}

ResultSet ReadResultSet(bool kept, msgpack::Reader* reader) {
  ResultSet set;
  TakeArray(kept ? 4 : 2, reader);
  set.rows_written = reader->Int();
  const size_t rows = reader->Array();
  for (size_t i = 0; i < rows && reader->ok(); ++i) {
    if (kept) {
      TakeArray(3, reader);
      std::string group(reader->Str());
      const Handle handle = ReadHandle(reader);
      set.kept.push_back({std::move(group), handle, reader->Int()});
    } else {
      const size_t cells = reader->Array();
      std::vector<Cell>& row = set.rows.emplace_back();
      for (size_t j = 0; j < cells && reader->ok(); ++j) row.push_back(ReadCell(reader));
    }
  }
  if (kept) {
    set.last = reader->Int();
    set.more = reader->Bool();
  }
  return set;
}

// Whether a command succeeded: then its result has so many values, and else it is a failure of 3.
bool Succeeded(size_t count, msgpack::Reader* reader) {
  const size_t values = reader->Array();
  const bool succeeded = reader->Bool();
  if (values != (succeeded ? count : 3)) reader->Fail();
  return succeeded;
}

Failure ReadFailure(msgpack::Reader* reader) {
  std::string code(reader->Str());
  return {std::move(code), std::string(reader->Str())};
}

struct ResultReader {
  msgpack::Reader* reader;

  CommandResult operator()(const SqlCommand& command) const {
    if (!Succeeded(2, reader)) return ReadFailure(reader);
    ResultSets sets;
    TakeArray(command.statements.size(), reader);
    for (const Statement& statement : command.statements) {
      sets.push_back(ReadResultSet(statement.keeps(), reader));
    }
    return sets;
  }
  CommandResult operator()(const BodyCommand& /*command*/) const {
    return std::string(reader->Bin());
  }
  CommandResult operator()(const AlarmCommand& /*command*/) const { return Nothing(); }
  CommandResult operator()(const PublishCommand& /*command*/) const { return Nothing(); }
  CommandResult operator()(const SendCommand& /*command*/) const { return Nothing(); }
  CommandResult Nothing() const {
    reader->Nil();
    return Null{};
  }
  CommandResult operator()(const CallCommand& command) const {
    if (!Succeeded(4, reader)) return ReadFailure(reader);
    CallReply reply;
    reply.status = reader->Int();
    ReadParams(reader, &reply.data);
    if (command.store && reader->Next() == msgpack::Type::kBin) {
      reply.bytes = std::string(reader->Bin());
    } else {
      reply.body = ReadHandle(reader);
    }
    return reply;
  }
};

}  // namespace

CallCommand StoreCommand(std::string store, std::string verb, Params params,
                         std::vector<Part> body) {
  return {std::move(store), std::move(verb), std::move(params), std::move(body), true};
}

int64_t ResultSet::Integer(size_t column, int64_t fallback) const {
  if (rows.empty() || rows[0].size() <= column) return fallback;
  if (const auto* integer = std::get_if<int64_t>(&rows[0][column])) return *integer;
  if (const auto* real = std::get_if<double>(&rows[0][column])) return static_cast<int64_t>(*real);
  return fallback;
}

std::string ResultSet::Text(size_t column) const {
  if (rows.empty() || rows[0].size() <= column) return {};
  const auto* text = std::get_if<std::string>(&rows[0][column]);
  return text == nullptr ? std::string() : *text;
}

int64_t ResultSet::KeptRows() const {
  int64_t total = 0;
  for (const Kept& group : kept) total += group.rows;
  return total;
}

void WriteHandle(Handle handle, msgpack::Writer* writer) {
  writer->Ext(kHandleExt, BigEndian32(handle.id));
}

void WritePart(const Part& part, msgpack::Writer* writer) {
  if (const auto* text = std::get_if<std::string>(&part)) return writer->Bin(*text);
  WriteHandle(*std::get_if<Handle>(&part), writer);
}

void WriteParams(const Params& params, msgpack::Writer* writer) {
  writer->Map(params.size());
  for (const auto& [key, value] : params) {
    writer->Str(key);
    writer->Str(value);
  }
}

bool ReadParams(msgpack::Reader* reader, Params* params) {
  const size_t count = reader->Map();
  for (size_t i = 0; i < count && reader->ok(); ++i) {
    std::string key(reader->Str());
    (*params)[std::move(key)] = std::string(reader->Str());
  }
  return reader->ok();
}

void WriteCommands(const std::vector<Command>& commands, msgpack::Writer* writer) {
  writer->Array(commands.size());
  for (const Command& command : commands) std::visit(CommandWriter{writer}, command);
}

bool ReadResults(const std::vector<Command>& commands, std::string_view frame,
                 std::vector<CommandResult>* results) {
  msgpack::Reader reader(frame);
  TakeArray(commands.size(), &reader);
  for (const Command& command : commands) {
    results->push_back(std::visit(ResultReader{&reader}, command));
  }
  return reader.ok() && reader.AtEnd();
}

}  // namespace tidemark
