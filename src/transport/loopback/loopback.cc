// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/loopback/loopback.h"

#include <string.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace punktfunk {
namespace {

// As of UDP over IPv4: 65,535 - 20 - 8.
constexpr std::size_t kMaxPayload = 65507;
// Handed out by one receive_batch(): what a coalesced UDP read brings.
constexpr std::size_t kBatch = 64;

struct Queued {
  Bytes bytes;
  std::uint8_t ecn = kEcnNone;
};

// One direction. The eventfd is readable exactly while something is queued; it changes under the mutex, so
// the two never disagree.
class Channel {
 public:
  Channel(UniqueFd readable, std::size_t limit) : readable_(std::move(readable)), limit_(limit) {}

  enum class Pushed : std::uint8_t { taken, full, closed };

  // Waits for room until `give_up`.
  Pushed push(ByteView bytes, std::uint8_t ecn, TimePoint give_up) {
    const std::size_t cost = bytes.size() + kLoopbackOverhead;
    std::unique_lock lock(mutex_);
    const auto fits = [&] { return closed_ || used_ + cost <= limit_; };
    if (!fits()) {
      const Duration patience = give_up - monotonic_now();
      if (patience <= Duration::zero() || !room_.wait_for(lock, patience, fits)) {
        ++overflows_;
        return Pushed::full;
      }
    }
    if (closed_) return Pushed::closed;
    Queued item;
    if (!free_.empty()) {
      item = std::move(free_.back());
      free_.pop_back();
    }
    item.bytes.assign(bytes.begin(), bytes.end());
    item.ecn = ecn;
    queue_.push_back(std::move(item));
    used_ += cost;
    if (queue_.size() == 1) {
      const std::uint64_t one = 1;
      (void)!::write(readable_.get(), &one, sizeof one);
    }
    return Pushed::taken;
  }

  // Replaces `out`, whose buffers are used again.
  void pop(std::vector<Queued>& out) {
    const std::lock_guard lock(mutex_);
    for (Queued& item : out) free_.push_back(std::move(item));
    out.clear();
    while (!queue_.empty() && out.size() < kBatch) {
      used_ -= queue_.front().bytes.size() + kLoopbackOverhead;
      out.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (!out.empty() && queue_.empty()) {
      std::uint64_t count = 0;
      (void)!::read(readable_.get(), &count, sizeof count);
    }
    room_.notify_all();
  }

  // The reader is gone: nothing more is taken.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
  }

  [[nodiscard]] int fd() const { return readable_.get(); }
  [[nodiscard]] std::uint64_t overflows() const {
    const std::lock_guard lock(mutex_);
    return overflows_;
  }

 private:
  const UniqueFd readable_;
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::deque<Queued> queue_;
  std::vector<Queued> free_;
  std::size_t used_ = 0;
  std::uint64_t overflows_ = 0;
  bool closed_ = false;
};

class LoopbackSocket final : public DatagramSocket {
 public:
  LoopbackSocket(std::shared_ptr<Channel> in, std::shared_ptr<Channel> out, const SocketAddress& local,
                 const SocketAddress& peer)
      : in_(std::move(in)), out_(std::move(out)), local_(local), peer_(peer) {
    datagrams_.reserve(kBatch);
  }
  ~LoopbackSocket() override { in_->close(); }

  int fd() const override { return in_->fd(); }
  const SocketAddress& local_address() const override { return local_; }

  std::span<const ReceivedDatagram> receive_batch() override {
    in_->pop(batch_);
    datagrams_.clear();
    std::uint64_t bytes = 0;
    for (Queued& item : batch_) {
      bytes += item.bytes.size();
      datagrams_.push_back({.bytes = item.bytes, .local = &local_, .remote = &peer_, .ecn = item.ecn});
    }
    const std::lock_guard lock(stats_mutex_);
    ++stats_.receive_calls;
    stats_.received_datagrams += datagrams_.size();
    stats_.received_bytes += bytes;
    return datagrams_;
  }

  SendOutcome send(const SocketAddress&, const SocketAddress& remote, ByteView datagrams,
                   std::size_t segment_bytes, const SendOptions& options) override {
    SendOutcome outcome;
    if (datagrams.empty()) return outcome;
    TransportStats counted;
    counted.send_calls = 1;
    const std::size_t segment = std::clamp<std::size_t>(segment_bytes, 1, datagrams.size());
    const TimePoint give_up =
        options.patience > Duration::zero() ? monotonic_now() + options.patience : TimePoint{};
    for (std::size_t at = 0; at < datagrams.size(); at += segment) {
      const ByteView one = datagrams.subspan(at, std::min(segment, datagrams.size() - at));
      if (send_one(one, remote, options.ecn, give_up, outcome, counted)) {
        ++outcome.sent;
        ++counted.sent_datagrams;
        counted.sent_bytes += one.size();
      } else {
        ++outcome.dropped;
      }
    }
    add(counted);
    return outcome;
  }

  TransportStats stats() const override {
    const std::lock_guard lock(stats_mutex_);
    TransportStats result = stats_;
    result.receive_overflows = in_->overflows();
    return result;
  }

 private:
  bool send_one(ByteView bytes, const SocketAddress& remote, std::uint8_t ecn, TimePoint give_up,
                SendOutcome& outcome, TransportStats& counted) {
    if (bytes.size() > kMaxPayload) {
      ++counted.dropped_too_large;
      return false;
    }
    if (!(remote == peer_)) {
      ++counted.dropped_unreachable;
      return false;
    }
    switch (out_->push(bytes, ecn, give_up)) {
      case Channel::Pushed::taken:
        return true;
      case Channel::Pushed::closed:
        ++counted.dropped_refused;
        return false;
      case Channel::Pushed::full:
        break;
    }
    outcome.would_block = true;
    ++counted.dropped_would_block;
    return false;
  }

  void add(const TransportStats& counted) {
    const std::lock_guard lock(stats_mutex_);
    stats_.send_calls += counted.send_calls;
    stats_.sent_datagrams += counted.sent_datagrams;
    stats_.sent_bytes += counted.sent_bytes;
    stats_.dropped_would_block += counted.dropped_would_block;
    stats_.dropped_too_large += counted.dropped_too_large;
    stats_.dropped_refused += counted.dropped_refused;
    stats_.dropped_unreachable += counted.dropped_unreachable;
  }

  const std::shared_ptr<Channel> in_, out_;
  const SocketAddress local_, peer_;
  std::vector<Queued> batch_;  // what datagrams_ points into
  std::vector<ReceivedDatagram> datagrams_;
  mutable std::mutex stats_mutex_;
  TransportStats stats_;
};

}  // namespace

Result<LoopbackPair> make_loopback_pair(const LoopbackOptions& options) {
  UniqueFd to_first(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  UniqueFd to_second(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!to_first.valid() || !to_second.valid()) {
    return fail(std::string("The in-memory connection was not made (") + strerror(errno) +
                "); raise the limit of open files.");
  }
  const auto first_in = std::make_shared<Channel>(std::move(to_first), options.queue_bytes);
  const auto second_in = std::make_shared<Channel>(std::move(to_second), options.queue_bytes);
  const SocketAddress first = *SocketAddress::parse("192.0.2.1", 1);
  const SocketAddress second = *SocketAddress::parse("192.0.2.2", 2);
  return LoopbackPair{std::make_unique<LoopbackSocket>(first_in, second_in, first, second),
                      std::make_unique<LoopbackSocket>(second_in, first_in, second, first)};
}

}  // namespace punktfunk
