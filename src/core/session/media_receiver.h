// SPDX-License-Identifier: MIT OR Apache-2.0
// Datagrams in, access units out. Sections 12 and 13 of the protocol. The peer is hostile: every packet that
// fails a rule is dropped and counted, and memory stays within 4 x max_frame_bytes whatever arrives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/time.h"
#include "core/crypto/media_aead.h"
#include "core/crypto/packet_number.h"
#include "core/media/frame.h"
#include "core/media/reassembler.h"
#include "core/session/media_params.h"
#include "core/session/probe_meter.h"

namespace punktfunk::media {

// One thread. After the largest frame has been seen, nothing is allocated as long as buffers come back by
// recycle().
class MediaReceiver {
 public:
  // What became of a datagram. Everything from bad_size on is a drop.
  enum class Outcome : std::uint8_t {
    accepted,       // shard stored
    frame_ready,    // stored, and it made a frame ready; has_frame() also knows of those that waited for time
    late,           // belongs to a frame already finished
    probe,          // stream 1: counted and measured, discarded
    bad_size,       // not 46 … 9216 bytes, or the shard is odd or not 512 … 9170
    bad_stream,     // first byte names no stream of ours
    implausible,    // packet number too far from the newest (section 12.2)
    replayed,       // packet number seen before or too old (section 12.4)
    unauthentic,    // the AEAD tag is wrong
    bad_header,     // breaks a rule of section 13.5 by itself
    contradiction,  // disagrees with earlier packets of its frame, which is abandoned
    repeated,       // shard already there
    over_budget,    // no memory left for it
    count_          // number of outcomes
  };

  using Frame = media::Frame;

  // `clock_origin_ns`: the host's session clock origin, from ServerHello.
  MediaReceiver(const Secret<32>& host_to_client, const MediaParams& params, std::uint64_t clock_origin_ns);

  // Opens `datagram` in place; the bytes are not needed afterwards.
  Outcome receive(MutableBytes datagram, TimePoint now);

  // What receive() would have made of each of them, one after the other, but opened together, which is
  // faster. The outcomes, in the same order, are valid until the next call.
  std::span<const Outcome> receive_batch(std::span<const MutableBytes> datagrams, TimePoint now);

  // The next frame in index order, if it is complete or everything before it was given up. Call until nullopt
  // after each batch of datagrams and at next_deadline().
  [[nodiscard]] std::optional<Frame> poll_frame(TimePoint now);

  // When the first packet of a frame came, be the frame whole one day or not. The delay of a link shows in
  // these long before, and also when, frames get lost.
  struct Arrival {
    std::uint64_t capture_ns = 0;  // host session clock, Unix ns
    TimePoint at{};
  };
  // In order of the frames' indices; the oldest go when more than 64 wait.
  [[nodiscard]] std::optional<Arrival> poll_arrival();

  // Gives a polled frame's buffer back for reuse.
  void recycle(Bytes&& buffer) { reassembler_.recycle(std::move(buffer)); }

  // What becomes of the probe stream.
  [[nodiscard]] ProbeMeter& probe() { return probe_; }
  [[nodiscard]] const ProbeMeter& probe() const { return probe_; }

  // When poll_frame() has to be called even if nothing arrives, because a hole is given up then; nullopt = no
  // hole.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const { return reassembler_.next_deadline(); }

  // True: poll_frame() has one to give.
  [[nodiscard]] bool has_frame() const { return reassembler_.has_frame(); }

  // Frames that will most likely be lost: good for asking early. They still get their 120 ms.
  void find_holes(TimePoint now, std::vector<Reassembler::Hole>& out) const {
    reassembler_.find_holes(now, out);
  }
  [[nodiscard]] std::optional<TimePoint> next_hole(TimePoint now) const {
    return reassembler_.next_hole(now);
  }
  // The oldest frame not handed on nor given up; nothing before the first packet.
  [[nodiscard]] std::optional<std::uint32_t> next_index() const { return reassembler_.next_index(); }

  struct Stats {
    std::uint64_t packets_received = 0;  // opened, of both streams
    std::uint64_t bytes_received = 0;    // the same, whole datagrams
    std::uint64_t probe_packets = 0;
    std::uint64_t parity_packets = 0;  // of packets_received, video only
    std::array<std::uint64_t, static_cast<std::size_t>(Outcome::count_)> by_outcome{};
    std::uint64_t frames_complete = 0;   // handed over or ready to be
    std::uint64_t frames_lost = 0;       // given up, abandoned, or never seen at all
    std::uint64_t recovered_shards = 0;  // data shards rebuilt from parity
    std::uint64_t late_shards = 0;       // of those, arrived afterwards
    // Lost shards of finished frames, late originals taken off again (section 13.6). They settle 120 ms after
    // the frame.
    std::uint64_t lost_head = 0, lost_mid = 0, lost_tail = 0;

    [[nodiscard]] std::uint64_t count(Outcome outcome) const {
      return by_outcome[static_cast<std::size_t>(outcome)];
    }
    // Datagrams refused for their content: everything from bad_size to contradiction, and over_budget.
    [[nodiscard]] std::uint64_t packets_dropped() const;
  };
  [[nodiscard]] Stats stats() const;

  // Memory held for frames under way, frames waiting and recycled buffers; never above memory_budget().
  [[nodiscard]] std::size_t memory_bytes() const { return reassembler_.memory_bytes(); }
  [[nodiscard]] std::size_t memory_budget() const { return reassembler_.memory_budget(); }

 private:
  // Opened together at most. More would not be faster, and the first ones should still be in the nearest
  // cache when they are taken apart: 16 datagrams of 1,454 bytes are 23 KiB of 32.
  static constexpr std::size_t kMaxTogether = 16;
  struct Together {
    std::array<crypto::MediaPacket, kMaxTogether> packets;
    std::array<std::size_t, kMaxTogether> places;  // in the batch
    std::array<bool, kMaxTogether> authentic;
    std::size_t size = 0;
  };

  Outcome process(MutableBytes datagram, TimePoint now);
  void finish(Together& together, TimePoint now);
  // Everything behind the tag: `datagram` is open.
  Outcome take(std::uint64_t number, MutableBytes datagram, TimePoint now);
  Outcome count(Outcome outcome);

  const std::uint64_t clock_origin_ns_;
  const HeaderLimits limits_;
  crypto::MediaOpener opener_;
  crypto::ReplayWindow replay_;
  Reassembler reassembler_;
  std::vector<Outcome> outcomes_;               // of the last batch
  std::optional<std::uint64_t> newest_pts_us_;  // expanded, section 12.5
  std::optional<std::uint32_t> newest_frame_;   // video
  std::array<Arrival, 64> arrivals_;            // a ring
  std::size_t first_arrival_ = 0, next_arrival_ = 0;
  ProbeMeter probe_;
  Stats stats_;
};

}  // namespace punktfunk::media
