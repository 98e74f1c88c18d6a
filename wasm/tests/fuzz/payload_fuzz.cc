// Any bytes as the body of POST /sync, on a space that earlier bodies did not touch: it never
// traps, what is accepted is JSON by another parser's word, and so is every answer; a replay of
// what was accepted changes nothing.

#include <cstdint>
#include <string>

#include "base/status.h"
#include "base/utf8.h"
#include "tests/base/json_oracle.h"
#include "tests/support/deltas.h"

namespace tidemark::testing {
namespace {

void Reset(SpaceHarness* space) {
  space->space.Execute(
      "DELETE FROM records; DELETE FROM history; DELETE FROM claims; DELETE FROM set_aside;"
      "DELETE FROM meta WHERE key NOT IN ('epoch', 'owner');");
}

void CheckBody(SpaceHarness* space, const std::string& body) {
  Reset(space);
  const native::Answer answer = space->Post("device", body);
  Check(json::accept(answer.body) ||
        tidemark::json::OracleOpinion(answer.body) == tidemark::json::Opinion::kNone);
  Check(space->engine.live() == 0);
  if (answer.status != 200) {
    Check(Everything(space).empty());
    return;
  }
  tidemark::json::Value value;
  Check(ValidUtf8Prefix(body) == body.size());
  Check(tidemark::json::ScannerAccepts(body, &value));
  Check(tidemark::json::ScannerAgreesWithOracle(body));
  // A delta that was rejected may fare otherwise the second time: by then there may be a record to
  // merge its fields with.
  if (answer.body.find("\"rejected\":[]") == std::string::npos) space->Post("device", body);
  const std::string stored = Everything(space);
  Check(space->Post("device", body).status == 200);
  Check(Everything(space) == stored);
}

}  // namespace
}  // namespace tidemark::testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static tidemark::testing::SpaceHarness space;
  tidemark::testing::CheckBody(&space, {reinterpret_cast<const char*>(data), size});
  return 0;
}
