// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/pump.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "transport/udp/udp_socket.h"

namespace punktfunk::bench {
namespace {

// Without progress for this long, what is on its way is taken for lost.
constexpr Duration kStall = std::chrono::milliseconds(50);

double thread_cpu_s() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Best effort: on a machine with one processor both threads share it.
void pin_to(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  ::pthread_setaffinity_np(::pthread_self(), sizeof(set), &set);
}

// Splits a thread's processor time. Its clock is a system call of half a microsecond, as much as a datagram
// costs, so only every eighth turn is split, and the rest is taken to be like it; waiting is always measured.
class Split {
 public:
  explicit Split(Side& side) : side_(side) {
    double least = 1;
    for (int i = 0; i < 100; ++i) {
      const double before = thread_cpu_s();
      least = std::min(least, thread_cpu_s() - before);
    }
    clock_s_ = least;
    start_ = thread_cpu_s();
  }

  // Begins a turn: work(), kernel() and wait() follow in any order, some of them or all.
  void next_turn() { looks_ = ++turns_ % 8 == 0; }
  template <class F>
  auto work(F f) {
    return measured(f, side_.work_s, looks_);
  }
  template <class F>
  auto kernel(F f) {
    return measured(f, side_.kernel_s, looks_);
  }
  template <class F>
  void wait(F f) {
    const double before = thread_cpu_s();
    f();
    side_.wait_s += thread_cpu_s() - before + clock_s_;  // reading the clock is waiting, too
  }

  // At the thread's end: stretches what was looked at to the whole.
  void finish() {
    const double busy = thread_cpu_s() - start_ - side_.wait_s - clocks_s_;
    const double seen = side_.work_s + side_.kernel_s;
    const double scale = seen > 0 ? busy / seen : 0;
    side_.work_s *= scale;
    side_.kernel_s *= scale;
  }

 private:
  template <class F>
  auto measured(F f, double& sum, bool looks) {
    if (!looks) return f();
    clocks_s_ += 2 * clock_s_;
    struct Lap {
      double& sum;
      const double clock_s;
      const double before = thread_cpu_s();
      ~Lap() { sum += std::max(0.0, thread_cpu_s() - before - clock_s); }
    } const lap{sum, clock_s_};
    return f();
  }

  Side& side_;
  double clock_s_ = 0;   // one reading of the clock
  double clocks_s_ = 0;  // all readings but those of wait()
  double start_ = 0;
  std::uint64_t turns_ = 0;
  bool looks_ = false;
};

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits actively: a sleep on this scale would measure the scheduler. Gives the processor up only when the
// other side is kept waiting by something else.
template <class Done>
void spin_until(Done done) {
  constexpr int kSpins = 10'000;  // about 200 us
  for (int spins = 0; !done(); ++spins) {
    if (spins < kSpins) {
      relax();
    } else {
      ::sched_yield();
    }
  }
}

struct Shared {
  alignas(64) std::atomic<std::uint64_t> sent_bytes{0};
  alignas(64) std::atomic<std::uint64_t> received_bytes{0};
  alignas(64) std::atomic<bool> sender_done{false};
};

class Sender {
 public:
  Sender(UdpSocket& socket, const SocketAddress& to, Source& source, const PumpOptions& options,
         Shared& shared)
      : socket_(socket), to_(to), source_(source), options_(options), shared_(shared) {}

  void run(PumpResult& result) {
    pin_to(options_.send_cpu);
    Split split(result.send);
    next_at_ = monotonic_now();
    const TimePoint end = next_at_ + Duration(static_cast<std::int64_t>(options_.seconds * 1e9));
    const std::size_t datagram = source_.datagram_bytes();
    const std::size_t burst = std::max<std::size_t>(kSegmentedSendBytes / datagram, 1) * datagram;
    SendOptions patient;
    patient.patience = std::chrono::seconds(1);
    while (monotonic_now() < end) {
      split.next_turn();
      const ByteView all = split.work([&] { return source_.next(); });
      for (std::size_t at = 0; at < all.size(); at += burst) {
        const ByteView piece = all.subspan(at, std::min(burst, all.size() - at));
        if (!may_leave(piece.size())) split.wait([&] { wait_for_turn(piece.size()); });
        next_at_ += time_of(piece.size());
        split.kernel([&] { socket_.send(SocketAddress{}, to_, piece, datagram, patient); });
        sent_bytes_ += piece.size();
        shared_.sent_bytes.store(sent_bytes_, std::memory_order_release);
      }
    }
    shared_.sender_done.store(true, std::memory_order_release);
    split.finish();
    result.sent = sent_bytes_ / datagram;
  }

