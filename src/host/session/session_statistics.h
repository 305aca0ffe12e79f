// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "base/time.h"
#include "core/wire/mode.h"

namespace punktfunk::host {

// What one session did since it began. Value type; it holds four histograms of 15 KiB, so take one when
// somebody asks and not for each frame.
struct SessionStatistics {
  // One value for each access unit sent. The stages follow one another without gap.
  Histogram capture_to_encode;  // captured → the encoder's thread takes it
  Histogram encode;             // colour conversion and encoding
  Histogram queue;              // encoded → the sender takes it
  Histogram send;               // parity, sealing, pacing, until the last datagram was given to the kernel

  std::uint64_t frames = 0;  // access units sent
  std::uint64_t keyframes = 0;
  std::uint64_t repeats = 0;               // of those, nothing new in the picture
  std::uint64_t video_bytes = 0;           // of access units
  std::uint64_t video_datagrams = 0;       // parity included
  std::uint64_t parity_datagrams = 0;      // of those
  std::uint64_t wire_bytes = 0;            // of those datagrams, as UDP payload
  std::uint64_t datagrams_again = 0;       // sent once more because the client asked; not in the two above
  std::uint64_t anchors = 0;               // frames coded only from what the client said it has
  std::uint64_t datagrams_dropped = 0;     // not taken by the kernel
  std::uint64_t units_too_large = 0;       // above the receiver's limit, not sent
  BitRate wire_budget;                     // in force: video, parity and framing together
  std::optional<BitRate> cadence_ceiling;  // for that, because the encoder is too slow for more

  std::string encoder;             // backend and settings in a few words; empty: none yet
  wire::Mode mode;                 // of the epoch in force
  std::uint8_t epoch = 0;          // section 16.2, wraps
  std::uint64_t mode_changes = 0;  // asked for by the client and carried out
  std::uint64_t rebuilds = 0;      // after a fault
  std::string last_fault;          // a sentence; empty: there was none
  std::uint32_t last_gap_ms = 0;   // without a picture, at the last mode change or rebuild

  // Of the datagrams sent, 0 … 1.
  [[nodiscard]] double parity_share() const {
    return video_datagrams == 0
               ? 0
               : static_cast<double>(parity_datagrams) / static_cast<double>(video_datagrams);
  }
};

}  // namespace punktfunk::host
