// SPDX-License-Identifier: MIT OR Apache-2.0
// The golden vectors of sections 13, 17 and 20 that concern blocks, policy and the state machines.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "all_vectors.h"
#include "core/crypto/hash.h"
#include "core/media/blocks.h"
#include "core/media/packetizer.h"
#include "core/media/reassembler.h"
#include "core/session/ask_reader.h"
#include "core/session/clock_sync.h"
#include "core/session/parity_control.h"

namespace punktfunk::media {
namespace {

using nlohmann::json;

template <class F>
int for_each_vector(const std::string& prefix, F&& f) {
  int count = 0;
  for (const json& vector : test::all_vectors()) {
    const std::string name = vector.at("name");
    if (name.rfind(prefix, 0) != 0) continue;
    SCOPED_TRACE(name);
    f(vector.at("inputs"), vector.at("expected"));
    ++count;
  }
  return count;
}

Bytes counting_frame(std::size_t size) {
  Bytes au(size);
  for (std::size_t i = 0; i < size; ++i) au[i] = static_cast<std::uint8_t>(i);
  return au;
}

// Inputs shared by the media/packetize vectors.
Packetizer vector_packetizer() { return Packetizer({fec::Scheme::gf16, 25, 8, 64}); }
Packetizer::FrameFields vector_fields() { return {0, 9, 42000, 3, 0x20, 25}; }

TEST(MediaVectors, Split) {
  EXPECT_GT(for_each_vector("media/split/",
                            [](const json& in, const json& out) {
                              const std::uint32_t max_k = in.at("max_data_per_block");
                              const BlockSplit split =
                                  split_frame(in.at("frame_bytes"), in.at("shard_payload"), max_k);
                              EXPECT_EQ(split.total, out.at("total_data_shards"));
                              EXPECT_EQ(split.blocks, out.at("blocks"));
                              EXPECT_EQ(split.pad, out.at("pad"));
                              for (std::uint64_t b = 0; b < split.blocks; ++b)
                                EXPECT_EQ(split.data_shards(b, max_k), out.at("block_sizes").at(b));
                            }),
            0);
}

TEST(MediaVectors, Packetize) {
  EXPECT_GT(for_each_vector(
                "media/packetize/",
                [](const json& in, const json& out) {
                  const std::string frame = in.at("frame");
                  const std::size_t size = std::stoul(frame.substr(frame.rfind(' ') + 1));
                  Packetizer packetizer = vector_packetizer();
                  // What an earlier, larger frame left in the buffer must not show in the padding.
                  (void)packetizer.packetize(Bytes(2000, 0xEE), vector_fields(), 0);
                  const MutableBytes got = packetizer.packetize(counting_frame(size), vector_fields(), 0);
                  const json& packets = out.at("packets");
                  ASSERT_EQ(got.size(), packets.size() * packetizer.datagram_bytes());
                  for (std::size_t i = 0; i < packets.size(); ++i) {
                    const auto one = got.subspan(i * packetizer.datagram_bytes(), 30 + 64);
                    EXPECT_EQ(to_hex(one.first(30)), packets[i].at("header"));
                    EXPECT_EQ(to_hex(crypto::sha256(one.subspan(30))), packets[i].at("shard_sha256"));
                  }
                }),
            0);
}

TEST(MediaVectors, Recover) {
  EXPECT_GT(for_each_vector("media/recover/",
                            [](const json& in, const json& out) {
                              ASSERT_EQ(in.at("packets_of"), "media/packetize/len500");
                              const Bytes au = counting_frame(500);
                              Packetizer packetizer = vector_packetizer();
                              const MutableBytes packets = packetizer.packetize(au, vector_fields(), 0);
                              Reassembler reassembler({fec::Scheme::gf16, 8, 1u << 20});
                              const std::vector<std::size_t> lost = in.at("lost_packet_positions");
                              const TimePoint now{};
                              for (std::size_t i = 0; i * packetizer.datagram_bytes() < packets.size(); ++i) {
                                if (std::find(lost.begin(), lost.end(), i) != lost.end()) continue;
                                const auto one = packets.subspan(i * packetizer.datagram_bytes(), 30 + 64);
                                const auto header = wire::MediaHeader::read(one);
                                ASSERT_TRUE(is_within_limits(header, 64, {fec::Scheme::gf16, 8, 1u << 20}));
                                reassembler.add(header, one.subspan(30), 42000, now);
                              }
                              // Frames 0 … 8 never came. Frame 9 is a recovery anchor, which needs none of
                              // them: it waits for reordered packets only.
                              const auto frame = reassembler.poll(now + std::chrono::milliseconds(9));
                              EXPECT_FALSE(frame);
                              const auto later = reassembler.poll(now + std::chrono::milliseconds(11));
                              EXPECT_EQ(later.has_value(), out.at("result") != "frame incomplete");
                              if (later) {
                                EXPECT_EQ(later->au, au);
                                EXPECT_EQ(later->index, 9u);
                                EXPECT_EQ(later->flags, 0x20u);
                                EXPECT_EQ(later->recovered_shards, out.at("shards_recovered"));
                              }
                            }),
            0);
}

TEST(MediaVectors, AdaptiveParity) {
  EXPECT_GT(for_each_vector("fec/adaptive/",
                            [](const json& in, const json& out) {
                              EXPECT_EQ(adaptive_parity_percent(in.at("loss_ppm")), out.at("fec_percent"));
                            }),
            0);
}

TEST(MediaVectors, AskOrder) {
  EXPECT_GT(for_each_vector("feedback/ask-order/",
                            [](const json& in, const json& out) {
                              EXPECT_EQ(is_newer_ask(in.at("ask"), in.at("last_acted")), out.at("act"));
                            }),
            0);
}

TEST(MediaVectors, ClockSample) {
  EXPECT_GT(for_each_vector("clock/sample/",
                            [](const json& in, const json& out) {
                              const ClockSample sample =
                                  clock_sample(in.at("t1"), in.at("t2"), in.at("t3"), in.at("t4"));
                              EXPECT_EQ(sample.offset_ns, out.at("offset_ns"));
                              EXPECT_EQ(sample.rtt_ns, out.at("rtt_ns"));
                            }),
            0);
}

}  // namespace
}  // namespace punktfunk::media
