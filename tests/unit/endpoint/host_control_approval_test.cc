// SPDX-License-Identifier: MIT OR Apache-2.0
// HostControl while the operator decides (section 9.3).
#include <utility>
#include <vector>

#include "host_control_fixture.h"

namespace punktfunk::control {

namespace {

TEST_F(HostControlTest, ParksAnUnknownDeviceAndGoesOnWhenItIsAdmitted) {
  side.paired.clear();
  side.parks = true;
  say_hello();
  EXPECT_EQ(side.knocks, std::vector{hello()});
  EXPECT_TRUE(machine->is_parked());
  EXPECT_FALSE(machine->has_session()) << "it holds no place of a session";
  EXPECT_EQ(side.written.count(FrameType::pending), 1u) << "at once";
  wait(milliseconds(9'999));
  EXPECT_EQ(side.written.count(FrameType::pending), 1u);
  wait(seconds(1));
  EXPECT_EQ(side.written.count(FrameType::pending), 2u);
  wait(seconds(140));
  EXPECT_EQ(side.written.count(FrameType::pending), 16u);
  EXPECT_TRUE(side.hellos.empty());
  accept();  // nothing to accept yet
  EXPECT_EQ(side.written.count(FrameType::server_hello), 0u);
  machine->admit(now);
  EXPECT_EQ(side.hellos, std::vector{hello()});
  machine->admit(now);
  EXPECT_EQ(side.hellos.size(), 1u) << "once";
  wait(seconds(100));  // the window is no matter any more
  accept();
  feed(frame_of(FrameType::ready));
  EXPECT_TRUE(machine->is_running());
  machine->turn_away(CloseCode::denied, "Late.");
  EXPECT_FALSE(side.closed);
}

TEST_F(HostControlTest, AParkedDeviceIsTurnedAway) {
  side.paired.clear();
  side.parks = true;
  say_hello();
  machine->turn_away(CloseCode::denied, "No.");
  expect_closed(CloseCode::denied);
  machine->admit(now);
  machine->turn_away(CloseCode::denied, "No.");
  EXPECT_TRUE(side.hellos.empty());
}

TEST_F(HostControlTest, TheWindowForTheOperatorIsThreeMinutes) {
  side.paired.clear();
  side.parks = true;
  say_hello();
  wait(seconds(180) - milliseconds(1));
  EXPECT_FALSE(side.closed);
  EXPECT_EQ(side.written.count(FrameType::pending), 18u);
  wait(milliseconds(1));
  expect_closed(CloseCode::approval_timed_out);
  machine->admit(now);
  EXPECT_TRUE(side.hellos.empty()) << "too late for this connection";
}

TEST_F(HostControlTest, AdmittedInTheVeryInstantItsWindowEnds) {
  side.paired.clear();
  side.parks = true;
  say_hello();
  wait(seconds(180) - milliseconds(1));
  now += milliseconds(1);
  machine->admit(now);
  machine->handle_deadline(now);
  EXPECT_FALSE(side.closed);
  EXPECT_EQ(side.hellos.size(), 1u);
}

TEST_F(HostControlTest, AParkedDeviceStaysBoundToTheHandshake) {
  side.paired.clear();
  side.parks = true;
  const std::vector<std::pair<FrameType, Bytes>> early = {{FrameType::ready, {}},
                                                          {FrameType::client_hello, hello().encode()},
                                                          {FrameType::pair_request, Bytes(40, 1)}};
  for (const auto& [type, body] : early) {
    side.closed.reset();
    start();
    say_hello();
    ASSERT_TRUE(machine->is_parked());
    feed(frame_of(type, body));
    expect_closed(CloseCode::error);
  }
  side.closed.reset();
  start();
  say_hello();
  wire::ClockProbe probe;
  feed(frame_of(FrameType::clock_probe, probe.encode()));
  EXPECT_EQ(side.written.count(FrameType::clock_echo), 0u) << "the clock is a session's";
  feed({}, true);
  expect_closed(CloseCode::error);
}

TEST_F(HostControlTest, OnlyACertificateMayKnock) {
  side.parks = true;
  start(false);
  say_hello();
  expect_closed(CloseCode::client_certificate_needed);
  EXPECT_TRUE(side.knocks.empty());
}

TEST_F(HostControlTest, AnAccessOnlyHelloStartsNothing) {
  auto greeting = hello();
  greeting.access_only = true;
  for (const bool known : {true, false}) {
    SCOPED_TRACE(known);
    side = FakeHostSide();
    side.parks = true;
    if (known) side.paired.insert(client_fp);
    start();
    feed(frame_of(FrameType::client_hello, greeting.encode()));
    if (!known) {
      ASSERT_TRUE(machine->is_parked());
      machine->admit(now);
    }
    expect_closed(CloseCode::access_granted);
    EXPECT_TRUE(side.hellos.empty());
  }
}

}  // namespace

}  // namespace punktfunk::control
