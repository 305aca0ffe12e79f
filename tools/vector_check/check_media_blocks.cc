// SPDX-License-Identifier: MIT OR Apache-2.0
// Splitting, parity counts, packetizing and recovery of whole frames.
#include <algorithm>
#include <charconv>

#include "core/crypto/hash.h"
#include "core/fec/parity.h"
#include "core/media/blocks.h"
#include "core/media/packetizer.h"
#include "core/media/reassembler.h"
#include "core/wire/media_header.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

constexpr std::uint64_t kLongestFrame = 64ULL << 20;  // section 13.5

void check_split(Run& run) {
  const std::uint64_t bytes = run.inputs.number("frame_bytes", kLongestFrame);
  const auto shard = run.inputs.get<std::uint16_t>("shard_payload");
  const auto max_k = run.inputs.get<std::uint16_t>("max_data_per_block");
  if (shard == 0 || max_k == 0) throw BadVector("the shard or block size is zero");
  const auto split = media::split_frame(bytes, shard, max_k);
  run.expect("total_data_shards", run.expected.number("total_data_shards"), split.total);
  run.expect("blocks", run.expected.number("blocks"), split.blocks);
  Json sizes = Json::array();
  for (std::uint64_t block = 0; block < split.blocks; ++block)
    sizes.push_back(split.data_shards(block, max_k));
  run.expect("block_sizes", run.expected.at("block_sizes").dump(), sizes.dump());
  run.expect("pad", run.expected.number("pad"), split.pad);
}

void check_parity_count(Run& run) {
  const std::uint32_t k = run.inputs.get<std::uint16_t>("k");
  const auto percent = static_cast<std::uint32_t>(run.inputs.number("fec_percent", 90));
  if (k == 0) throw BadVector("k is zero");
  // A session whose largest block is this very one clamps nothing.
  run.expect("m", run.expected.number("m"), fec::parity_count(k, percent, k, percent, fec::Scheme::gf16));
}

struct FrameCase {
  Bytes au;
  media::PacketizerParams params;
  media::Packetizer::FrameFields fields;
  std::uint64_t first_number = 0;
};

std::size_t length_after(const std::string& text, std::string_view mark) {
  const auto at = text.rfind(mark);
  std::size_t length = 0;
  if (at != std::string::npos) {
    const char* begin = text.data() + at + mark.size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), length);
    if (error == std::errc() && end != begin && length <= kLongestFrame) return length;
  }
  throw BadVector("no frame length can be read from \"" + text + "\"");
}

// "byte i = i mod 256, length N".
Bytes counting_frame(std::size_t length) {
  Bytes au(length);
  for (std::size_t i = 0; i < length; ++i) au[i] = static_cast<std::uint8_t>(i);
  return au;
}

FrameCase read_case(const Object& in) {
  FrameCase out;
  const std::string frame = in.text("frame");
  if (!frame.starts_with("byte i = i mod 256"))
    throw BadVector("the frame is not \"byte i = i mod 256, length N\"");
  out.au = counting_frame(length_after(frame, "length "));
  const std::string scheme = in.text("scheme", "GF16");
  if (scheme != "GF16" && scheme != "GF8") throw BadVector("the scheme is neither GF16 nor GF8");
  const auto percent = static_cast<std::uint8_t>(in.number("fec_percent", 90));
  out.params.scheme = scheme == "GF16" ? fec::Scheme::gf16 : fec::Scheme::gf8;
  out.params.fec_percent = percent;
  out.params.max_data_per_block = in.get<std::uint16_t>("max_data_per_block");
  out.params.shard_payload = in.get<std::uint16_t>("shard_payload");
  if (out.params.max_data_per_block == 0 || out.params.shard_payload == 0 ||
      out.params.shard_payload % 2 != 0 ||
      out.params.max_data_per_block > fec::max_block_shards(out.params.scheme)) {
    throw BadVector("the shard or block size is none the protocol allows");
  }
  out.fields.frame = in.get<std::uint32_t>("frame_index");
  out.fields.pts_us = in.get<std::uint32_t>("pts_us");
  out.fields.epoch = in.get<std::uint8_t>("epoch");
  out.fields.flags = in.get<std::uint16_t>("flags");
  out.fields.parity_percent = percent;
  out.first_number = in.number("first_seq");
  return out;
}