 private:
  [[nodiscard]] bool may_leave(std::size_t bytes) const {
    if (options_.rate_gbps > 0) return monotonic_now() >= next_at_;
    return sent_bytes_ + bytes - lost_bytes_ - shared_.received_bytes.load(std::memory_order_acquire) <=
           options_.window_bytes;
  }
  // At the pace; none without one.
  [[nodiscard]] Duration time_of(std::size_t bytes) const {
    if (options_.rate_gbps <= 0) return Duration::zero();
    return Duration(static_cast<std::int64_t>(static_cast<double>(bytes) * 8 / options_.rate_gbps));
  }
  void wait_for_turn(std::size_t bytes) {
    if (options_.rate_gbps > 0) return spin_until([&] { return may_leave(bytes); });
    const TimePoint give_up = monotonic_now() + kStall;
    spin_until([&] { return may_leave(bytes) || monotonic_now() > give_up; });
    if (!may_leave(bytes)) {
      lost_bytes_ = sent_bytes_ - shared_.received_bytes.load(std::memory_order_acquire);
    }
  }

  UdpSocket& socket_;
  const SocketAddress to_;
  Source& source_;
  const PumpOptions& options_;
  Shared& shared_;
  TimePoint next_at_{};
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t lost_bytes_ = 0;
};

void receive(UdpSocket& socket, Sink& sink, const PumpOptions& options, Shared& shared, PumpResult& result) {
  pin_to(options.receive_cpu);
  TimePoint last_arrival = monotonic_now();
  Split split(result.receive);
  const auto something = [&] {
    return shared.sent_bytes.load(std::memory_order_acquire) > result.bytes_received ||
           shared.sender_done.load(std::memory_order_acquire);
  };
  const auto enough = [&] {
    return shared.sent_bytes.load(std::memory_order_acquire) - result.bytes_received >=
               options.window_bytes / 2 ||
           shared.sender_done.load(std::memory_order_acquire);
  };
  while (true) {
    split.next_turn();
    if (!something()) {
      split.wait([&] {
        spin_until(something);
        const TimePoint until = monotonic_now() + options.gather;
        spin_until([&] { return enough() || monotonic_now() >= until; });
      });
    }
    const auto datagrams = split.kernel([&] { return socket.receive_batch(); });
    if (datagrams.empty()) {
      // Sent, but not here yet, or lost.
      if (shared.sender_done.load(std::memory_order_acquire) && monotonic_now() - last_arrival > kStall)
        break;
      split.wait(relax);
      continue;
    }
    last_arrival = monotonic_now();
    std::uint64_t bytes = 0;
    for (const ReceivedDatagram& datagram : datagrams) bytes += datagram.bytes.size();
    split.work([&] { sink.take(datagrams, last_arrival); });
    result.received += datagrams.size();
    result.bytes_received += bytes;
    shared.received_bytes.store(result.bytes_received, std::memory_order_release);
    last_arrival = monotonic_now();
  }
  split.finish();
  result.seconds = to_seconds(last_arrival.time_since_epoch());
}

}  // namespace

Result<PumpResult> pump(Source& source, Sink& sink, const PumpOptions& options) {
  UdpOptions udp;
  udp.receive_buffer_bytes = static_cast<int>(options.receive_buffer_bytes);
  const SocketAddress loopback = *SocketAddress::parse("127.0.0.1", 0);
  auto from = UdpSocket::bind(loopback, udp);
  if (!from) return tl::unexpected(from.error());
  auto to = UdpSocket::bind(loopback, udp);
  if (!to) return tl::unexpected(to.error());

  PumpResult result;
  Shared shared;
  const double start = to_seconds(monotonic_now().time_since_epoch());
  std::thread receiver([&] { receive(**to, sink, options, shared, result); });
  // Two threads write to `result`, each to its own members.
  Sender(**from, (*to)->local_address(), source, options, shared).run(result);
  receiver.join();
  result.seconds -= start;
  return result;
}

}  // namespace punktfunk::bench
