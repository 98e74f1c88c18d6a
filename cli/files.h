// Files that are read whole, and written so that a reader finds the old one or the new one.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace tidemark::samedi {

// None where there is no such file. Errors: not_readable, file_too_large.
Result<std::optional<std::string>> ReadFile(const std::string& path);

// Writes a new file beside it, to the disk, and puts it in place; `mode` from the first byte on.
// Errors: disk_full, not_writable; the old file is as it was then.
Status WriteFile(const std::string& path, std::string_view text, int mode);

// True where there was one.
Result<bool> RemoveFile(const std::string& path);

// A directory for its owner alone, made with those above it where it is missing.
Status MakePrivateDirectory(const std::string& path);

// One process at a time holds the lock of a path; the system frees it when the process ends.
class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) = delete;

  // Errors: busy, where another holds it after `wait_ms`; disk_full, not_writable.
  static Result<FileLock> Take(const std::string& path, int wait_ms);

 private:
  int descriptor_ = -1;
};

}  // namespace tidemark::samedi
