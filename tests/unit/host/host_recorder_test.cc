// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/host_recorder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace punktfunk::host {
namespace {

using nlohmann::json;

class HostRecorderTest : public testing::Test {
 protected:
  // What was published since the last call: "type" and the data without the time.
  std::vector<std::pair<std::string, json>> news() {
    std::vector<std::pair<std::string, json>> out;
    for (const auto& event : log.after(seen, 100, 1 << 20).events) {
      json data = json::parse(event.data);
      EXPECT_GT(data.value("unix_ms", std::uint64_t{0}), 1'600'000'000'000U);
      data.erase("unix_ms");
      out.emplace_back(event.type, std::move(data));
      seen = event.id;
    }
    return out;
  }
  static control::Device device(control::PairedBy how) {
    control::Device device;
    device.fingerprint.fill(0xAB);
    device.name = "Phone";
    device.how = how;
    return device;
  }

  http::EventLog log{0, 64};
  HostRecorder recorder{log};
  std::uint64_t seen = 0;
};

TEST_F(HostRecorderTest, ASessionFromBeginningToEnd) {
  const wire::Mode small{1280, 720, 60};
  const wire::Mode large{1920, 1080, 60};
  recorder.session_began(7, device(control::PairedBy::pin), small);
  recorder.epoch_began(7, large);
  recorder.epoch_began(7, large);
  recorder.session_over(7, "It ended.");
  const auto said = news();
  ASSERT_EQ(said.size(), 4U);
  EXPECT_EQ(said[0].first, "session_started");
  EXPECT_EQ(said[0].second["mode"], "1280x720@60");
  EXPECT_EQ(said[0].second["fingerprint"],
            control::fingerprint_hex(device(control::PairedBy::pin).fingerprint));
  EXPECT_EQ(said[1].first, "session_reconfigured");
  EXPECT_EQ(said[1].second["mode"], "1920x1080@60");
  EXPECT_EQ(said[2].first, "session_rebuilt") << "the same mode again: something broke";
  EXPECT_EQ(said[3].first, "session_ended");
  EXPECT_EQ(said[3].second["reason"], "It ended.");
  EXPECT_EQ(recorder.figures().sessions_started, 1U);
}

TEST_F(HostRecorderTest, WhatNeverBeganEndsInSilence) {
  recorder.session_over(8, "Refused.");
  recorder.epoch_began(8, {1280, 720, 60});
  EXPECT_TRUE(news().empty());
}

TEST_F(HostRecorderTest, TrustIsToldAndCounted) {
  recorder.trusted(device(control::PairedBy::pin));
  recorder.trusted(device(control::PairedBy::approval));
  recorder.trusted(device(control::PairedBy::first_use));
  recorder.knocked({});
  recorder.denied({});
  recorder.device_changed(device(control::PairedBy::pin));
  recorder.unpaired(device(control::PairedBy::pin));
  std::vector<std::string> types;
  for (const auto& one : news()) types.push_back(one.first);
  EXPECT_EQ(types, (std::vector<std::string>{"paired", "approved", "paired", "knock", "denied",
                                             "client_changed", "unpaired"}));
  const api::HostFigures figures = recorder.figures();
  EXPECT_EQ(figures.pairings, 1U);
  EXPECT_EQ(figures.approvals, 1U);
  EXPECT_EQ(figures.knocks, 1U);
  EXPECT_EQ(figures.denials, 1U);
}

// The reasons become labels of a metric, so whatever comes makes a handful of them.
TEST_F(HostRecorderTest, ReasonsOfFailedPairingsAreFew) {
  recorder.pairing_failed(std::nullopt);
  for (int code = 0; code < 300; ++code) recorder.pairing_failed(static_cast<wire::CloseCode>(code));
  const auto refusals = recorder.figures().pairing_refusals;
  EXPECT_EQ(refusals.size(), 5U);
  std::uint64_t sum = 0;
  for (const auto& one : refusals) sum += one.second;
  EXPECT_EQ(sum, 301U);
}

TEST_F(HostRecorderTest, SessionsThatAreOverStayCounted) {
  SessionInfo session;
  session.statistics.frames = 100;
  session.statistics.send.add(std::chrono::milliseconds(2));
  session.packets_received = 900;
  recorder.add_session(session);
  recorder.add_session(session);
  const api::StreamFigures streams = recorder.figures().streams;
  EXPECT_EQ(recorder.sessions_over(), 2U);
  EXPECT_EQ(streams.frames, 200U);
  EXPECT_EQ(streams.packets_received, 1800U);
  ASSERT_EQ(streams.stages.size(), 4U);
  EXPECT_EQ(streams.stages[3].name, "send");
  EXPECT_EQ(streams.stages[3].times.count(), 2U);
}

TEST_F(HostRecorderTest, Displays) {
  DisplayInfo display;
  display.id = 3;
  display.key = std::string(64, 'a');
  display.mode = DisplayMode::from_hz(1280, 720, 60);
  display.state = DisplayBook::State::leased;
  recorder.display_changed(display, true);
  display.state = DisplayBook::State::lingering;
  display.left = std::chrono::seconds(10);
  recorder.display_changed(display, true);
  recorder.display_changed(display, false);
  const auto said = news();
  ASSERT_EQ(said.size(), 3U);
  EXPECT_EQ(said[0].first, "display_in_use");
  EXPECT_EQ(said[1].first, "display_lingering");
  EXPECT_EQ(said[1].second["ends_in_s"], 10.0);
  EXPECT_EQ(said[2].first, "display_ended");
}

}  // namespace
}  // namespace punktfunk::host
