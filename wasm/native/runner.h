// Runs operations natively, step by step: the simulator crashes them between any two.

#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "native/blob_store.h"
#include "native/frames.h"
#include "native/sqlite_store.h"

namespace tidemark::native {

// Where an operation's commands go. Absent parts trap when they are asked for.
struct Stores {
  SqliteStore* own = nullptr;
  std::function<std::variant<ResultSets, Failure>(const std::string& shard,
                                                  const std::vector<HostStatement>&, Held*)>
      d1;
  std::function<void(int64_t at_ms)> set_alarm;
  std::function<std::variant<CallReply, Failure>(const HostCommand&, Held*)> call;
  BlobStore* kv = nullptr;
  BlobStore* r2 = nullptr;
  // Told after the commit; without it frames go nowhere.
  std::function<void(const std::string& except_device, const std::string& frame)> publish;
  std::function<void(const std::vector<int64_t>& sockets, const std::string& frame)> send;
};

struct Answer {
  int status = 0;
  std::string body;
  Params data;
  std::vector<std::pair<std::string, std::string>> headers = {};

  // Empty where there is none of that name.
  std::string Header(std::string_view name) const;
};

// One operation under way. A local one runs in a transaction of its own store, committed at its end
// (or taken back, from status 400 on); a spanning one commits each batch.
class Running {
 public:
  Running(Engine* engine, const Request& request, std::string_view role, std::string body,
          Stores stores, bool local);
  // An operation that is dropped before its end is cancelled and its transaction taken back.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  bool done() const { return output_.done; }
  int steps() const { return steps_; }
  // Runs the commands that wait, and resumes.
  void Step();
  Answer Take();

 private:
  HostResult RunCommand(const HostCommand& command);
  std::string Join(const std::vector<Part>& parts) const;
  void Finish();

  Engine* engine_;
  Stores stores_;
  bool local_;
  bool in_transaction_ = false;
  int steps_ = 0;
  Held held_;
  std::vector<std::pair<std::string, std::string>> published_;      // device, frame
  std::vector<std::pair<std::vector<int64_t>, std::string>> sent_;  // sockets, frame
  Output output_;
};

// Runs an operation to its end.
Answer RunToEnd(Engine* engine, const Request& request, std::string_view role, std::string body,
                const Stores& stores, bool local);

}  // namespace tidemark::native
