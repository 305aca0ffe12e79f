// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/event_loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.h"

namespace punktfunk::endpoint {

void EventLoop::start(const char* thread_name, int fd, std::function<void()> on_readable,
                      std::function<std::optional<TimePoint>()> on_wake) {
  on_readable_ = std::move(on_readable);
  on_wake_ = std::move(on_wake);
  socket_ = std::make_unique<boost::asio::posix::stream_descriptor>(context_, fd);
  timer_ = std::make_unique<boost::asio::steady_timer>(context_);
  wait_readable();
  boost::asio::post(context_, [this] { after_turn(); });
  thread_ = std::thread([this, thread_name] {
    pthread_setname_np(pthread_self(), thread_name);
    const auto guard = boost::asio::make_work_guard(context_);
    try {
      context_.run();
    } catch (const std::exception& error) {
      // Nothing on the loop throws by design; if memory runs out, end the loop rather than the process's
      // other threads.
      spdlog::error("The control loop stopped: {}.", error.what());
    }
  });
}

void EventLoop::wait_readable() {
  socket_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this](const boost::system::error_code& error) {
                        if (error || stopping_) return;
                        on_readable_();
                        after_turn();
                        wait_readable();
                      });
}

void EventLoop::after_turn() {
  if (stopping_) return;
  const std::optional<TimePoint> deadline = on_wake_();
  if (deadline == armed_for_) return;
  armed_for_ = deadline;
  timer_->cancel();
  if (!deadline) return;
  timer_->expires_at(std::chrono::steady_clock::time_point(deadline->time_since_epoch()));
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    armed_for_.reset();
    after_turn();
  });
}

void EventLoop::post(std::function<void()> work) {
  if (stopping_) return;
  boost::asio::post(context_, [this, work = std::move(work)] {
    if (stopping_) return;
    work();
    after_turn();
  });
}

void EventLoop::stop() {
  if (stopping_.exchange(true)) return;
  context_.stop();
  if (thread_.joinable()) thread_.join();
  if (socket_) socket_->release();
}

}  // namespace punktfunk::endpoint
