// SPDX-License-Identifier: MIT OR Apache-2.0
// A pipeline whose source is replaced while it sends, and what the frame path takes from the heap.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "core/session/media_receiver.h"
#include "core/wire/media_header.h"
#include "heap_watch.h"
#include "host/capture/fake/fake_capturer.h"
#include "synthetic_pipeline.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;

// The client's receiver in place of the network.
class FrameSocket final : public DatagramSocket {
 public:
  explicit FrameSocket(const endpoint::MediaGrant& grant)
      : receiver_(grant.host_to_client, grant.params, grant.clock.origin_unix_ns()) {
    seen_.reserve(100'000);
    copy_.reserve(1 << 20);
  }

  struct Seen {
    std::uint32_t index = 0;
    std::uint8_t epoch = 0;
    bool keyframe = false;
    std::uint64_t capture_ns = 0;
  };

  int fd() const override { return -1; }
  const SocketAddress& local_address() const override { return address_; }
  std::span<const ReceivedDatagram> receive_batch() override { return {}; }
  SendOutcome send(const SocketAddress&, const SocketAddress&, ByteView datagrams, std::size_t segment,
                   const SendOptions&) override {
    const std::lock_guard lock(mutex_);
    const std::size_t count = (datagrams.size() + segment - 1) / segment;
    for (std::size_t at = 0; at < datagrams.size(); at += segment) {
      const ByteView one = datagrams.subspan(at, std::min(segment, datagrams.size() - at));
      copy_.assign(one.begin(), one.end());
      (void)receiver_.receive(copy_, monotonic_now());
    }
    while (auto frame = receiver_.poll_frame(monotonic_now())) {
      seen_.push_back(
          {frame->index, frame->epoch, (frame->flags & wire::kFlagKeyframe) != 0, frame->capture_ns});
      receiver_.recycle(std::move(frame->au));
    }
    changed_.notify_all();
    return {.sent = count};
  }
  TransportStats stats() const override { return {}; }

  // Until `count` more frames came.
  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, 30s, [&, until = seen_.size() + count] { return seen_.size() >= until; }));
  }
  std::vector<Seen> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1", 1);
  std::mutex mutex_;
  std::condition_variable changed_;
  media::MediaReceiver receiver_;
  Bytes copy_;
  std::vector<Seen> seen_;
};

PictureSource source_of(std::uint32_t width, std::uint32_t height) {
  PictureSource source = std::move(test::synthetic_setup(BitRate::from_kbps(20'000)).source);
  source.mode = {width, height, test::kHz};
  return source;
}

TEST(PipelineSource, AnotherSourceOpensAnEpochAndTheStreamGoesOn) {
  const endpoint::MediaGrant grant = test::made_up_grant();
  FrameSocket socket(grant);
  BoundedQueue<Duration> gaps(8);
  VideoPipeline::Callbacks callbacks = test::callbacks_without_failure();
  callbacks.resumed = [&](Duration gap) { gaps.push(gap); };
  VideoPipeline pipeline(test::synthetic_setup(BitRate::from_kbps(20'000)), socket, std::move(callbacks));
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);
  for (std::uint8_t epoch = 1; epoch <= 3; ++epoch) {
    socket.wait_for(10);
    ASSERT_TRUE(pipeline.start_source(source_of(640u * epoch, 480), epoch).has_value());
    const auto gap = gaps.pop(30s);
    ASSERT_TRUE(gap);
    EXPECT_GT(*gap, Duration::zero());
  }
  socket.wait_for(10);
  pipeline.stop();

  const auto seen = socket.seen();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].index, i) << "frame indices go on from epoch to epoch";
    if (i == 0) continue;
    EXPECT_GE(seen[i].capture_ns, seen[i - 1].capture_ns);
    EXPECT_GE(seen[i].epoch, seen[i - 1].epoch) << "nothing of an old epoch follows a new one";
    EXPECT_TRUE(seen[i].keyframe || seen[i].epoch == seen[i - 1].epoch);
  }
  EXPECT_EQ(seen.back().epoch, 3);
  EXPECT_EQ(pipeline.statistics().keyframes, 4u);
  EXPECT_EQ(pipeline.statistics().frames, seen.size());
}

TEST(PipelineSource, BreakingCaptureIsReportedOnceAndAStoppedOneNever) {
  const endpoint::MediaGrant grant = test::made_up_grant();
  FrameSocket socket(grant);
  std::vector<Fault> faults;
  VideoPipeline::Callbacks callbacks = test::callbacks_without_failure();
  callbacks.failed = [&](const Fault& fault) { faults.push_back(fault); };  // on this thread
  VideoPipeline::Setup setup = test::synthetic_setup(BitRate::from_kbps(20'000));
  auto fake = std::make_unique<FakeCapturer>(64, 64);
  FakeCapturer& capturer = *fake;
  setup.source.capturer = std::move(fake);
  setup.source.mode = {64, 64, test::kHz};
  VideoPipeline pipeline(std::move(setup), socket, std::move(callbacks));
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);
  capturer.deliver(1, monotonic_now());
  socket.wait_for(1);
  capturer.end("It broke.");
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(faults[0].part, FaultPart::capture);
  EXPECT_EQ(faults[0].message, "It broke.");
  // What was captured last goes on being sent until the source is replaced.
  socket.wait_for(3);
  pipeline.stop_source();
  EXPECT_FALSE(pipeline.progress());
  pipeline.request_keyframe();
  pipeline.poke();
  pipeline.stop();
  EXPECT_EQ(faults.size(), 1u);
}

TEST(PipelineSource, NothingIsAllocatedOnTheFramePathAfterWarmUp) {
  endpoint::MediaGrant grant = test::made_up_grant();
  grant.wants_host_timing = true;
  FrameSocket socket(grant);
  VideoPipeline pipeline(test::synthetic_setup(BitRate::from_kbps(50'000)), socket,
                         test::callbacks_without_failure());
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(grant);
  socket.wait_for(120);
  pipeline.request_keyframe();  // the largest unit there is
  socket.wait_for(120);
  const std::uint64_t before = media::heap_allocations();
  socket.wait_for(200);
  EXPECT_EQ(media::heap_allocations(), before);
  pipeline.stop();
}

}  // namespace
}  // namespace punktfunk::host
