// SPDX-License-Identifier: MIT OR Apache-2.0
// The frame path asks for segmentation offload, and gives it up when the client's reports say that it loses
// packets.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "synthetic_pipeline.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;

// Takes everything, and remembers how it was sent.
class CountingSocket final : public DatagramSocket {
 public:
  int fd() const override { return -1; }
  const SocketAddress& local_address() const override { return address_; }
  std::span<const ReceivedDatagram> receive_batch() override { return {}; }
  SendOutcome send(const SocketAddress&, const SocketAddress&, ByteView datagrams, std::size_t segment,
                   const SendOptions& options) override {
    const std::lock_guard lock(mutex_);
    const std::size_t count = (datagrams.size() + segment - 1) / segment;
    ++sends_;
    total_ += count;
    if (options.allow_offload) with_offload_ += count;
    changed_.notify_all();
    return {.sent = count};
  }
  TransportStats stats() const override { return {}; }

  struct Counts {
    std::uint64_t total = 0, with_offload = 0;
  };
  // What was sent from now on, once it is `wanted` datagrams; a send under way as this begins is left out.
  Counts next(std::uint64_t wanted) {
    std::unique_lock lock(mutex_);
    const auto wait = [&](auto done) { EXPECT_TRUE(changed_.wait_for(lock, 30s, done)); };
    wait([&, before = sends_] { return sends_ > before; });
    const Counts start{total_, with_offload_};
    wait([&] { return total_ - start.total >= wanted; });
    return {total_ - start.total, with_offload_ - start.with_offload};
  }

 private:
  const SocketAddress address_ = *SocketAddress::parse("192.0.2.1", 1);
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t sends_ = 0, total_ = 0, with_offload_ = 0;
};

TEST(PipelineOffload, IsGivenUpWhenNothingArrivesWithIt) {
  CountingSocket socket;
  VideoPipeline pipeline(test::synthetic_setup(BitRate::from_kbps(200'000)), socket,
                         test::callbacks_without_failure());
  ASSERT_TRUE(pipeline.start_capture().has_value());
  pipeline.start_sending(test::made_up_grant());

  // The client sees nothing as long as offload is used, and everything without it.
  wire::Feedback feedback;
  feedback.window = 0;
  feedback.loss_ppm = 0;
  feedback.packets = 0;
  bool turned_off = false;
  for (int window = 0; window < 20 && !turned_off; ++window) {
    const CountingSocket::Counts sent = socket.next(media::OffloadGuard::kMinSent);
    EXPECT_TRUE(window > 0 || sent.with_offload == sent.total) << "offload is not used from the start";
    feedback.window = *feedback.window + 1;
    *feedback.packets += sent.total - sent.with_offload;
    turned_off = pipeline.on_loss_report(feedback);
  }
  EXPECT_TRUE(turned_off);
  const CountingSocket::Counts after = socket.next(500);
  EXPECT_EQ(after.with_offload, 0U);
  EXPECT_FALSE(pipeline.on_loss_report(feedback)) << "a window is read once";
  pipeline.stop();
}

}  // namespace
}  // namespace punktfunk::host
