// SPDX-License-Identifier: MIT OR Apache-2.0
// Whole sessions of the data plane over simulated links, in virtual time: no QUIC, so that a run repeats to
// the last byte.
#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <vector>

#include "base/synthetic_frame.h"
#include "core/wire/media_header.h"
#include "endpoint/session.h"
#include "transport/sim/sim_pair.h"

namespace punktfunk::sim {
namespace {

using namespace std::chrono_literals;
using endpoint::Role;
using endpoint::Session;
using endpoint::SessionConfig;

constexpr std::uint64_t kOrigin = 1'700'000'000'000'000'000;
constexpr Duration kInterval = 16'666'667ns;

// What the client saw.
struct Seen {
  TimePoint at;
  std::uint32_t index;
  std::uint32_t recovered;
  bool operator==(const Seen&) const = default;
};
struct Outcome {
  std::vector<Seen> frames;
  std::vector<std::pair<TimePoint, std::uint32_t>> inputs;  // as they reached the host
  Session::Stats client;
  LinkStats link;
  bool wrong_bytes = false;
};

// A host that paces 20 Mbit/s at 60 frames per second, and a client that presses a key with each frame.
Outcome stream(std::uint64_t seed, const LinkOptions& down, const LinkOptions& up, std::uint32_t frames,
               std::uint8_t parity_percent) {
  Outcome run;
  SimPair pair(seed, down, up, TimePoint{1s});
  std::unique_ptr<Session> host, client;
  const auto poll = [&] {
    while (auto frame = *client->poll_frame()) {
      run.frames.push_back({pair.now(), frame->index, frame->recovered_shards});
      run.wrong_bytes |= check_synthetic(frame->au, seed, frame->index) != SyntheticCheck::good;
      (void)client->recycle(std::move(frame->au));
    }
    while (const auto event = *host->poll_input()) run.inputs.emplace_back(pair.now(), event->code);
  };
  // Everything that happens until `end`, in order.
  const auto go_to = [&](TimePoint end) {
    while (true) {
      TimePoint next = end;
      if (const auto arrival = pair.next_arrival()) next = std::min(next, *arrival);
      if (const auto deadline = client->next_deadline()) next = std::min(next, *deadline);
      pair.advance(next);
      poll();
      if (pair.now() >= end) return;
    }
  };
  SessionConfig config;
  config.clock_origin_ns = kOrigin;
  config.now = [&pair] { return pair.now(); };
  config.wait_until = go_to;
  config.role = Role::host;
  config.remote = pair.second()->local_address();
  config.pacing.stream_rate = BitRate::from_kbps(20'000);
  config.pacing.frame_interval = kInterval;
  host = Session::create(config, pair.first()).value();
  config.role = Role::client;
  config.remote = pair.first()->local_address();
  client = Session::create(config, pair.second()).value();

  std::mt19937_64 sizes(seed);
  for (std::uint32_t i = 0; i < frames; ++i) {
    go_to(TimePoint{1s} + i * kInterval);
    EXPECT_TRUE(client->send_input({wire::InputKind::key_down, i, 0, 0, 0}).has_value());
    Bytes au(i % 60 == 0 ? 150'000 : 10'000 + sizes() % 50'000);
    fill_synthetic(au, seed, i);
    Session::FrameInfo info;
    info.capture_ns = kOrigin + i * static_cast<std::uint64_t>(kInterval.count());
    info.parity_percent = parity_percent;
    if (i % 60 == 0) info.flags = wire::kFlagKeyframe;
    EXPECT_TRUE(host->submit_frame(au, info).has_value());
  }
  go_to(pair.now() + 1s);
  run.client = client->stats();
  run.link = pair.first_to_second();
  return run;
}

const LinkOptions kEverything{.delay = 10ms,
                              .jitter = 3ms,
                              .loss = 0.01,
                              .burst_start = 0.0005,
                              .burst_length = 5,
                              .duplicate = 0.01,
                              .reorder = 0.02,
                              .reorder_delay = 2ms,
                              .rate = BitRate::from_kbps(100'000)};

TEST(DataPlane, PerfectLinkDeliversEverythingInOrder) {
  const Outcome run = stream(1, {.delay = 5ms}, {.delay = 5ms}, 300, 10);
  ASSERT_EQ(run.frames.size(), 300U);
  ASSERT_EQ(run.inputs.size(), 300U);
  EXPECT_FALSE(run.wrong_bytes);
  for (std::uint32_t i = 0; i < 300; ++i) {
    EXPECT_EQ(run.frames[i].index, i);
    // Paced within its interval, plus the way.
    EXPECT_LT(run.frames[i].at - (TimePoint{1s} + i * kInterval), kInterval + 5ms);
    EXPECT_EQ(run.inputs[i], std::make_pair(TimePoint{1s} + i * kInterval + 5ms, i));
  }
}

TEST(DataPlane, EveryKindOfTroubleAtOnce) {
  const std::uint64_t seed = 20261121;
  std::cout << "seed " << seed << "\n";
  const Outcome run = stream(seed, kEverything, kEverything, 1200, 30);
  EXPECT_FALSE(run.wrong_bytes);
  EXPECT_GT(run.link.lost_random, 0U);
  EXPECT_GT(run.link.lost_burst, 0U);
  EXPECT_GT(run.link.reordered, 0U);
  EXPECT_GT(run.link.duplicated, 0U);
  EXPECT_EQ(run.client.media.count(media::MediaReceiver::Outcome::replayed), run.link.duplicated);
  EXPECT_GE(run.frames.size(), 1195U) << "30 % parity covers 1 % and short bursts";
  EXPECT_GT(run.client.media.recovered_shards, 100U);
  // Input has no repair: what was not lost arrived, once.
  EXPECT_NEAR(static_cast<double>(run.inputs.size()), 1200 * (1 - 0.0125), 30);
}

TEST(DataPlane, RepeatsExactly) {
  const std::uint64_t seed = 20261122;
  std::cout << "seed " << seed << "\n";
  const Outcome first = stream(seed, kEverything, kEverything, 300, 10);
  const Outcome second = stream(seed, kEverything, kEverything, 300, 10);
  EXPECT_EQ(first.frames, second.frames);
  EXPECT_EQ(first.inputs, second.inputs);
  EXPECT_EQ(first.client.media.by_outcome, second.client.media.by_outcome);
  const Outcome other = stream(seed + 1, kEverything, kEverything, 300, 10);
  EXPECT_NE(first.frames, other.frames);
}

// After a stall of two seconds the queue is dropped, and the picture is new again with the next keyframe.
TEST(DataPlane, FlushAfterAStall) {
  SimPair pair(3, {.delay = 5ms}, {.delay = 5ms}, TimePoint{1s});
  SessionConfig config;
  config.clock_origin_ns = kOrigin;
  config.now = [&pair] { return pair.now(); };
  config.wait_until = [&pair](TimePoint at) { pair.advance(at); };
  config.remote = pair.second()->local_address();
  const auto host = Session::create(config, pair.first()).value();
  config.role = Role::client;
  config.remote = pair.first()->local_address();
  const auto client = Session::create(config, pair.second()).value();
  const auto submit = [&](std::uint32_t i, bool keyframe) {
    pair.advance(TimePoint{1s} + i * kInterval);
    Session::FrameInfo info;
    info.capture_ns = kOrigin + i * static_cast<std::uint64_t>(kInterval.count());
    if (keyframe) info.flags = wire::kFlagKeyframe;
    EXPECT_TRUE(host->submit_frame(Bytes(20'000), info).has_value());
  };
  for (std::uint32_t i = 0; i < 120; ++i) submit(i, i == 0);
  pair.advance(pair.now() + 10ms);
  EXPECT_EQ(*client->flush_backlog(), 120U);
  submit(120, false);
  submit(121, true);
  submit(122, false);
  pair.advance(pair.now() + 10ms);
  EXPECT_EQ((*client->poll_frame())->index, 121U);
  EXPECT_EQ((*client->poll_frame())->index, 122U);
  EXPECT_FALSE(client->poll_frame()->has_value());
  EXPECT_EQ(client->stats().media.frames_lost, 0U);
}

}  // namespace
}  // namespace punktfunk::sim
