// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/display/sway/runtime_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "host/process/child_process.h"

namespace punktfunk::host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "punktfunk-display-";
constexpr const char* kLockName = "/host.lock";
// sun_path holds 107 characters; the longest socket name below the base is
// "/punktfunk-display-XXXXXX/wayland-1.lock" = 40.
constexpr std::size_t kMaxBaseLength = 107 - 40;

bool is_own_directory(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == ::geteuid();
}

// Best first.
std::vector<std::string> bases() {
  std::vector<std::string> out;
  const char* variable = ::getenv("XDG_RUNTIME_DIR");
  if (variable != nullptr && variable[0] == '/' && ::strlen(variable) <= kMaxBaseLength &&
      is_own_directory(variable))
    out.emplace_back(variable);
  out.emplace_back("/tmp");
  return out;
}

void remove_tree(const std::string& path) {
  std::error_code ignored;  // what cannot be removed stays for the next start
  fs::remove_all(path, ignored);
}

}  // namespace

Result<RuntimeDirectory> RuntimeDirectory::create() {
  int error = 0;
  for (const std::string& base : bases()) {
    std::string path = base + "/" + std::string(kPrefix) + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {  // creates it with mode 0700
      error = errno;
      continue;
    }
    UniqueFd lock(::open((path + kLockName).c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (lock.valid() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0)
      return RuntimeDirectory(path, std::move(lock));
    error = errno;
    remove_tree(path);
  }
  return fail(std::string("No private directory for a display could be made in /tmp (") + ::strerror(error) +
              "); make /tmp writable.");
}

RuntimeDirectory::~RuntimeDirectory() {
  if (!path_.empty() && lock_.valid()) remove_tree(path_);
}

void remove_stale_runtime_directories() {
  for (const std::string& base : bases()) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(base, error)) {
      const std::string path = entry.path().string();
      if (!entry.path().filename().string().starts_with(kPrefix) || !is_own_directory(path)) continue;
      // No lock file: another host is between making the directory and locking it. (A host killed in just
      // that moment leaves an empty directory.)
      const UniqueFd lock(::open((path + kLockName).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
      if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
      kill_processes_with_environment("XDG_RUNTIME_DIR=" + path);
      remove_tree(path);
    }
  }
}

}  // namespace punktfunk::host
