// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/bytes.h"
#include "base/queue.h"
#include "base/time.h"

namespace punktfunk::host {

// One access unit between encoder and sender.
struct EncodedUnit {
  Bytes au;
  TimePoint captured, encode_start, encode_end;
  Duration frame_interval{};  // of the mode it was encoded for
  std::uint32_t index = 0;    // of the frame in the session; what is encoded and never sent counts too
  std::uint8_t epoch = 0;
  bool keyframe = false;
  bool anchor = false;  // refers only to what the client has
  bool repeat = false;
};

// The hand-off from encoder to sender. It outlives the encoders of a session.
struct UnitQueue {
  // The encoder waits when it is full: every unit refers to the one before, so none may be dropped.
  BoundedQueue<EncodedUnit> units{2};
  BoundedQueue<Bytes> spare{4};          // emptied buffers on their way back to the encoder
  std::atomic<std::uint32_t> added = 0;  // units so far, and so the index of the next
};

}  // namespace punktfunk::host
