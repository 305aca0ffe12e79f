// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/media_receiver.h"

#include <algorithm>

#include "core/crypto/media_keys.h"
#include "core/wire/media_header.h"
#include "core/wire/sequence.h"

namespace punktfunk::media {

namespace {

// What a datagram's length and first byte say against it.
std::optional<MediaReceiver::Outcome> check_shape(ByteView datagram) {
  if (datagram.size() < wire::kWireOverhead + wire::kMinShard || datagram.size() > wire::kMaxDatagram ||
      datagram.size() % 2 != 0) {  // the overhead is even, so this is the shard's evenness
    return MediaReceiver::Outcome::bad_size;
  }
  if (!wire::is_media_tag(datagram[0])) return MediaReceiver::Outcome::bad_stream;
  return std::nullopt;
}

std::uint32_t low_number(ByteView datagram) { return load_le<std::uint32_t>(datagram.data() + 1); }

}  // namespace

MediaReceiver::MediaReceiver(const Secret<32>& host_to_client, const MediaParams& params,
                             std::uint64_t clock_origin_ns)
    : clock_origin_ns_(clock_origin_ns),
      limits_{params.scheme, params.max_data_per_block, params.max_frame_bytes},
      opener_(host_to_client, params.suite),
      reassembler_(limits_) {}

MediaReceiver::Outcome MediaReceiver::count(Outcome outcome) {
  ++stats_.by_outcome[static_cast<std::size_t>(outcome)];
  return outcome;
}

MediaReceiver::Outcome MediaReceiver::receive(MutableBytes datagram, TimePoint now) {
  return count(process(datagram, now));
}

// Cheapest check first: nothing is derived or decrypted for a packet that could not be ours.
MediaReceiver::Outcome MediaReceiver::process(MutableBytes datagram, TimePoint now) {
  if (const auto refused = check_shape(datagram)) return *refused;
  const std::uint64_t highest = replay_.highest();
  const std::uint64_t number = crypto::expand_packet_number(highest, low_number(datagram));
  if (!crypto::is_plausible(number, highest)) return Outcome::implausible;
  if (!replay_.is_fresh(number)) return Outcome::replayed;
  if (!opener_.open(number, datagram)) return Outcome::unauthentic;
  return take(number, datagram, now);
}

// Every packet that is accepted moves the reference for the numbers behind it. So only packets close to the
// reference are opened together: within kNear, neither the expansion nor the distance to the key index can
// come out differently, whichever of them prove authentic. What else depends on their predecessors (seen
// twice, now too old) is checked once more in order.
std::span<const MediaReceiver::Outcome> MediaReceiver::receive_batch(std::span<const MutableBytes> datagrams,
                                                                     TimePoint now) {
  constexpr std::uint64_t kNear = 1U << 20U;
  static_assert(kNear < crypto::kPacketsPerKey, "a near number is at most one key index ahead");
  outcomes_.resize(datagrams.size());
  Together together;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    if (const auto refused = check_shape(datagrams[i])) {
      outcomes_[i] = count(*refused);
      continue;
    }
    const std::uint64_t highest = replay_.highest();
    const std::uint64_t number = crypto::expand_packet_number(highest, low_number(datagrams[i]));
    const bool is_near =
        number > highest ? number - highest <= kNear : highest - number < crypto::kReplayWindow;
    if (!is_near || !replay_.is_fresh(number)) {
      finish(together, now);
      outcomes_[i] = receive(datagrams[i], now);
      continue;
    }
    together.packets[together.size] = {number, datagrams[i]};
    together.places[together.size] = i;
    if (++together.size == kMaxTogether) finish(together, now);
  }
  finish(together, now);
  return outcomes_;
}

void MediaReceiver::finish(Together& together, TimePoint now) {
  const auto packets = std::span(together.packets).first(together.size);
  opener_.open(packets, std::span(together.authentic).first(together.size));
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const std::uint64_t number = packets[i].number;
    Outcome outcome = Outcome::unauthentic;
    if (!crypto::is_plausible(number, replay_.highest())) {
      outcome = Outcome::implausible;
    } else if (!replay_.is_fresh(number)) {
      outcome = Outcome::replayed;
    } else if (together.authentic[i]) {
      outcome = take(number, packets[i].packet, now);
    }
    outcomes_[together.places[i]] = count(outcome);
  }
  together.size = 0;
}

MediaReceiver::Outcome MediaReceiver::take(std::uint64_t number, MutableBytes datagram, TimePoint now) {
  replay_.accept(number);
  ++stats_.packets_received;
  stats_.bytes_received += datagram.size();

  const wire::MediaHeader header = wire::MediaHeader::read(datagram);
  const std::size_t shard_bytes = datagram.size() - wire::kWireOverhead;
  if (!is_within_limits(header, shard_bytes, limits_)) return Outcome::bad_header;
  const std::uint64_t capture_us = wire::expand_pts_us(newest_pts_us_, header.pts_us);
  newest_pts_us_ = std::max(newest_pts_us_.value_or(capture_us), capture_us);

  if (header.stream == wire::kStreamProbe) {
    ++stats_.probe_packets;
    probe_.on_packet(header.frame, capture_us, datagram.size(), now, stats_.bytes_received);
    return Outcome::probe;
  }
  if (!newest_frame_ || wire::is_newer(header.frame, *newest_frame_)) {
    newest_frame_ = header.frame;
    arrivals_[next_arrival_++ % arrivals_.size()] = {clock_origin_ns_ + capture_us * 1000, now};
    first_arrival_ = std::max(first_arrival_, next_arrival_ - std::min(next_arrival_, arrivals_.size()));
  }
  if (header.shard >= header.k) ++stats_.parity_packets;
  switch (reassembler_.add(header, datagram.subspan(wire::kHeaderBytes, shard_bytes), capture_us, now)) {
    case Reassembler::Outcome::stored:
      return Outcome::accepted;
    case Reassembler::Outcome::frame_ready:
      return Outcome::frame_ready;
    case Reassembler::Outcome::late:
      return Outcome::late;
    case Reassembler::Outcome::repeated:
      return Outcome::repeated;
    case Reassembler::Outcome::contradiction:
      return Outcome::contradiction;
    case Reassembler::Outcome::over_budget:
      return Outcome::over_budget;
  }
  return Outcome::bad_header;
}

std::optional<Frame> MediaReceiver::poll_frame(TimePoint now) {
  std::optional<Frame> frame = reassembler_.poll(now);
  if (frame) frame->capture_ns += clock_origin_ns_;
  return frame;
}

std::optional<MediaReceiver::Arrival> MediaReceiver::poll_arrival() {
  if (first_arrival_ == next_arrival_) return std::nullopt;
  return arrivals_[first_arrival_++ % arrivals_.size()];
}

MediaReceiver::Stats MediaReceiver::stats() const {
  Stats stats = stats_;
  const Reassembler::Stats frames = reassembler_.stats();
  stats.frames_complete = frames.frames_complete;
  stats.frames_lost = frames.frames_lost;
  stats.recovered_shards = frames.recovered_shards;
  stats.late_shards = frames.late_shards;
  stats.lost_head = frames.lost.head;
  stats.lost_mid = frames.lost.mid;
  stats.lost_tail = frames.lost.tail;
  return stats;
}

std::uint64_t MediaReceiver::Stats::packets_dropped() const {
  return count(Outcome::bad_size) + count(Outcome::bad_stream) + count(Outcome::implausible) +
         count(Outcome::replayed) + count(Outcome::unauthentic) + count(Outcome::bad_header) +
         count(Outcome::contradiction) + count(Outcome::over_budget);
}

}  // namespace punktfunk::media