void check_packetize(Run& run) {
  const FrameCase frame = read_case(run.inputs);
  media::Packetizer packetizer(frame.params);
  const MutableBytes out = packetizer.packetize(frame.au, frame.fields, frame.first_number);
  const std::size_t size = packetizer.datagram_bytes();
  const Json& wanted = run.expected.at("packets");
  if (!wanted.is_array()) throw BadVector("\"packets\" is no list");
  run.expect("number of packets", wanted.size(), out.size() / size);
  for (std::size_t i = 0; i < wanted.size() && (i + 1) * size <= out.size(); ++i) {
    const Object packet(wanted[i], "packets");
    const std::string at = "packet " + std::to_string(i) + " ";
    const ByteView got = ByteView(out).subspan(i * size, size);
    const ByteView shard = got.subspan(wire::kHeaderBytes, frame.params.shard_payload);
    run.expect(at + "header", packet.text("header"), to_hex(got.first(wire::kHeaderBytes)));
    if (packet.has("shard_sha256")) {
      run.expect(at + "shard_sha256", packet.text("shard_sha256"), to_hex(crypto::sha256(shard)));
    }
    if (packet.has("shard")) run.expect(at + "shard", packet.text("shard"), to_hex(shard));
  }
}

// The case another vector names. One that the file does not hold is a longer or shorter frame of the same
// series: its name ends in the length, and the rest is taken from the first of the series.
FrameCase named_case(const Run& run) {
  const std::string name = run.inputs.text("packets_of");
  const Json* vector = run.file.find(name);
  if (vector != nullptr) return read_case(Run(run.file, *vector).inputs);
  const Json* sibling = run.file.find_prefix("media/packetize/");
  if (sibling == nullptr) throw BadVector("the file has no vector named " + name);
  FrameCase out = read_case(Run(run.file, *sibling).inputs);
  out.au = counting_frame(length_after(name, "len"));
  return out;
}

void check_recover(Run& run) {
  const FrameCase frame = named_case(run);
  media::Packetizer packetizer(frame.params);
  const MutableBytes packets = packetizer.packetize(frame.au, frame.fields, frame.first_number);
  const std::size_t size = packetizer.datagram_bytes();
  const auto lost = run.inputs.numbers("lost_packet_positions");

  const media::HeaderLimits limits{frame.params.scheme, frame.params.max_data_per_block, kLongestFrame};
  media::Reassembler reassembler(limits);
  const TimePoint now{};
  for (std::size_t i = 0; i * size < packets.size(); ++i) {
    if (std::find(lost.begin(), lost.end(), i) != lost.end()) continue;
    const ByteView packet = ByteView(packets).subspan(i * size, size);
    const auto header = wire::MediaHeader::read(packet);
    const std::string at = "packet " + std::to_string(i);
    run.expect_true(at + " within the limits",
                    media::is_within_limits(header, frame.params.shard_payload, limits));
    reassembler.add(header, packet.subspan(wire::kHeaderBytes, frame.params.shard_payload), header.pts_us,
                    now);
  }
  // Late enough that the frames before this one, which never come, are no longer waited for.
  const auto done = reassembler.poll(now + std::chrono::seconds(1));
  const std::string wanted = run.expected.text("result");
  if (wanted.starts_with("frame of ")) {
    const std::size_t length = length_after(wanted, "frame of ");
    run.expect("frame", to_hex(counting_frame(length)), done ? to_hex(done->au) : "frame incomplete");
  } else {
    run.expect("result", wanted,
               done ? "frame of " + std::to_string(done->au.size()) + " bytes" : "frame incomplete");
  }
  if (run.expected.has("shards_recovered") && done) {
    run.expect("shards_recovered", run.expected.number("shards_recovered"), done->recovered_shards);
  }
}

}  // namespace

void register_media_blocks(Registry& registry) {
  registry.add("media.blocks", "media/split/", check_split);
  registry.add("media.blocks", "media/parity-count/", check_parity_count);
  registry.add("media.blocks", "media/packetize/", check_packetize);
  registry.add("media.blocks", "media/recover/", check_recover);
}

}  // namespace punktfunk::vector_check
