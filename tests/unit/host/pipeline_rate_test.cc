// SPDX-License-Identifier: MIT OR Apache-2.0
// The frame path keeps to its wire budget, follows a new one in place, and pays parity out of it.
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <vector>

#include "core/session/media_receiver.h"
#include "core/wire/media_header.h"
#include "synthetic_pipeline.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;

// The client's receiver in place of the network.
class ReceivingSocket final : public DatagramSocket {
 public:
  explicit ReceivingSocket(const endpoint::MediaGrant& grant)
      : receiver_(grant.host_to_client, grant.params, grant.clock.origin_unix_ns()) {}

  int fd() const override { return -1; }
  const SocketAddress& local_address() const override { return address_; }
  std::span<const ReceivedDatagram> receive_batch() override { return {}; }
  SendOutcome send(const SocketAddress&, const SocketAddress&, ByteView datagrams, std::size_t segment,
                   const SendOptions&) override {
    const std::lock_guard lock(mutex_);
    std::size_t count = 0;
    for (std::size_t at = 0; at < datagrams.size(); at += segment, ++count) {
      const ByteView one = datagrams.subspan(at, std::min(segment, datagrams.size() - at));
      wire_bytes_ += one.size();
      Bytes copy(one.begin(), one.end());
      (void)receiver_.receive(copy, monotonic_now());
    }
    while (auto frame = receiver_.poll_frame(monotonic_now())) {
      seen_.push_back({frame->au.size(), (frame->flags & wire::kFlagKeyframe) != 0, wire_bytes_});
      receiver_.recycle(std::move(frame->au));
    }
    changed_.notify_all();
    return {.sent = count};
  }
  TransportStats stats() const override { return {}; }

  struct Seen {
    std::size_t au_bytes = 0;
    bool keyframe = false;
    std::uint64_t wire_bytes = 0;  // since the start, up to its last needed datagram
  };
  media::MediaReceiver::Stats received() {
    const std::lock_guard lock(mutex_);
    return receiver_.stats();
  }
  // `count` frames in a row, from the first one on that is no larger than this.
  std::vector<Seen> next(std::size_t count, std::size_t most_au_bytes) {
    std::unique_lock lock(mutex_);
    std::size_t begin = seen_.size();
    EXPECT_TRUE(changed_.wait_for(lock, 30s,
                                  [&] {
                                    while (begin < seen_.size() && seen_[begin].au_bytes > most_au_bytes)
                                      ++begin;
                                    return seen_.size() >= begin + count;
                                  }))
        << "no frame came down to " << most_au_bytes << " bytes";
    if (seen_.size() < begin + count) return {};
    return {seen_.begin() + static_cast<std::ptrdiff_t>(begin),
            seen_.begin() + static_cast<std::ptrdiff_t>(begin + count)};
  }

 private:
  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1", 1);
  std::mutex mutex_;
  std::condition_variable changed_;
  media::MediaReceiver receiver_;
  std::uint64_t wire_bytes_ = 0;
  std::vector<Seen> seen_;
};

double wire_bytes_a_frame(const std::vector<ReceivingSocket::Seen>& frames) {
  return static_cast<double>(frames.back().wire_bytes - frames.front().wire_bytes) /
         static_cast<double>(frames.size() - 1);
}

