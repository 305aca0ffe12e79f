// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace punktfunk::host::http {

struct HttpAnswer {
  int status = 0;
  std::string content_type;
  std::string body;
};

// One event of a stream. `type` is "missed" where some of what came before is no longer known, and "closed"
// where the host ends the stream.
struct StreamedEvent {
  std::string id;  // empty: the event has none
  std::string type;
  std::string data;
};

// Asks a running host over its control socket, where the file system's permission makes the caller the
// operator. Blocks; one connection for each call. Errors are sentences for the user.
class UnixHttpClient {
 public:
  // Time for each answer; questions to the host's control loop are bounded well below this.
  static constexpr Duration kPatience = std::chrono::seconds(10);

  explicit UnixHttpClient(std::filesystem::path socket, Duration patience = kPatience)
      : socket_(std::move(socket)), patience_(patience) {}

  // `body` is JSON, or empty for none. Any status is an answer; the error is what kept one from coming.
  [[nodiscard]] Result<HttpAnswer> ask(std::string_view method, std::string_view target,
                                       std::string_view body = {}) const;

  // Calls `on_event` until it returns false (then: no error) or the stream ends (an error that says how).
  // `stop`
  // (-1: none) ends it when it becomes readable, also without error. An answer other than a stream is given
  // to `on_refusal`, and no error follows.
  [[nodiscard]] Result<void> watch(std::string_view target, std::optional<std::uint64_t> last_event_id,
                                   const std::function<bool(const StreamedEvent&)>& on_event,
                                   const std::function<void(const HttpAnswer&)>& on_refusal,
                                   int stop = -1) const;

 private:
  [[nodiscard]] Result<UniqueFd> send(std::string_view method, std::string_view target,
                                      std::string_view more_headers, std::string_view body) const;

  std::filesystem::path socket_;
  Duration patience_;
};

}  // namespace punktfunk::host::http
