// SPDX-License-Identifier: MIT OR Apache-2.0
// Access unit in, sealed datagrams out. Sections 12 and 13 of the protocol.
//
//   begin_frame(au, info)                               a whole access unit
//   while (datagrams_ready()) send(seal_next(n))        run by run, as pacing lets them leave
//
//   begin_stream(info), append(part, true) … finish(part)   one that arrives in parts; seal_next() in between
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/lanes.h"
#include "base/secret.h"
#include "core/crypto/media_aead.h"
#include "core/media/packetizer.h"
#include "core/session/media_params.h"

namespace punktfunk::media {

// Owns the packet numbers and the frame indices of one session's video. One thread. After the largest frame
// has been seen once, nothing is allocated.
class MediaSender {
 public:
  // With `lanes`, which must outlive the sender, long runs are sealed in two lanes; the bytes are the same.
  MediaSender(const Secret<32>& host_to_client, const MediaParams& params, Lanes* lanes = nullptr);

  struct FrameInfo {
    std::uint32_t pts_us = 0;
    std::uint8_t epoch = 0;
    std::uint16_t flags = 0;           // PIC is added
    std::uint8_t parity_percent = 10;  // 0 … 90, larger reads as 90
  };

  // Begins the next frame; what the one before left unsealed is never sent. `au` stays the caller's,
  // unchanged, until datagrams_ready() is 0. False, and no index is used up, when it is larger than
  // max_frame_bytes: a receiver would refuse it (count it and ask the encoder for a smaller keyframe).
  [[nodiscard]] bool begin_frame(ByteView au, const FrameInfo& info);

  // The same for an access unit whose parts come one by one (section 13.4): its first blocks leave before its
  // size is known. Only toward a client with feature bit 5.
  void begin_stream(const FrameInfo& info);
  // The bytes are copied. `slice_end`: a slice of the picture ends with `part`. False when the access unit
  // has become larger than max_frame_bytes: the frame is over, and the receiver will give it up.
  [[nodiscard]] bool append(ByteView part, bool slice_end);
  // The last part, possibly empty.
  [[nodiscard]] bool finish(ByteView part);

  // Datagrams of the frame that can be sealed now.
  [[nodiscard]] std::size_t datagrams_ready() const { return packetizer_.ready(); }
  // The next ones in sending order, sealed: datagram i at i * datagram_bytes(), ready for GSO; valid until
  // the next call of any method but the const ones. At most `max_datagrams`; fewer where the frame or a
  // streamed block ends, none when none is ready.
  [[nodiscard]] MutableBytes seal_next(std::size_t max_datagrams);

  // begin_frame(), and all its datagrams at once. Empty when begin_frame() says no.
  [[nodiscard]] std::span<std::uint8_t> seal_frame(ByteView au, const FrameInfo& info);

  // Filler of a bandwidth probe (section 19): an access unit of `bytes` zeros, at most kMaxFillerBytes, on
  // the probe stream with its own frame indices. Independent of the frame under way but for the packet
  // numbers, so that both may leave in turns. What the unit before left unsealed is never sent.
  static constexpr std::size_t kMaxFillerBytes = 16384;
  void begin_filler(std::size_t bytes, std::uint32_t pts_us, std::uint8_t parity_percent);
  [[nodiscard]] std::size_t filler_ready() const { return filler_ ? filler_->ready() : 0; }
  // As seal_next(); valid until the next call about filler.
  [[nodiscard]] MutableBytes seal_filler(std::size_t max_datagrams);

  [[nodiscard]] std::size_t datagram_bytes() const { return packetizer_.datagram_bytes(); }
  // The next index belongs to a frame that is not sent: the receiver counts it as lost.
  void skip_frame() { ++next_frame_; }

  // From the next frame on, whole access units are copied so that their shards can be sent again: the last
  // kKeptFrames, in all at most kKeptBytes, and none larger than half of that.
  static constexpr std::size_t kKeptFrames =
      16;  // a frame is useful for 120 ms: 29 of them at 240 Hz, 8 at 60
  static constexpr std::size_t kKeptBytes = std::size_t{4} << 20U;
  void keep_for_resend() { keeps_ = true; }
  // Data shards of a kept frame, by their place in the access unit, sealed as before but under new numbers;
  // parity and whatever else is not there is left out. As seal_next(), but valid until the next resend.
  [[nodiscard]] MutableBytes seal_again(std::uint32_t frame, std::span<const std::uint16_t> shards);

  // The index the next frame will carry.
  [[nodiscard]] std::uint32_t next_frame_index() const { return next_frame_; }
  // Packets sealed so far.
  [[nodiscard]] std::uint64_t packets_sealed() const { return next_number_; }
  // Data shards an access unit of `bytes` takes; at least 1. For ParityControl::percent_for.
  [[nodiscard]] std::uint32_t data_shards(std::uint64_t bytes) const;

 private:
  [[nodiscard]] Packetizer::FrameFields fields_of(const FrameInfo& info) const;
  void keep(ByteView au, const Packetizer::FrameFields& fields);
  void write_and_seal(const Packetizer& packetizer, crypto::MediaSealer& sealer, MutableBytes run,
                      std::uint64_t first_number, std::size_t from, std::size_t to) const;

  const std::uint64_t max_frame_bytes_;
  Lanes* const lanes_;
  Packetizer packetizer_;
  crypto::MediaSealer sealer_;
  std::optional<crypto::MediaSealer> second_sealer_;  // of the second lane
  std::uint64_t next_number_ = 0;
  std::uint32_t next_frame_ = 0;
  std::optional<Packetizer> filler_;  // from the first probe on
  Bytes zeros_;                       // the same
  struct Kept {
    Packetizer::FrameFields fields;
    std::size_t bytes = 0;
  };
  bool keeps_ = false;
  std::vector<Kept> kept_;  // by frame index; grows smaller when frames grow larger
  std::size_t kept_stride_ = 0;
  Bytes kept_bytes_;                 // kept_stride_ for each of kept_
  std::optional<Packetizer> again_;  // from the first resend on
  Bytes again_bytes_;
  std::uint32_t next_filler_ = 0;
};

}  // namespace punktfunk::media
