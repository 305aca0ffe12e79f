// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/media_sender.h"

#include "core/media/blocks.h"
#include "core/wire/media_header.h"

namespace punktfunk::media {

MediaSender::MediaSender(const Secret<32>& host_to_client, const MediaParams& params)
    : max_frame_bytes_(params.max_frame_bytes),
      packetizer_({params.scheme, params.fec_percent, params.max_data_per_block, params.shard_payload}),
      sealer_(host_to_client, params.suite) {}

std::span<std::uint8_t> MediaSender::seal_frame(ByteView au, const FrameInfo& info) {
  if (au.size() > max_frame_bytes_) return {};
  Packetizer::FrameFields fields;
  fields.stream = wire::kStreamVideo;
  fields.frame = next_frame_;
  fields.pts_us = info.pts_us;
  fields.epoch = info.epoch;
  fields.flags = static_cast<std::uint16_t>(info.flags | wire::kFlagPicture);
  fields.parity_percent = info.parity_percent;
  const MutableBytes packets = packetizer_.packetize(au, fields, next_number_);
  if (packets.empty()) return {};

  const std::size_t bytes = datagram_bytes();
  items_.clear();
  for (std::size_t at = 0; at < packets.size(); at += bytes) {
    items_.push_back({next_number_++, packets.subspan(at, bytes)});
  }
  sealer_.seal(items_);
  ++next_frame_;
  return packets;
}

std::uint32_t MediaSender::data_shards(std::uint64_t bytes) const {
  const PacketizerParams& params = packetizer_.params();
  return static_cast<std::uint32_t>(
      split_frame(bytes, params.shard_payload, params.max_data_per_block).total);
}

}  // namespace punktfunk::media
