// KV or R2, in memory: the verbs of engine/command.h, with the platform's bounds, so that what
// would fail there fails in a native test. Puts are all or nothing; times to live are checked and
// ignored.

#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "native/frames.h"
#include "native/held.h"

namespace tidemark::native {

class BlobStore {
 public:
  enum class Kind { kKv, kR2 };
  struct Entry {
    std::string bytes;
    Params meta;
  };
  using Answer = std::variant<CallReply, Failure>;
  using Hook =
      std::function<std::optional<Failure>(const std::string& verb, const std::string& key)>;

  explicit BlobStore(Kind kind) : kind_(kind) {}

  // A failure of `before` is answered and nothing has happened; one of `after` is answered in place
  // of what did happen. The key is empty for a list, and for r2's delete the JSON array of keys.
  Hook before;
  Hook after;
  // Of kv: how many versions ago a get of this key is answered from. A deletion is a version too,
  // and so is the time before the first put.
  std::function<size_t(const std::string& key)> staleness;

  Answer Run(const HostCommand& command, Held* held);

  // As a test looks at it, and sets it up: past the hooks and always the newest.
  const Entry* Find(const std::string& key) const;
  std::vector<std::string> Keys(const std::string& prefix = {}) const;
  void Put(const std::string& key, std::string bytes, Params meta = {});
  void Delete(const std::string& key);

 private:
  using Version = std::optional<Entry>;

  Answer Apply(const HostCommand& command, const std::string& key, Held* held);
  Answer Read(const HostCommand& command, const std::string& key, Held* held) const;
  Answer Get(const HostCommand& command, const std::string& key, Held* held) const;
  Answer List(const Params& params) const;
  Answer DeleteAll(const std::string& keys);
  Answer Store(const std::string& key, const Params& params, std::string bytes);
  Answer Open(const Params& params, const std::string& key, Held* held) const;
  Answer Write(const HostCommand& command, Held* held) const;
  Answer Close(const Params& params, Held* held);
  std::string Trouble(const std::string& key, const Params& params, size_t size) const;
  CallReply About(int64_t status, const Entry& entry) const;

  Kind kind_;
  std::map<std::string, std::deque<Version>> versions_;  // the newest last
};

}  // namespace tidemark::native
