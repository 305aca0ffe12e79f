// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace punktfunk::host {

// Time for a whole request, and again for a whole answer.
inline constexpr Duration kControlPatience = std::chrono::seconds(2);

// Where `punktfunk-host ctl` reaches a running host: a Unix socket in the state directory, mode 0600, so that
// the file system decides who may. One line of JSON in, one line out, then closed: {"command":"pair"} →
// {"ok":true,"pin":"1234"}. One client at a time, each bounded in bytes and in time, so that none can hold
// the socket.
class ControlSocket {
 public:
  // Gets the request line, returns the answer line (both without the newline). Runs on the socket's own
  // thread.
  using Handler = std::function<std::string(const std::string& request)>;

  // Fails when another host already listens there. A socket left behind by a killed host is replaced.
  [[nodiscard]] static Result<std::unique_ptr<ControlSocket>> listen(const std::filesystem::path& path,
                                                                     Handler handler,
                                                                     Duration patience = kControlPatience);
  ~ControlSocket();
  ControlSocket(const ControlSocket&) = delete;
  ControlSocket& operator=(const ControlSocket&) = delete;

 private:
  ControlSocket(std::filesystem::path path, UniqueFd listener, UniqueFd stop, Handler handler,
                Duration patience);
  void serve();
  void answer(const UniqueFd& peer);

  std::filesystem::path path_;
  UniqueFd listener_;
  UniqueFd stop_;  // eventfd: readable when the thread is to end
  Handler handler_;
  Duration patience_;
  std::thread thread_;
};

// The other end: sends one request to the host that keeps its state beside `path`, returns its answer.
[[nodiscard]] Result<std::string> ask_running_host(const std::filesystem::path& path,
                                                   const std::string& request);

}  // namespace punktfunk::host
