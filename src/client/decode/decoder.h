// SPDX-License-Identifier: MIT OR Apache-2.0
// The decoder every session holds one of. Backends live in subfolders; only registry.cc names them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "client/picture/picture.h"

namespace punktfunk::client {

// Values are the protocol's video codec bits.
enum class VideoCodec : std::uint8_t { h264 = 1, hevc = 2, av1 = 4, pyrowave = 8 };

struct DecoderConfig {
  VideoCodec codec = VideoCodec::h264;
  // The negotiated mode. A decoded picture that is this size rounded up to even is cut to it (H.264 4:2:0
  // cannot say an odd size). A picture of more than 4 times this area, or wider or higher than 16384, is
  // refused before memory is taken for it.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  unsigned threads = 0;  // 0 = one per processor this process may run on, at most 8
};

enum class DecodeStatus {
  picture,    // `picture` is set
  need_more,  // nothing wrong, but no picture in this unit; never for a unit our host made
  corrupt,    // not decodable, or built on something missing: ask for a keyframe. The decoder stays usable
  fatal,      // the decoder cannot go on (memory, library); `message` is a sentence for the user
};

struct DecodeOutcome {
  DecodeStatus status = DecodeStatus::need_more;
  Picture picture;
  std::string message;
};

// Used from one thread at a time.
class VideoDecoder {
 public:
  virtual ~VideoDecoder() = default;

  // One whole access unit, from a peer that may be hostile. The picture that comes out belongs to this very
  // unit: there is no delay. After `corrupt`, units are still tried; whether the damage is over is for the
  // caller's keyframe logic, but no picture known to depend on missing data is ever returned.
  [[nodiscard]] virtual DecodeOutcome push(ByteView au) = 0;

  // Before push() of a unit that refers to none of the pictures missing before it (section 12,
  // RECOVERY_ANCHOR), so that the gap is no damage. Does not help after `corrupt`: then a keyframe is needed.
  virtual void expect_gap() = 0;

  // The mode changed (Reconfigured): new bounds and crop from the next unit on. Call when the new epoch's
  // first unit is pushed.
  virtual void set_mode(std::uint32_t width, std::uint32_t height) = 0;

  [[nodiscard]] virtual std::string describe() const = 0;
};

// Bit mask of VideoCodec values this machine can decode.
[[nodiscard]] std::uint8_t decodable_codecs();

[[nodiscard]] Result<std::unique_ptr<VideoDecoder>> create_decoder(const DecoderConfig& config);

}  // namespace punktfunk::client
