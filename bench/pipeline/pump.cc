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

// Adds the processor time between its calls to one of the sums of a Side.
class Laps {
 public:
  void end_of(double& sum) {
    const double now = thread_cpu_s();
    sum += now - last_;
    last_ = now;
  }

 private:
  double last_ = thread_cpu_s();
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
    Laps laps;
    next_at_ = monotonic_now();
    const TimePoint end = next_at_ + Duration(static_cast<std::int64_t>(options_.seconds * 1e9));
    const std::size_t datagram = source_.datagram_bytes();
    const std::size_t burst = std::max<std::size_t>(65'507 / datagram, 1) * datagram;
    SendOptions patient;
    patient.patience = std::chrono::seconds(1);
    while (monotonic_now() < end) {
      const ByteView all = source_.next();
      laps.end_of(result.send.work_s);
      for (std::size_t at = 0; at < all.size(); at += burst) {
        const ByteView piece = all.subspan(at, std::min(burst, all.size() - at));
        wait_for_turn(piece.size());
        laps.end_of(result.send.wait_s);
        socket_.send(SocketAddress{}, to_, piece, datagram, patient);
        sent_bytes_ += piece.size();
        shared_.sent_bytes.store(sent_bytes_, std::memory_order_release);
        laps.end_of(result.send.kernel_s);
      }
    }
    shared_.sender_done.store(true, std::memory_order_release);
    result.sent = sent_bytes_ / datagram;
  }

 private:
  void wait_for_turn(std::size_t bytes) {
    if (options_.rate_gbps > 0) {
      spin_until([&] { return monotonic_now() >= next_at_; });
      next_at_ += Duration(static_cast<std::int64_t>(static_cast<double>(bytes) * 8 / options_.rate_gbps));
      return;
    }
    const auto fits = [&] {
      return sent_bytes_ + bytes - lost_bytes_ - shared_.received_bytes.load(std::memory_order_acquire) <=
             options_.window_bytes;
    };
    if (fits()) return;
    const TimePoint give_up = monotonic_now() + kStall;
    spin_until([&] { return fits() || monotonic_now() > give_up; });
    if (!fits()) lost_bytes_ = sent_bytes_ - shared_.received_bytes.load(std::memory_order_acquire);
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
  Laps laps;
  while (true) {
    const auto something = [&] {
      return shared.sent_bytes.load(std::memory_order_acquire) > result.bytes_received ||
             shared.sender_done.load(std::memory_order_acquire);
    };
    spin_until(something);
    laps.end_of(result.receive.wait_s);
    const auto datagrams = socket.receive_batch();
    if (datagrams.empty()) {
      // Sent, but not here yet, or lost.
      laps.end_of(result.receive.wait_s);
      if (shared.sender_done.load(std::memory_order_acquire) && monotonic_now() - last_arrival > kStall)
        break;
      continue;
    }
    laps.end_of(result.receive.kernel_s);
    last_arrival = monotonic_now();
    std::uint64_t bytes = 0;
    for (const ReceivedDatagram& datagram : datagrams) bytes += datagram.bytes.size();
    sink.take(datagrams, last_arrival);
    result.received += datagrams.size();
    result.bytes_received += bytes;
    shared.received_bytes.store(result.bytes_received, std::memory_order_release);
    laps.end_of(result.receive.work_s);
    last_arrival = monotonic_now();
  }
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
