#include "native/blob_store.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/json_tree.h"
#include "base/sha256.h"

namespace tidemark::native {
namespace {

constexpr size_t kVersionsKept = 8;
constexpr size_t kPageKeysMax = 1000;
constexpr size_t kDeleteKeysMax = 1000;
constexpr size_t kPieceBytesMax = 4 << 20;  // of one write: what the Worker may hold at once

// https://developers.cloudflare.com/kv/platform/limits/ and .../r2/platform/limits/
constexpr size_t kKvValueBytesMax = 25 << 20;
constexpr size_t kKvKeyBytesMax = 512;
constexpr size_t kKvMetaBytesMax = 1024;
constexpr int64_t kKvTtlMin = 60;
constexpr size_t kR2KeyBytesMax = 1024;
constexpr size_t kR2MetaBytesMax = 8192;

std::string ParamOf(const Params& params, std::string_view name) {
  const auto found = params.find(name);
  return found == params.end() ? std::string() : found->second;
}

int64_t NumberOf(const Params& params, std::string_view name, int64_t fallback = 0) {
  const std::string text = ParamOf(params, name);
  std::from_chars(text.data(), text.data() + text.size(), fallback);
  return fallback;
}

Failure Unavailable(std::string message) { return {"unavailable", std::move(message)}; }

Params Flatten(const std::string& meta) {
  Params flat;
  const auto tree = ParseTree(meta.empty() ? "{}" : meta, 1);
  Check(tree.ok() && tree->is_object());
  for (const auto& [key, value] : tree->items()) {
    flat[key] = value.is_string() ? *value.get_ptr<const std::string*>() : DumpTree(value);
  }
  return flat;
}

std::string Join(const std::vector<Part>& parts, const Held& held) {
  std::string joined;
  for (const Part& part : parts) {
    const auto* text = std::get_if<std::string>(&part);
    joined += text != nullptr ? *text : held.texts.at(std::get_if<Handle>(&part)->id);
  }
  return joined;
}

std::string Hex(const Sha256Digest& digest) {
  return HexEncode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

Upload* UploadOf(const Params& params, Held* held) {
  const auto found = held->uploads.find(static_cast<uint32_t>(NumberOf(params, "stream", -1)));
  return found == held->uploads.end() ? nullptr : &found->second;
}

}  // namespace

BlobStore::Answer BlobStore::Run(const HostCommand& command, Held* held) {
  const std::string& verb = command.operation;
  std::string key =
      ParamOf(command.params, verb == "delete" && kind_ == Kind::kR2 ? "keys" : "key");
  if (const Upload* upload = UploadOf(command.params, held)) key = upload->key;
  if (before) {
    if (auto failure = before(verb, key)) return *std::move(failure);
  }
  Answer answer = Apply(command, key, held);
  if (after) {
    if (auto failure = after(verb, key)) return *std::move(failure);
  }
  return answer;
}

BlobStore::Answer BlobStore::Apply(const HostCommand& command, const std::string& key, Held* held) {
  const std::string& verb = command.operation;
  if (verb == "put") return Store(key, command.params, Join(command.parts, *held));
  if (verb == "open") return Open(command.params, key, held);
  if (verb == "write") return Write(command, held);
  if (verb == "close") return Close(command.params, held);
  if (verb == "list") return List(command.params);
  if (verb == "abort") {
    held->uploads.erase(static_cast<uint32_t>(NumberOf(command.params, "stream", -1)));
    return CallReply{.status = 200};
  }
  if (verb == "delete") {
    if (kind_ == Kind::kR2) return DeleteAll(key);
    Delete(key);
    return CallReply{.status = 200};
  }
  return Read(command, key, held);
}

BlobStore::Answer BlobStore::Read(const HostCommand& command, const std::string& key,
                                  Held* held) const {
  const std::string& verb = command.operation;
  if (verb == "get") return Get(command, key, held);
  Check(kind_ == Kind::kR2);
  const Entry* entry = Find(key);
  if (entry == nullptr) return CallReply{.status = 404};
  CallReply reply = About(200, *entry);
  if (verb == "digest") {
    reply.data["sha256"] = Hex(Sha256Of(entry->bytes));
  } else if (verb == "read") {
    const auto offset = static_cast<size_t>(NumberOf(command.params, "offset"));
    if (offset >= entry->bytes.size()) return About(416, *entry);
    reply.bytes =
        entry->bytes.substr(offset, static_cast<size_t>(NumberOf(command.params, "size")));
  } else {
    Check(verb == "head");
  }
  return reply;
}

BlobStore::Answer BlobStore::Get(const HostCommand& command, const std::string& key,
                                 Held* held) const {
  const Entry* entry = Find(key);
  const auto found = versions_.find(key);
  if (kind_ == Kind::kKv && staleness && found != versions_.end()) {
    const std::deque<Version>& all = found->second;
    const size_t ago = std::min(staleness(key), all.size() - 1);
    const Version& version = all[all.size() - 1 - ago];
    entry = version ? &*version : nullptr;
  }
  if (entry == nullptr) return CallReply{.status = 404};
  CallReply reply = About(200, *entry);
  if (ParamOf(command.params, "meta_only") == "1") return reply;
  reply.body.id = held->next_stream++;
  held->streams[reply.body.id] = entry->bytes;
  return reply;
}

BlobStore::Answer BlobStore::List(const Params& params) const {
  const auto limit = static_cast<size_t>(NumberOf(params, "limit", kPageKeysMax));
  const std::string begin = std::max(ParamOf(params, "cursor"), ParamOf(params, "after"));
  nlohmann::json page = nlohmann::json::array();
  CallReply reply{.status = 200};
  for (const std::string& key : Keys(ParamOf(params, "prefix"))) {
    if (key <= begin) continue;
    if (page.size() == std::min(limit, kPageKeysMax)) {
      reply.data["cursor"] = *page.back().get_ptr<const std::string*>();
      break;
    }
    page.push_back(key);
  }
  reply.data["keys"] = DumpTree(page);
  return reply;
}

BlobStore::Answer BlobStore::DeleteAll(const std::string& keys) {
  const auto tree = ParseTree(keys, 1);
  Check(tree.ok() && tree->is_array());
  if (tree->size() > kDeleteKeysMax) return Unavailable("too many keys");
  for (const nlohmann::json& key : *tree) Delete(*key.get_ptr<const std::string*>());
  return CallReply{.status = 200};
}

// Why the platform would not take it, or nothing.
std::string BlobStore::Trouble(const std::string& key, const Params& params, size_t size) const {
  const bool kv = kind_ == Kind::kKv;
  size_t meta_bytes = ParamOf(params, "meta").size();
  if (!kv) {
    meta_bytes = 0;
    for (const auto& [name, value] : Flatten(ParamOf(params, "meta"))) {
      meta_bytes += name.size() + value.size();
    }
  }
  if (key.empty() || key.size() > (kv ? kKvKeyBytesMax : kR2KeyBytesMax)) return "the key's size";
  if (meta_bytes > (kv ? kKvMetaBytesMax : kR2MetaBytesMax)) return "the metadata's size";
  if (kv && size > kKvValueBytesMax) return "the value's size";
  if (kv && NumberOf(params, "ttl", kKvTtlMin) < kKvTtlMin) return "the time to live";
  return {};
}

BlobStore::Answer BlobStore::Store(const std::string& key, const Params& params,
                                   std::string bytes) {
  const std::string trouble = Trouble(key, params, bytes.size());
  if (!trouble.empty()) return Unavailable(trouble);
  if (kind_ == Kind::kR2 && ParamOf(params, "absent") == "1" && Find(key) != nullptr) {
    return CallReply{.status = 412};
  }
  Put(key, std::move(bytes), Flatten(ParamOf(params, "meta")));
  return CallReply{.status = 200};
}

BlobStore::Answer BlobStore::Open(const Params& params, const std::string& key, Held* held) const {
  const auto size = static_cast<size_t>(NumberOf(params, "size"));
  const std::string trouble = Trouble(key, params, size);
  if (!trouble.empty()) return Unavailable(trouble);
  const uint32_t stream = held->next_stream++;
  held->uploads[stream] = {.key = key, .size = size, .params = params, .bytes = {}};
  return CallReply{.status = 200, .data = {{"stream", std::to_string(stream)}}, .body = {}};
}

BlobStore::Answer BlobStore::Write(const HostCommand& command, Held* held) const {
  Upload* upload = UploadOf(command.params, held);
  if (upload == nullptr) return Unavailable("no such stream");
  std::string piece = Join(command.parts, *held);
  Check(piece.size() <= kPieceBytesMax);
  upload->bytes += piece;
  upload->failed = upload->failed || upload->bytes.size() > upload->size;
  if (upload->failed) return Unavailable("more bytes than were announced");
  return CallReply{.status = 200};
}

BlobStore::Answer BlobStore::Close(const Params& params, Held* held) {
  Upload* upload = UploadOf(params, held);
  if (upload == nullptr) return Unavailable("no such stream");
  const Upload closed = std::move(*upload);
  held->uploads.erase(static_cast<uint32_t>(NumberOf(params, "stream", -1)));
  if (closed.failed || closed.bytes.size() != closed.size) {
    return Unavailable("not as many bytes as were announced");
  }
  Answer stored = Store(closed.key, closed.params, closed.bytes);
  auto* reply = std::get_if<CallReply>(&stored);
  if (reply == nullptr || reply->status != 200) return stored;
  reply->data = {{"size", std::to_string(closed.size)}, {"sha256", Hex(Sha256Of(closed.bytes))}};
  return stored;
}

CallReply BlobStore::About(int64_t status, const Entry& entry) const {
  CallReply reply{.status = status, .data = entry.meta, .body = {}};
  if (kind_ == Kind::kR2) reply.data["size"] = std::to_string(entry.bytes.size());
  return reply;
}

const BlobStore::Entry* BlobStore::Find(const std::string& key) const {
  const auto found = versions_.find(key);
  if (found == versions_.end()) return nullptr;
  const Version& newest = found->second.back();
  return newest ? &*newest : nullptr;
}

std::vector<std::string> BlobStore::Keys(const std::string& prefix) const {
  std::vector<std::string> keys;
  for (const auto& [key, versions] : versions_) {
    if (key.starts_with(prefix) && versions.back()) keys.push_back(key);
  }
  return keys;
}

void BlobStore::Put(const std::string& key, std::string bytes, Params meta) {
  auto [found, is_new] = versions_.try_emplace(key);
  if (is_new) found->second.emplace_back();
  found->second.push_back(Entry{std::move(bytes), std::move(meta)});
  if (found->second.size() > kVersionsKept) found->second.pop_front();
}

void BlobStore::Delete(const std::string& key) {
  if (Find(key) == nullptr) return;
  versions_[key].emplace_back();
  if (versions_[key].size() > kVersionsKept) versions_[key].pop_front();
}

}  // namespace tidemark::native
