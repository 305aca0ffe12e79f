// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "base/time.h"

namespace punktfunk::endpoint {

// One thread that waits for a socket, a deadline and posted work. Everything on the control plane runs on it,
// so control code needs no locks. Not for the frame path, which has threads of its own.
class EventLoop {
 public:
  EventLoop() = default;
  ~EventLoop() { stop(); }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // `on_readable` runs whenever `fd` has data; `on_wake` runs after every turn and returns the next deadline,
  // if any. The loop does not own `fd`, which must outlive it. Call once.
  void start(const char* thread_name, int fd, std::function<void()> on_readable,
             std::function<std::optional<TimePoint>()> on_wake);

  // Runs `work` on the loop's thread, soon. Any thread. Work posted after stop() is dropped.
  void post(std::function<void()> work);

  // Owner's thread. Before start() posted work only waits.
  [[nodiscard]] bool is_started() const { return thread_.joinable(); }

  // Ends the loop after the turn in progress and joins its thread. Idempotent; not from the loop's own
  // thread.
  void stop();

 private:
  void wait_readable();
  void after_turn();

  boost::asio::io_context context_{1};
  std::unique_ptr<boost::asio::posix::stream_descriptor> socket_;
  std::unique_ptr<boost::asio::steady_timer> timer_;
  std::function<void()> on_readable_;
  std::function<std::optional<TimePoint>()> on_wake_;
  std::optional<TimePoint> armed_for_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace punktfunk::endpoint
