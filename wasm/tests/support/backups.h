// What the tests of backups do with a document: the crons' work, getting it back, and somebody who
// writes.

#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "tests/support/document_harness.h"

namespace tidemark::testing {

// As its object does it: what is staged step by step, then put in place at once.
native::Answer Restore(DocumentHarness* documents, Params params);
native::Answer RestoreAt(DocumentHarness* documents, int64_t at);

// The crons, of that document alone. `days`: JOURNAL_DAYS; empty: as the core has it.
native::Answer Daily(DocumentHarness* documents);
native::Answer Compact(DocumentHarness* documents, const std::string& days = {});

// The number of its version; 0 without a document.
int64_t VersionOf(DocumentHarness* documents);

// The text in R2; empty where there is none.
std::string TextIn(const DocumentHarness& documents, const std::string& key);

// The document's object is lost, and what is in KV, R2 and D1 is not: another life begins.
void LoseObject(DocumentHarness* documents);

// Somebody's writes: every kind of them, and texts that JSON has in many forms.
class Writer {
 public:
  Writer(DocumentHarness* documents, uint64_t seed) : documents_(documents), random_(seed) {}

  // One of them; it may be refused, or change nothing.
  void Write();
  int Below(int bound) { return static_cast<int>(random_.Below(static_cast<uint64_t>(bound))); }

 private:
  std::string Value();
  std::string Record(const std::string& id);
  std::string Id() { return "r" + std::to_string(Below(12)); }
  std::string Collection() { return Below(2) == 0 ? "users" : "caf\u00e9"; }
  std::string Array();
  std::string Whole();
  std::string Operations();
  std::string MergePatch();
  std::string JsonPatch();

  DocumentHarness* documents_;
  Random random_;
  int written_ = 0;
};

}  // namespace tidemark::testing
