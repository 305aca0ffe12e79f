// SPDX-License-Identifier: MIT OR Apache-2.0
// What the tests of the frame path start it with: made-up access units for a socket of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>

#include "host/session/ticking_capturer.h"
#include "host/session/video_pipeline.h"

namespace punktfunk::host::test {

inline constexpr std::uint32_t kHz = 240;

inline endpoint::MediaGrant made_up_grant() {
  endpoint::MediaGrant grant;
  grant.clock = media::SessionClock(monotonic_now(), 1'700'000'000'000'000'000);
  grant.path = std::make_shared<endpoint::MediaPath>(endpoint::MediaPath::Addresses{});
  return grant;
}

// 720p at kHz.
inline VideoPipeline::Setup synthetic_setup(BitRate wire_budget) {
  VideoPipeline::Setup setup;
  setup.source.mode = {1280, 720, kHz};
  setup.wire_budget = wire_budget;
  SyntheticConfig synthetic;
  synthetic.video = {1280, 720, kHz, 1, wire_budget, VideoCodec::h264, 0};
  setup.source.capturer = std::make_unique<TickingCapturer>(kHz * 1000);
  setup.source.encoder = create_synthetic_encoder(synthetic);
  return setup;
}

// A failure fails the test; nothing else is looked at.
inline VideoPipeline::Callbacks callbacks_without_failure() {
  VideoPipeline::Callbacks callbacks;
  callbacks.failed = [](const Fault& fault) { ADD_FAILURE() << fault.message; };
  callbacks.timing = [](const wire::HostTiming&) {};
  callbacks.finished = [] {};
  callbacks.resumed = [](Duration) {};
  return callbacks;
}

}  // namespace punktfunk::host::test
