// SPDX-License-Identifier: MIT OR Apache-2.0
// The encoder every session holds one of. Backends live in subfolders; only registry.cc names them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "core/session/reference_chain.h"
#include "host/convert/colour.h"

namespace punktfunk::host {

// Values are the protocol's video codec bits.
enum class VideoCodec : std::uint8_t { h264 = 1, hevc = 2, av1 = 4, pyrowave = 8 };

struct EncoderConfig {
  std::uint32_t width = 0;  // of the content, 1..16384; odd sizes are coded rounded up (see convert/colour.h)
  std::uint32_t height = 0;
  std::uint32_t refresh_num = 60;  // frames per second = refresh_num / refresh_den, above 0
  std::uint32_t refresh_den = 1;
  BitRate bitrate = BitRate::from_kbps(10'000);
  VideoCodec codec = VideoCodec::h264;
  unsigned cores = 0;  // processors the encoder may count on; 0 = those this process may run on
};

struct EncodedFrame {
  ByteView au;            // one whole access unit, Annex B; valid until the next call of the same encoder
  bool keyframe = false;  // IDR with its parameter sets in band
  bool anchor = false;    // the first one after invalidate(): refers to nothing that was lost
};

// Used from one thread at a time. One picture in, one access unit out, with no delay. The first is a keyframe
// and no later one is unless asked for.
class VideoEncoder {
 public:
  virtual ~VideoEncoder() = default;

  // `frame` has the configured size rounded up to even; it is read only during the call. An error is final:
  // make a new encoder.
  [[nodiscard]] virtual Result<EncodedFrame> encode(const I420View& frame, bool force_keyframe) = 0;

  // The client lacks pictures `first` … `last`, counted from 0 by the calls of encode(). anchor: the next one
  // will be coded only from what it has. keyframe: this encoder cannot do that, or no longer; force one.
  [[nodiscard]] virtual media::ReferenceChain::Answer invalidate(std::uint32_t /*first*/,
                                                                 std::uint32_t /*last*/) {
    return media::ReferenceChain::Answer::keyframe;
  }

  // Takes effect with the next frame and costs no keyframe. Returns the rate now in force (the backend's
  // bounds may clamp it).
  virtual BitRate set_bitrate(BitRate bitrate) = 0;

  // Backend and settings in a few words, for logs: "libx264 superfast, 2 slices".
  [[nodiscard]] virtual std::string describe() const = 0;
};

// Bit mask of VideoCodec values for which this machine has a backend that opens (tried once per process).
[[nodiscard]] std::uint8_t encodable_codecs();

struct EncoderChoice {
  std::unique_ptr<VideoEncoder> encoder;
  std::string why;  // a sentence for the log: which backend, and why this one
};

// For `--source synthetic`: access units of known bytes (base/synthetic_frame.h) instead of a coded picture,
// so that the path between host and client can be measured and checked byte by byte.
struct SyntheticConfig {
  EncoderConfig video;  // bitrate and refresh rate give the size: one frame's share of the bitrate
  std::uint64_t seed = 1;
  std::uint32_t first_index = 0;  // the wire frame index of the first unit
  // A keyframe is this many times as large as the others, as with a real encoder.
  std::uint32_t keyframe_factor = 4;
  // Pictures it pretends to keep, so that it can go on without lost ones; 0: it needs keyframes, as libx264
  // does.
  std::size_t references = 16;
};

// Never fails; its encode() ignores the picture (an empty I420View will do). create_encoder() never picks it.
[[nodiscard]] std::unique_ptr<VideoEncoder> create_synthetic_encoder(const SyntheticConfig& config);

// Tries the backends for the codec, best first. The error names what is missing and what to install.
[[nodiscard]] Result<EncoderChoice> create_encoder(const EncoderConfig& config);

}  // namespace punktfunk::host
