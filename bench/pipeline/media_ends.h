// SPDX-License-Identifier: MIT OR Apache-2.0
// What pipeline-bench pumps: whole access units through the session's sender and receiver, and meaningless
// datagrams.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "core/session/media_receiver.h"
#include "core/session/media_sender.h"
#include "pipeline/pump.h"

namespace punktfunk::bench {

struct MediaShape {
  media::MediaParams params;
  std::uint8_t parity_percent = 20;
  std::size_t frame_bytes = std::size_t{256} * 1024;
};

[[nodiscard]] inline Secret<32> bench_secret() {
  return crypto::derive_direction_secrets(Bytes(32, 9)).host_to_client;
}

// Access units in a few buffers that take turns, as an encoder's do. Each starts with its index.
class AccessUnits {
 public:
  explicit AccessUnits(std::size_t bytes) {
    std::mt19937_64 random(1);
    for (Bytes& unit : units_) {
      unit.resize(bytes);
      for (std::size_t at = 0; at + 8 <= bytes; at += 8) store_le<std::uint64_t>(unit.data() + at, random());
    }
  }
  [[nodiscard]] ByteView at(std::uint32_t index) {
    Bytes& unit = units_[index % units_.size()];
    store_le(unit.data(), index);
    return unit;
  }

 private:
  std::array<Bytes, 8> units_;
};

// What leaves for one access unit.
[[nodiscard]] inline std::size_t datagram_bytes_of_frame(const MediaShape& shape) {
  media::MediaSender sender(bench_secret(), shape.params);
  media::MediaSender::FrameInfo info;
  info.parity_percent = shape.parity_percent;
  return sender.seal_frame(Bytes(shape.frame_bytes), info).size();
}

class MediaSource final : public Source {
 public:
  explicit MediaSource(const MediaShape& shape)
      : shape_(shape), units_(shape.frame_bytes), sender_(bench_secret(), shape.params) {}

  // One segmented send of the frame under way.
  [[nodiscard]] ByteView next() override {
    if (sender_.datagrams_ready() == 0) {
      const std::uint32_t index = sender_.next_frame_index();
      media::MediaSender::FrameInfo info;
      info.pts_us = index * 100;
      info.parity_percent = shape_.parity_percent;
      (void)sender_.begin_frame(units_.at(index), info);  // never refused: the limit is set to the size
    }
    return sender_.seal_next(kSegmentedSendBytes / datagram_bytes());
  }
  [[nodiscard]] std::size_t datagram_bytes() const override { return sender_.datagram_bytes(); }

 private:
  const MediaShape shape_;
  AccessUnits units_;
  media::MediaSender sender_;
};

class MediaSink final : public Sink {
 public:
  explicit MediaSink(const MediaShape& shape)
      : expected_(shape.frame_bytes), receiver_(bench_secret(), shape.params, 0) {}

  void take(std::span<const ReceivedDatagram> datagrams, TimePoint now) override {
    batch_.clear();
    for (const ReceivedDatagram& datagram : datagrams) batch_.push_back(datagram.bytes);
    receiver_.receive_batch(batch_, now);
    while (auto frame = receiver_.poll_frame(now)) {
      // Each 64th frame is looked at whole: more would measure the comparison.
      const ByteView sent = expected_.at(frame->index);
      const std::size_t looked_at = frame->index % 64 == 0 ? sent.size() : std::size_t{64};
      if (frame->au.size() != sent.size() ||
          !std::equal(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(looked_at),
                      frame->au.begin())) {
        ++wrong_frames_;
      }
      ++frames_;
      bytes_ += frame->au.size();
      receiver_.recycle(std::move(frame->au));
    }
  }

  [[nodiscard]] std::uint64_t frames() const { return frames_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t wrong_frames() const { return wrong_frames_; }
  [[nodiscard]] media::MediaReceiver::Stats stats() const { return receiver_.stats(); }

 private:
  AccessUnits expected_;
  media::MediaReceiver receiver_;
  std::vector<MutableBytes> batch_;
  std::uint64_t frames_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t wrong_frames_ = 0;
};

// The same datagrams again and again.
class BareSource final : public Source {
 public:
  BareSource(std::size_t datagram_bytes, std::size_t datagrams)
      : datagram_bytes_(datagram_bytes), bytes_(datagram_bytes * datagrams, 0x5a) {}
  [[nodiscard]] ByteView next() override { return bytes_; }
  [[nodiscard]] std::size_t datagram_bytes() const override { return datagram_bytes_; }

 private:
  const std::size_t datagram_bytes_;
  const Bytes bytes_;
};

class BareSink final : public Sink {
 public:
  void take(std::span<const ReceivedDatagram>, TimePoint) override {}
};

}  // namespace punktfunk::bench
