#include "files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "errors.h"

namespace tidemark::samedi {
namespace {

constexpr size_t kFileBytesMax = size_t{64} << 20;
constexpr int kPollMs = 50;

Status Refusal(const std::string& doing, const std::string& path) {
  const int number = errno;
  const bool full = number == ENOSPC || number == EDQUOT || number == EFBIG;
  return Problem(full ? "disk_full" : "not_writable",
                 "Cannot " + doing + " " + path + ": " + std::strerror(number) +
                     (full ? ". Nothing was lost: make room and do it again" : ""));
}

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(descriptor) == 0;
}

}  // namespace

Result<std::optional<std::string>> ReadFile(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) return std::optional<std::string>();
    return Problem("not_readable", "Cannot read " + path + ": " + std::strerror(errno));
  }
  std::string text;
  char buffer[65'536];
  ssize_t size = 0;
  while ((size = read(descriptor, buffer, sizeof(buffer))) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      const Status status =
          Problem("not_readable", "Cannot read " + path + ": " + std::strerror(errno));
      close(descriptor);
      return status;
    }
    text.append(buffer, static_cast<size_t>(size));
    if (text.size() > kFileBytesMax) {
      close(descriptor);
      return Problem("file_too_large", path + " is larger than 64 MiB");
    }
  }
  close(descriptor);
  return std::optional(std::move(text));
}

Status WriteFile(const std::string& path, std::string_view text, int mode) {
  const std::string beside = path + "." + std::to_string(getpid()) + ".new";
  unlink(beside.c_str());
  const int descriptor =
      open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode));
  if (descriptor < 0) return Refusal("write", path);
  const bool written = WriteAll(descriptor, text);
  Status status = written ? Status() : Refusal("write", path);
  if (close(descriptor) != 0 && status.ok()) status = Refusal("write", path);
  if (status.ok() && rename(beside.c_str(), path.c_str()) != 0) status = Refusal("write", path);
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

Result<bool> RemoveFile(const std::string& path) {
  if (unlink(path.c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return Refusal("remove", path);
}

Status MakePrivateDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0) return Status();
  if (errno == ENOENT) {
    const size_t slash = path.find_last_of('/');
    if (slash != std::string::npos && slash > 0) {
      if (Status status = MakePrivateDirectory(path.substr(0, slash)); !status.ok()) return status;
      if (mkdir(path.c_str(), 0700) == 0) return Status();
    }
  }
  struct stat found = {};
  if (errno == EEXIST && stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode)) {
    return Status();
  }
  return Refusal("make the directory", path);
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Result<FileLock> FileLock::Take(const std::string& path, int wait_ms) {
  FileLock lock;
  lock.descriptor_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock.descriptor_ < 0) return Refusal("write", path);
  for (int waited_ms = 0; flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0; waited_ms += kPollMs) {
    if (errno != EWOULDBLOCK && errno != EINTR) return Refusal("lock", path);
    if (waited_ms >= wait_ms) return Problem("busy", "Another samedi is syncing: try again later");
    usleep(kPollMs * 1000);
  }
  return lock;
}

}  // namespace tidemark::samedi
