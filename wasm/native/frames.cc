#include "native/frames.h"

namespace tidemark::native {
namespace {

uint32_t Word(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<uint8_t>(bytes[at + i]);
  return word;
}

Param DecodeParam(msgpack::Reader* reader) {
  switch (reader->Next()) {
    case msgpack::Type::kInt:
      return reader->Int();
    case msgpack::Type::kDouble:
      return reader->Double();
    case msgpack::Type::kStr:
      return std::string(reader->Str());
    case msgpack::Type::kBin:
      return Blob{std::string(reader->Bin())};
    case msgpack::Type::kExt: {
      int8_t type = 0;
      const std::string_view bytes = reader->Ext(&type);
      if (type == 1) return Handle{Word(bytes, 0)};
      return BodyRange{Word(bytes, 0), Word(bytes, 4)};
    }
    default:
      reader->Nil();
      return Null{};
  }
}

std::vector<HostStatement> DecodeStatements(msgpack::Reader* reader) {
  std::vector<HostStatement> statements(reader->Array());
  for (HostStatement& statement : statements) {
    reader->Array();
    statement.sql = std::string(reader->Str());
    statement.params.resize(reader->Array());
    for (Param& param : statement.params) param = DecodeParam(reader);
    if (reader->Next() == msgpack::Type::kNil) {
      reader->Nil();
      continue;
    }
    reader->Array();
    statement.keep.bytes_max = reader->Int();
    statement.keep.rows_max = reader->Int();
  }
  return statements;
}

std::vector<Part> DecodeParts(msgpack::Reader* reader) {
  std::vector<Part> parts(reader->Array());
  for (Part& part : parts) {
    if (reader->Next() == msgpack::Type::kBin) {
      part = std::string(reader->Bin());
    } else {
      const Param handle = DecodeParam(reader);
      part = *std::get_if<Handle>(&handle);
    }
  }
  return parts;
}

HostCommand DecodeCommand(msgpack::Reader* reader) {
  HostCommand command;
  reader->Array();
  command.kind = std::string(reader->Str());
  if (command.kind == "sql") {
    command.statements = DecodeStatements(reader);
  } else if (command.kind == "d1") {
    command.shard = std::string(reader->Str());
    command.statements = DecodeStatements(reader);
  } else if (command.kind == "call" || command.kind == "store") {
    command.space = std::string(reader->Str());
    command.operation = std::string(reader->Str());
    ReadParams(reader, &command.params);
    command.parts = DecodeParts(reader);
  } else if (command.kind == "send") {
    command.sockets.resize(reader->Array());
    for (int64_t& socket : command.sockets) socket = reader->Int();
    command.parts = DecodeParts(reader);
  } else if (command.kind == "publish") {
    command.device = std::string(reader->Str());
    command.parts = DecodeParts(reader);
  } else {
    command.number = reader->Int();
    if (command.kind == "body") command.size = reader->Int();
  }
  return command;
}

HostReply DecodeReply(msgpack::Reader* reader) {
  HostReply reply;
  reader->Array();
  reply.status = static_cast<int>(reader->Int());
  reply.headers.resize(reader->Array());
  for (auto& [name, value] : reply.headers) {
    reader->Array();
    name = std::string(reader->Str());
    value = std::string(reader->Str());
  }
  reply.body = DecodeParts(reader);
  ReadParams(reader, &reply.data);
  return reply;
}

void EncodeCell(const Cell& cell, msgpack::Writer* writer) {
  if (const auto* integer = std::get_if<int64_t>(&cell)) return writer->Int(*integer);
  if (const auto* real = std::get_if<double>(&cell)) return writer->Double(*real);
  if (const auto* text = std::get_if<std::string>(&cell)) return writer->Str(*text);
  writer->Nil();
}

void EncodeSet(const HostStatement& statement, const ResultSet& set, msgpack::Writer* writer) {
  const bool kept = statement.keep.bytes_max > 0;
  writer->Array(kept ? 4 : 2);
  writer->Int(set.rows_written);
  writer->Array(kept ? set.kept.size() : set.rows.size());
  for (const Kept& group : set.kept) {
    writer->Array(3);
    writer->Str(group.group);
    WriteHandle(group.handle, writer);
    writer->Int(group.rows);
  }
  for (const std::vector<Cell>& row : set.rows) {
    writer->Array(row.size());
    for (const Cell& cell : row) EncodeCell(cell, writer);
  }
  if (!kept) return;
  writer->Int(set.last);
  writer->Bool(set.more);
}

struct ResultEncoder {
  const HostCommand& command;
  msgpack::Writer* writer;

  void operator()(Null) const { writer->Nil(); }
  void operator()(const std::string& bytes) const { writer->Bin(bytes); }
  void operator()(const Failure& failure) const {
    writer->Array(3);
    writer->Bool(false);
    writer->Str(failure.code);
    writer->Str(failure.message);
  }
  void operator()(const ResultSets& sets) const {
    writer->Array(2);
    writer->Bool(true);
    writer->Array(sets.size());
    for (size_t i = 0; i < sets.size(); ++i) EncodeSet(command.statements[i], sets[i], writer);
  }
  void operator()(const CallReply& reply) const {
    writer->Array(4);
    writer->Bool(true);
    writer->Int(reply.status);
    WriteParams(reply.data, writer);
    if (command.kind == "store" && reply.body.id == 0) return writer->Bin(reply.bytes);
    WriteHandle(reply.body, writer);
  }
};

void TextOrNil(std::string_view text, msgpack::Writer* writer) {
  if (text.empty()) return writer->Nil();
  writer->Str(text);
}

}  // namespace

std::string EncodeRequest(const Request& request, std::string_view role, const std::string* body) {
  std::string frame;
  msgpack::Writer writer(&frame);
  writer.Array(7);
  writer.Str(request.operation);
  writer.Int(request.now_ms);
  std::string seed(16, '\0');
  for (size_t i = 0; i < 8; ++i) seed[i] = static_cast<char>(request.seed >> (8 * i));
  writer.Bin(seed);
  if (request.identity.user_id.empty()) {
    writer.Nil();
  } else {
    writer.Array(7);
    writer.Str(request.identity.user_id);
    writer.Str(role);
    TextOrNil(request.identity.org, &writer);
    TextOrNil(request.identity.tenant, &writer);
    TextOrNil(request.identity.email, &writer);
    writer.Int(request.identity.version);
    writer.Int(request.identity.expires_ms);
  }
  TextOrNil(request.space, &writer);
  WriteParams(request.params, &writer);
  if (body != nullptr) {
    writer.Bin(*body);
  } else {
    writer.Int(request.body_size);
  }
  return frame;
}

Output DecodeOutput(std::string_view frame) {
  msgpack::Reader reader(frame);
  Output output;
  reader.Array();
  output.done = reader.Int() == 1;
  if (output.done) {
    output.reply = DecodeReply(&reader);
  } else {
    output.operation = static_cast<uint32_t>(reader.Int());
    output.commands.resize(reader.Array());
    for (HostCommand& command : output.commands) command = DecodeCommand(&reader);
  }
  Check(reader.ok() && reader.AtEnd());
  return output;
}

std::string EncodeResults(const std::vector<HostCommand>& commands,
                          const std::vector<HostResult>& results) {
  std::string frame;
  msgpack::Writer writer(&frame);
  writer.Array(results.size());
  for (size_t i = 0; i < results.size(); ++i) {
    std::visit(ResultEncoder{commands[i], &writer}, results[i]);
  }
  return frame;
}

}  // namespace tidemark::native
