// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/lasting_stream.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace punktfunk::client {

namespace {

using endpoint::ClientEnd;
using endpoint::EndKind;

constexpr auto kStopPoll = std::chrono::milliseconds(50);

// Passes everything on but the end, and keeps what the next attempt needs.
class Attempt final : public StreamListener {
 public:
  explicit Attempt(StreamListener& listener) : listener_(listener) {}

  void on_waiting_for_approval() override { listener_.on_waiting_for_approval(); }
  void on_connected(const wire::ServerHello& hello, const control::Fingerprint& host) override {
    {
      const std::lock_guard lock(mutex_);
      session_id_ = hello.session_id;
      host_ = host;
    }
    listener_.on_connected(hello, host);
  }
  void on_ended(const ClientEnd& end) override {
    {
      const std::lock_guard lock(mutex_);
      end_ = end;
    }
    ended_.notify_all();
  }
  void on_access_unit(ByteView au, const FrameReport& report) override {
    listener_.on_access_unit(au, report);
  }
  void on_picture(const Picture& picture, const FrameReport& report) override {
    listener_.on_picture(picture, report);
  }
  void on_statistics(const StreamStatistics& statistics) override { listener_.on_statistics(statistics); }

  // nullopt: stopped by the user before.
  [[nodiscard]] std::optional<ClientEnd> wait(const std::function<bool()>& stop_requested) {
    std::unique_lock lock(mutex_);
    while (!end_) {
      if (stop_requested()) return std::nullopt;
      ended_.wait_for(lock, kStopPoll);
    }
    return end_;
  }
  // After the session's threads have ended only.
  [[nodiscard]] const std::optional<wire::SessionId>& session_id() const { return session_id_; }
  [[nodiscard]] const control::Fingerprint& host() const { return host_; }

 private:
  StreamListener& listener_;
  std::mutex mutex_;
  std::condition_variable ended_;
  std::optional<ClientEnd> end_;
  std::optional<wire::SessionId> session_id_;
  control::Fingerprint host_{};
};

// False: the user stopped it.
bool sleep_unless_stopped(Duration wait, const std::function<bool()>& stop_requested) {
  const TimePoint until = monotonic_now() + wait;
  while (!stop_requested()) {
    const Duration left = until - monotonic_now();
    if (left <= Duration::zero()) return true;
    std::this_thread::sleep_for(std::min<Duration>(left, kStopPoll));
  }
  return false;
}

}  // namespace

ClientEnd run_lasting_stream(LastingStreamOptions options, const control::Identity& identity,
                             RandomSource& random, LastingStreamListener& listener,
                             const std::function<bool()>& stop_requested) {
  const ClientEnd stopped{EndKind::finished, wire::CloseCode::user_quit, "Ended by the user."};
  ReconnectPolicy policy(options.reconnect);
  ClientEnd end{EndKind::timed_out, wire::CloseCode::error, "The host has no address; name one."};
  std::unique_ptr<StreamSession> session;  // kept past its end, as the listener was promised
  std::size_t tried = 0;                   // of the addresses, in this round
  std::size_t at = 0;
  while (!options.addresses.empty()) {
    options.stream.host = options.addresses[at];
    listener.on_dialling(options.stream.host);
    Attempt attempt(listener);
    auto started = StreamSession::start(options.stream, identity, random, attempt);
    if (started) {
      // The listener has the previous one until it is given this one.
      auto previous = std::exchange(session, std::move(*started));
      listener.on_attempt(*session);
      previous.reset();
      const auto ended = attempt.wait(stop_requested);
      if (!ended) session->quit();
      session->stop();
      end = ended.value_or(stopped);
      if (!ended) break;
    } else {
      end = {EndKind::timed_out, wire::CloseCode::error, started.error().message};
    }
    if (attempt.session_id()) {
      policy.on_connected();
      options.stream.hello.resume = attempt.session_id();
      options.stream.pin = attempt.host();
      std::rotate(options.addresses.begin(), options.addresses.begin() + static_cast<std::ptrdiff_t>(at),
                  options.addresses.begin() + static_cast<std::ptrdiff_t>(at) + 1);
      at = tried = 0;
    } else if (end.kind == EndKind::timed_out && ++tried < options.addresses.size()) {
      at = (at + 1) % options.addresses.size();
      if (stop_requested()) {
        end = stopped;
        break;
      }
      continue;
    } else {
      at = tried = 0;
    }
    const auto wait = policy.on_ended(end, monotonic_now());
    if (!wait) break;
    listener.on_interrupted(end, *wait);
    if (!sleep_unless_stopped(*wait, stop_requested)) {
      end = stopped;
      break;
    }
  }
  listener.on_ended(end);
  return end;
}

}  // namespace punktfunk::client
