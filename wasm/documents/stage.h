// A whole document's text, read into a stage: by slices, so that what is held of it is small.

#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "base/json_scanner.h"
#include "engine/operation.h"
#include "records/delta.h"

namespace tidemark {

enum class Stage : int64_t { kRequest = 0, kBackup = 1, kManifest = 2 };

// Where the text comes from.
class SliceSource {
 public:
  virtual ~SliceSource() = default;
  virtual size_t size() const = 0;
  // At most limits::kSliceBytes from there on, cut between characters. Code: `invalid_utf8`, and
  // what a store has.
  virtual Task<Result<Slice>> Read(size_t offset) = 0;
};

class BodySource : public SliceSource {
 public:
  explicit BodySource(size_t size) : size_(size) {}
  size_t size() const override { return size_; }
  Task<Result<Slice>> Read(size_t offset) override;

 private:
  size_t size_;
};

// Reads a document into a stage, which is emptied first. Codes: `invalid_json`, `invalid_utf8`,
// `invalid_document`, `too_deep`, `value_too_large`, `too_many_members`.
Task<Status> StageDocument(SliceSource* source, Stage stage);

Task<bool> ClearStage(Stage stage);

}  // namespace tidemark