TEST(PipelineRate, FollowsANewBudgetInPlaceAndPaysParityOutOfIt) {
  const endpoint::MediaGrant grant = test::made_up_grant();
  ReceivingSocket socket(grant);
  VideoPipeline pipeline(test::synthetic_setup(BitRate::from_kbps(200'000)), socket,
                         test::callbacks_without_failure());
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);

  // A frame's share of 200 Mbit/s is 104,167 bytes on the wire.
  const auto full = socket.next(20, 104'167);
  ASSERT_EQ(full.size(), 20u);
  EXPECT_LE(wire_bytes_a_frame(full), 104'167 * 1.02);
  EXPECT_GE(wire_bytes_a_frame(full), 104'167 * 0.9);

  const BitRate less = BitRate::from_kbps(50'000);
  pipeline.set_wire_budget(less);
  EXPECT_EQ(pipeline.wire_budget(), less);
  const auto quarter = socket.next(20, 26'042);
  ASSERT_EQ(quarter.size(), 20u);
  EXPECT_LE(wire_bytes_a_frame(quarter), 26'042 * 1.02);
  EXPECT_GE(wire_bytes_a_frame(quarter), 26'042 * 0.85);
  for (const auto& frame : quarter) EXPECT_FALSE(frame.keyframe) << "the encoder changed in place";

  wire::Feedback feedback;
  feedback.window = 1;
  feedback.loss_ppm = 100'000;
  feedback.packets = 1000;
  // What is lost while the rate is lowered is a full queue's doing; at the lower rate it is the link's.
  (void)pipeline.on_loss_report(feedback);
  feedback.window = 2;
  feedback.packets = 2000;
  (void)pipeline.on_loss_report(feedback);
  const auto protected_ones = socket.next(20, quarter.front().au_bytes - 1000);
  ASSERT_EQ(protected_ones.size(), 20u);
  // Data and parity are each rounded up to whole datagrams.
  EXPECT_LE(wire_bytes_a_frame(protected_ones), 26'042 + 2 * 1'454) << "parity came on top";
  pipeline.stop();
}

// Filler of 100 Mbit/s for 300 ms beside 240 frames a second.
TEST(PipelineProbe, VideoBesideAProbeKeepsItsFrames) {
  const endpoint::MediaGrant grant = test::made_up_grant();
  ReceivingSocket socket(grant);
  std::promise<wire::ProbeResult> probed;
  VideoPipeline::Callbacks callbacks = test::callbacks_without_failure();
  callbacks.probed = [&](const wire::ProbeResult& result) { probed.set_value(result); };
  VideoPipeline pipeline(test::synthetic_setup(BitRate::from_kbps(20'000)), socket, std::move(callbacks));
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);
  ASSERT_EQ(socket.next(5, 1'000'000).size(), 5u);
  const auto frames_before = socket.received().frames_complete;

  wire::ProbeRequest request;
  request.target_kbps = 100'000;
  request.duration_ms = 300;
  pipeline.start_probe(request);
  auto done = probed.get_future();
  ASSERT_EQ(done.wait_for(30s), std::future_status::ready);
  const wire::ProbeResult result = done.get();
  pipeline.stop();

  const auto received = socket.received();
  EXPECT_EQ(received.probe_packets, result.wire_packets_sent);
  EXPECT_EQ(received.packets_dropped(), 0u);
  EXPECT_EQ(received.frames_lost, 0u);
  EXPECT_GT(received.frames_complete, frames_before);
  EXPECT_EQ(received.frames_complete, pipeline.statistics().frames);
  EXPECT_EQ(result.send_dropped, 0u);
  EXPECT_GE(result.duration_ms, 300u);
  // 3.75 MB and no more, whatever else the machine did meanwhile.
  EXPECT_LE(std::uint64_t{result.wire_packets_sent} * 1454, 3'750'000u);
  EXPECT_GT(result.wire_packets_sent, 10u);
  EXPECT_EQ(result.bytes_sent, std::uint64_t{result.packets_sent} * request.filler_bytes());
}

// Without frames: what a probe-only session runs.
TEST(PipelineProbe, FillerLeavesWithoutCapturerAndEncoder) {
  const endpoint::MediaGrant grant = test::made_up_grant();
  ReceivingSocket socket(grant);
  BoundedQueue<wire::ProbeResult> results(4);
  VideoPipeline::Setup setup;
  setup.source.mode = {1280, 720, 60};
  VideoPipeline::Callbacks callbacks = test::callbacks_without_failure();
  callbacks.probed = [&](const wire::ProbeResult& result) { results.push(result); };
  VideoPipeline pipeline(std::move(setup), socket, std::move(callbacks));
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);
  std::uint64_t packets = 0;
  for (const std::uint32_t kbps : {4'000u, 64'000u, 500'000u}) {
    wire::ProbeRequest request;
    request.target_kbps = kbps;
    request.duration_ms = 50;
    pipeline.start_probe(request);
    const auto result = results.pop(30s);
    ASSERT_TRUE(result) << kbps;
    EXPECT_GT(result->wire_packets_sent, 0u);
    packets += result->wire_packets_sent;
  }
  pipeline.stop();
  EXPECT_EQ(socket.received().probe_packets, packets);
  EXPECT_EQ(socket.received().packets_dropped(), 0u);
}

}  // namespace
}  // namespace punktfunk::host
