// SPDX-License-Identifier: MIT OR Apache-2.0
// What the frame path does for a client that lost something: it goes on without the lost frames, or with a
// keyframe, and sends shards again.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "core/session/media_receiver.h"
#include "core/wire/media_header.h"
#include "synthetic_pipeline.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;

// The client's receiver in place of the network.
class RecordingSocket final : public DatagramSocket {
 public:
  explicit RecordingSocket(const endpoint::MediaGrant& grant)
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
      Bytes copy(one.begin(), one.end());
      (void)receiver_.receive(copy, monotonic_now());
    }
    while (auto frame = receiver_.poll_frame(monotonic_now())) flags_.push_back(frame->flags);
    changed_.notify_all();
    return {.sent = count};
  }
  TransportStats stats() const override { return {}; }

  // The first frame from index `from` on that has one of `flags`; waits for it.
  std::optional<std::size_t> wait_for(std::size_t from, unsigned flags) {
    std::unique_lock lock(mutex_);
    std::size_t at = from;
    const bool found = changed_.wait_for(lock, 30s, [&] {
      while (at < flags_.size() && (flags_[at] & flags) == 0) ++at;
      return at < flags_.size();
    });
    return found ? std::optional(at) : std::nullopt;
  }
  std::size_t frames() {
    const std::lock_guard lock(mutex_);
    return flags_.size();
  }
  // Packets of frames that were complete before.
  bool wait_for_late(std::uint64_t packets) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(
        lock, 30s, [&] { return receiver_.stats().count(media::MediaReceiver::Outcome::late) >= packets; });
  }
  media::MediaReceiver::Stats received() {
    const std::lock_guard lock(mutex_);
    return receiver_.stats();
  }

 private:
  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1", 1);
  std::mutex mutex_;
  std::condition_variable changed_;
  media::MediaReceiver receiver_;
  std::vector<std::uint16_t> flags_;  // by frame index
};

constexpr unsigned kAny = wire::kFlagPicture;
constexpr unsigned kHeals = wire::kFlagKeyframe | wire::kFlagRecoveryAnchor;

class PipelineRecovery : public ::testing::Test {
 protected:
  void start(std::size_t references) {
    VideoPipeline::Setup setup = test::synthetic_setup(BitRate::from_kbps(20'000));
    SyntheticConfig synthetic;
    synthetic.video = {1280, 720, test::kHz, 1, BitRate::from_kbps(20'000), VideoCodec::h264, 0};
    synthetic.references = references;
    setup.source.encoder = create_synthetic_encoder(synthetic);
    pipeline_.emplace(std::move(setup), socket_, test::callbacks_without_failure());
    ASSERT_TRUE(pipeline_->start_capture().has_value());
    pipeline_->start_sending(grant_);
    ASSERT_TRUE(socket_.wait_for(5, kAny));
  }

  const endpoint::MediaGrant grant_ = test::made_up_grant();
  RecordingSocket socket_{grant_};
  std::optional<VideoPipeline> pipeline_;
};

TEST_F(PipelineRecovery, GoesOnFromAnOlderPictureWhereTheEncoderCan) {
  start(16);
  const std::size_t now = socket_.frames();
  // All the frames there are, and some that are not yet.
  const auto lost = static_cast<std::uint32_t>(now - 2);
  pipeline_->go_on_without({lost, lost + 1});
  const auto healed = socket_.wait_for(now, kHeals);
  ASSERT_TRUE(healed);
  pipeline_->stop();
  EXPECT_EQ(pipeline_->statistics().keyframes, 1u) << "the first";
  EXPECT_EQ(pipeline_->statistics().anchors, 1u);
}

TEST_F(PipelineRecovery, MakesAKeyframeWhereTheEncoderCannot) {
  start(0);
  const std::size_t now = socket_.frames();
  pipeline_->go_on_without({static_cast<std::uint32_t>(now - 1), static_cast<std::uint32_t>(now - 1)});
  ASSERT_TRUE(socket_.wait_for(now, kHeals));
  pipeline_->stop();
  EXPECT_EQ(pipeline_->statistics().keyframes, 2u);
  EXPECT_EQ(pipeline_->statistics().anchors, 0u);
}

TEST_F(PipelineRecovery, SendsAgainWhatIsStillThereButNoFlood) {
  start(16);
  const auto newest = static_cast<std::uint32_t>(socket_.frames() - 1);
  const std::vector<std::uint16_t> shards = {0, 1};
  pipeline_->send_again(newest, shards);
  // Its parity comes late as well, in ones and twos a frame: the statistics tell what was sent again.
  ASSERT_TRUE(socket_.wait_for_late(2));
  const std::vector<std::uint16_t> none = {60'000};
  const std::vector<std::uint16_t> many(16, 0);
  for (int i = 0; i < 500; ++i) {
    pipeline_->send_again(newest, i % 2 == 0 ? none : many);
    pipeline_->send_again(newest + 5'000, many);
  }
  ASSERT_TRUE(socket_.wait_for(socket_.frames() + 3, kAny));
  pipeline_->stop();
  const auto statistics = pipeline_->statistics();
  EXPECT_GE(statistics.datagrams_again, 2u);
  // A frame allows half as many again as it has datagrams itself.
  EXPECT_LE(statistics.datagrams_again, statistics.video_datagrams / 2 + statistics.frames);
  EXPECT_EQ(socket_.received().packets_dropped(), 0u);
}

}  // namespace
}  // namespace punktfunk::host
