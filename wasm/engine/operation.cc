#include "engine/operation.h"

#include "base/json_scanner.h"

namespace tidemark {
namespace {

constexpr size_t kSeedBytes = 16;

std::string TextOrNil(msgpack::Reader* reader) {
  if (reader->Next() == msgpack::Type::kNil) {
    reader->Nil();
    return {};
  }
  return std::string(reader->Str());
}

Identity ReadIdentity(msgpack::Reader* reader) {
  Identity identity;
  if (reader->Next() == msgpack::Type::kNil) {
    reader->Nil();
    return identity;
  }
  reader->Array();
  identity.user_id = std::string(reader->Str());
  identity.role = ParseRole(reader->Str());
  identity.org = TextOrNil(reader);
  identity.tenant = TextOrNil(reader);
  identity.email = TextOrNil(reader);
  identity.version = reader->Int();
  identity.expires_ms = reader->Int();
  return identity;
}

}  // namespace

Reply Reply::Json(std::string body) {
  Reply reply;
  reply.headers.emplace_back("content-type", "application/json");
  reply.body.emplace_back(std::move(body));
  return reply;
}

Reply Reply::Error(const Status& status) {
  std::string body = "{\"error\":";
  json::AppendQuoted(&body, status.code());
  body += ",\"message\":";
  json::AppendQuoted(&body, status.message());
  body += "}";
  Reply reply = Json(std::move(body));
  reply.status = status.http_status();
  reply.data["error"] = std::string(status.code());
  return reply;
}

bool Operation::Resume(std::string_view results_frame) {
  std::vector<CommandResult> results;
  if (!ReadResults(commands_, results_frame, &results)) return false;
  results_ = std::move(results);
  commands_.clear();
  std::exchange(waiting_, {}).resume();
  return true;
}

bool ReadRequest(std::string_view frame, Request* request, std::optional<std::string>* body) {
  msgpack::Reader reader(frame);
  if (reader.Array() != 7) return false;
  request->operation = std::string(reader.Str());
  request->now_ms = reader.Int();
  const std::string_view seed = reader.Bin();
  if (seed.size() != kSeedBytes) return false;
  for (const char byte : seed) {
    request->seed = request->seed * 0x100000001b3 ^ static_cast<uint8_t>(byte);
  }
  request->identity = ReadIdentity(&reader);
  request->space = TextOrNil(&reader);
  ReadParams(&reader, &request->params);
  if (reader.Next() == msgpack::Type::kBin) {
    body->emplace(reader.Bin());
    request->body_size = static_cast<uint32_t>((*body)->size());
  } else {
    request->body_size = static_cast<uint32_t>(reader.Int());
  }
  return reader.ok() && reader.AtEnd();
}

void WriteReply(const Reply& reply, msgpack::Writer* writer) {
  writer->Array(4);
  writer->Int(reply.status);
  writer->Array(reply.headers.size());
  for (const auto& [name, value] : reply.headers) {
    writer->Array(2);
    writer->Str(name);
    writer->Str(value);
  }
  writer->Array(reply.body.size());
  for (const Part& part : reply.body) {
    WritePart(part, writer);
  }
  WriteParams(reply.data, writer);
}

}  // namespace tidemark
