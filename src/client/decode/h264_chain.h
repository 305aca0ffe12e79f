// SPDX-License-Identifier: MIT OR Apache-2.0
// Just enough of H.264's headers to know whether a unit follows the one before it. libavcodec fills a gap in
// frame_num with copies of an old picture and goes on without a word, which is not what we want shown.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace punktfunk::client {

class H264Chain {
 public:
  enum class Unit {
    no_picture,  // no slice in it
    keyframe,    // starts with an IDR slice
    follows,     // refers to pictures that were pushed, as far as frame_num tells
    broken,      // something between is missing, or the headers make no sense
  };

  // Each unit in the order it is decoded. Reads nothing beyond `au`, whatever it holds.
  [[nodiscard]] Unit push(ByteView au);
  // The next unit with a picture may leave out numbers: the sender knows that it refers to none of those.
  void allow_gap() { gap_allowed_ = true; }

 private:
  void read_sequence(ByteView nal);
  [[nodiscard]] std::optional<std::uint32_t> read_frame_num(ByteView nal) const;

  unsigned frame_num_bits_ = 0;  // 0: no sequence parameter set yet
  bool separate_planes_ = false;
  std::uint32_t last_reference_ = 0;
  bool gap_allowed_ = false;
};

}  // namespace punktfunk::client
