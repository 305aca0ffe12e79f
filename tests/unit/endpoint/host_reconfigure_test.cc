// SPDX-License-Identifier: MIT OR Apache-2.0
// Section 16.2 on the host's control stream: which requests for another mode are taken, and what the client
// is told of epochs.
#include "core/wire/features.h"
#include "host_control_fixture.h"

namespace punktfunk::control {
namespace {

constexpr wire::Mode kFirst{1280, 720, 60}, kLarge{1920, 1080, 60}, kOther{800, 600, 60};

class HostReconfigure : public HostControlTest {
 protected:
  void run(bool ties_modes) {
    say_hello();
    wire::ServerHello hello = answer();
    if (ties_modes) hello.features.set(wire::kStreamConfig);
    machine->accept(hello, config(), now);
    feed(frame_of(FrameType::ready));
    ASSERT_TRUE(machine->is_running());
    side.takes_modes = true;
  }
  wire::Reconfigured ask(const wire::Mode& mode) {
    feed(frame_of(FrameType::reconfigure, wire::Reconfigure{mode}.encode()));
    return wire::Reconfigured::decode(side.written.last(FrameType::reconfigured)).value();
  }
};

TEST_F(HostReconfigure, IsAcceptedAtMostEveryHalfSecond) {
  run(true);
  EXPECT_EQ(ask(kLarge), (wire::Reconfigured{true, kLarge}));
  wait(HostControl::kReconfigureSpacing - milliseconds(1));
  EXPECT_EQ(ask(kOther), (wire::Reconfigured{false, kLarge})) << "the one that is coming is named";
  EXPECT_EQ(side.modes_asked.size(), 1u) << "nobody was bothered";
  wait(milliseconds(1));
  EXPECT_EQ(ask(kOther), (wire::Reconfigured{true, kOther}));
}

TEST_F(HostReconfigure, OneThatIsRefusedCostsNoWaiting) {
  run(true);
  side.takes_modes = false;
  EXPECT_EQ(ask({63, 63, 60}), (wire::Reconfigured{false, kFirst}));
  side.takes_modes = true;
  EXPECT_EQ(ask(kLarge), (wire::Reconfigured{true, kLarge}));
}

TEST_F(HostReconfigure, AnEpochIsAnnouncedByItsConfig) {
  run(true);
  (void)ask(kLarge);
  machine->begin_epoch(1, kLarge);
  const auto said = wire::StreamConfig::decode(side.written.last(FrameType::stream_config));
  ASSERT_TRUE(said);
  wire::StreamConfig expected = config();
  expected.epoch = 1;
  expected.mode = kLarge;
  EXPECT_EQ(*said, expected);
  // Another mode than promised: this client learns it from the config.
  machine->begin_epoch(2, kOther);
  EXPECT_TRUE(side.written.frames.back().is(FrameType::stream_config));
  EXPECT_EQ(side.written.count(FrameType::reconfigured), 1u);
  machine->send_gap(250);
  EXPECT_EQ(wire::PipelineGap::decode(side.written.last(FrameType::pipeline_gap)), (wire::PipelineGap{250}));
}

TEST_F(HostReconfigure, AClientWithoutEpochsHearsOnceMoreWhenItGetsAnotherMode) {
  run(false);
  (void)ask(kLarge);
  machine->begin_epoch(1, kLarge);
  EXPECT_EQ(side.written.count(FrameType::reconfigured), 1u) << "as acknowledged";
  machine->begin_epoch(2, kOther);
  EXPECT_EQ(wire::Reconfigured::decode(side.written.last(FrameType::reconfigured)),
            (wire::Reconfigured{false, kOther}));
  machine->begin_epoch(3, kOther);
  EXPECT_EQ(side.written.count(FrameType::reconfigured), 2u);
}

TEST_F(HostReconfigure, AnEpochThatBeganBeforeReadyIsAnnouncedAfterIt) {
  say_hello();
  accept();
  machine->begin_epoch(1, kFirst);
  machine->send_gap(10);
  EXPECT_EQ(side.written.count(FrameType::stream_config), 0u);
  EXPECT_EQ(side.written.count(FrameType::pipeline_gap), 0u);
  feed(frame_of(FrameType::ready));
  const auto said = wire::StreamConfig::decode(side.written.last(FrameType::stream_config));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->epoch, 1);
}

}  // namespace
}  // namespace punktfunk::control
