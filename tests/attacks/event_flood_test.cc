// SPDX-License-Identifier: MIT OR Apache-2.0
// Strangers who make things happen, so that what happened before is forgotten.
#include <gtest/gtest.h>

#include <string>

#include "host/mgmt/host_recorder.h"

namespace punktfunk::host {

namespace {

TEST(EventFlood, StrangersDoNotPushTheRestOutOfTheLog) {
  http::EventLog log;
  HostRecorder recorder(log);
  const std::uint64_t before = log.last_id();
  control::Device device;
  device.name = "Couch";
  recorder.unpaired(device);
  for (int i = 0; i < 100'000; ++i) {
    control::ApprovalDesk::Entry entry;
    entry.name = "Stranger";
    recorder.knocked(entry);
    recorder.pairing_failed(wire::CloseCode::pairing_rate_limit);
    recorder.pairing_failed(wire::CloseCode::pairing_not_armed);
  }
  const auto first = log.after(before, 2000, 1 << 20);
  EXPECT_FALSE(first.missed);
  ASSERT_FALSE(first.events.empty());
  EXPECT_EQ(first.events[0].type, "unpaired");
  // 32, and one for each second that this took.
  EXPECT_LE(log.last_id() - before, 1u + 32u + 30u);
  EXPECT_EQ(recorder.figures().knocks, 100'000u) << "they are counted all the same";
  // A PIN that was used up is the operator's business, whoever did it.
  const std::uint64_t last = log.last_id();
  recorder.pairing_failed(std::nullopt);
  EXPECT_EQ(log.last_id(), last + 1);
}

}  // namespace

}  // namespace punktfunk::host
