// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/host_service.h"

#include <algorithm>

namespace punktfunk::host::api {

void StreamFigures::add(const StreamFigures& other) {
  frames += other.frames;
  keyframes += other.keyframes;
  repeats += other.repeats;
  video_bytes += other.video_bytes;
  wire_bytes += other.wire_bytes;
  datagrams += other.datagrams;
  parity_datagrams += other.parity_datagrams;
  datagrams_dropped += other.datagrams_dropped;
  units_too_large += other.units_too_large;
  packets_received += other.packets_received;
  mode_changes += other.mode_changes;
  rebuilds += other.rebuilds;
  for (const Stage& stage : other.stages) {
    const auto same =
        std::find_if(stages.begin(), stages.end(), [&](const Stage& own) { return own.name == stage.name; });
    if (same == stages.end()) {
      stages.push_back(stage);
    } else {
      same->times.add(stage.times);
    }
  }
}

}  // namespace punktfunk::host::api
