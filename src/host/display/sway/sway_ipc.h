// SPDX-License-Identifier: MIT OR Apache-2.0
// sway's IPC: "i3-ipc" ‖ length u32 ‖ type u32 ‖ JSON, native byte order (sway-ipc(7)).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "base/unique_fd.h"

namespace punktfunk::host {

enum class SwayMessage : std::uint32_t { run_command = 0, subscribe = 2, get_outputs = 3 };

// One connection. Every wait ends at a deadline, or as soon as `death_fd` becomes readable. Not thread-safe.
class SwayIpc {
 public:
  // nullopt when nobody listens at `path` yet.
  [[nodiscard]] static std::optional<SwayIpc> connect(const std::string& path, int death_fd);

  // The reply's JSON; nullopt on a timeout, a death or a broken connection.
  [[nodiscard]] std::optional<std::string> ask(SwayMessage type, const std::string& payload,
                                               TimePoint deadline);
  // The next event's JSON, after a subscribe.
  [[nodiscard]] std::optional<std::string> next_event(TimePoint deadline);

 private:
  SwayIpc(UniqueFd fd, int death_fd) : fd_(std::move(fd)), death_fd_(death_fd) {}
  bool read_exactly(char* out, std::size_t size, TimePoint deadline);
  std::optional<std::string> read_message(TimePoint deadline);

  UniqueFd fd_;
  int death_fd_;
};

}  // namespace punktfunk::host
