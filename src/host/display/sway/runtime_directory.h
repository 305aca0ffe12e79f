// SPDX-License-Identifier: MIT OR Apache-2.0
// A private XDG_RUNTIME_DIR: /…/punktfunk-display-XXXXXX, mode 0700, gone with its owner. A lock file in it
// tells a directory in use from one whose host was killed: the kernel drops the lock with the process.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace punktfunk::host {

class RuntimeDirectory {
 public:
  // Under $XDG_RUNTIME_DIR when that is a directory of ours with a path short enough for sockets, else under
  // /tmp.
  [[nodiscard]] static Result<RuntimeDirectory> create();
  RuntimeDirectory(RuntimeDirectory&& other) noexcept = default;
  RuntimeDirectory& operator=(RuntimeDirectory&&) = delete;
  ~RuntimeDirectory();

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  RuntimeDirectory(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;  // empty when moved from
  UniqueFd lock_;
};

// Removes what killed hosts of this user left: processes that still run in such a directory, and the
// directory.
void remove_stale_runtime_directories();

}  // namespace punktfunk::host
