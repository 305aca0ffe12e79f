// SPDX-License-Identifier: MIT OR Apache-2.0
// A host that has the keys and means harm: every header field at its extremes, contradictions, claims without
// data. Memory stays within the budget by our own count and by the heap's, and no wrong frame comes out.
#include <gtest/gtest.h>

#include "core/media/header_rules.h"
#include "heap_watch.h"
#include "media_pair.h"
#include "seed.h"

namespace punktfunk::media {
namespace {

using Outcome = MediaReceiver::Outcome;

constexpr std::size_t kShard = 512;

// Seals any header it is given, under ever new packet numbers.
class Forger {
 public:
  explicit Forger(crypto::CipherSuite suite = crypto::CipherSuite::aes128_gcm)
      : sealer_(test_secret(), suite) {}

  Bytes forge(wire::MediaHeader header, std::size_t shard_bytes = kShard, std::uint8_t fill = 0xAB) {
    Bytes datagram(wire::kWireOverhead + shard_bytes, fill);
    header.seq_low = static_cast<std::uint32_t>(next_);
    header.write(datagram);
    const crypto::MediaSealer::Item item{next_++, datagram};
    sealer_.seal({&item, 1});
    return datagram;
  }

 private:
  crypto::MediaSealer sealer_;
  std::uint64_t next_ = 0;
};

MediaParams params_for(std::uint32_t max_k) {
  MediaParams params;
  params.max_data_per_block = max_k;
  params.max_frame_bytes = 8u << 20u;
  return params;
}

wire::MediaHeader good() {
  wire::MediaHeader header;
  header.flags = wire::kFlagPicture | wire::kFlagLastBlock;
  header.k = 4;
  header.m = 2;
  return header;
}

struct Bench {
  explicit Bench(std::uint32_t max_k = 4096) : receiver(test_secret(), params_for(max_k), 0) {}
  Outcome give(const wire::MediaHeader& header, std::size_t shard_bytes = kShard) {
    Bytes datagram = forger.forge(header, shard_bytes);
    return receiver.receive(datagram, at_ms(0));
  }
  Forger forger;
  MediaReceiver receiver;
};

TEST(HostileMedia, EachRuleOfOnePacket) {
  const auto with = [](auto change) {
    wire::MediaHeader header = good();
    change(header);
    return Bench().give(header);
  };
  EXPECT_EQ(with([](auto&) {}), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.k = 0; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.k = 4097; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.k = 65535; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.shard = 6; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.shard = 65535; }), Outcome::bad_header);
  // K + ceil(0.9·K) = 4096 + 3687 = 7783
  EXPECT_EQ(with([](auto& h) { h.m = 7783 - 4; }), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.m = 7784 - 4; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.pad = kShard - 1; }), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.pad = kShard; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.pad = kShard, h.k = 1; }), Outcome::frame_ready);
  // 8 MiB / 512 = 16384 shards
  EXPECT_EQ(with([](auto& h) { h.base = 16380; }), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.base = 16381; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.base = 16381, h.pad = kShard - 1; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.base = 0xFFFFFFFF; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.base = 16381, h.flags = 1; }), Outcome::bad_header);
  // 16321 shards of 514 bytes are 386 bytes over 8 MiB, unless the padding takes them off.
  const auto padded = [](std::uint16_t pad) {
    wire::MediaHeader header = good();
    header.base = 16317;
    header.pad = pad;
    return Bench().give(header, 514);
  };
  EXPECT_EQ(padded(385), Outcome::bad_header);
  EXPECT_EQ(padded(386), Outcome::accepted);
  // cap = 16384 / 16 + 2 = 1026
  EXPECT_EQ(with([](auto& h) { h.block = 1025; }), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.block = 1026; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.block = 65535; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.block = 1024, h.flags = 1; }), Outcome::accepted);
  EXPECT_EQ(with([](auto& h) { h.block = 1025, h.flags = 1; }), Outcome::bad_header);
  EXPECT_EQ(with([](auto& h) { h.stream = 2; }), Outcome::bad_stream);
  EXPECT_EQ(with([](auto& h) { h.stream = 1; }), Outcome::probe);
}

TEST(HostileMedia, DatagramSizes) {
  Bench bench;
  for (const std::size_t size : {0u, 1u, 45u, 46u, 46u + 510u, 46u + 513u, 9215u, 9217u, 9218u, 65535u}) {
    Bytes datagram(size, 0);
    EXPECT_EQ(bench.receiver.receive(datagram, at_ms(0)), Outcome::bad_size) << size;
  }
  wire::MediaHeader header = good();
  EXPECT_EQ(bench.give(header, 9170), Outcome::accepted);
  header.frame = 1;
  EXPECT_EQ(bench.give(header, 512), Outcome::accepted);
}

TEST(HostileMedia, ForgedAndReplayed) {
  Bench bench;
  Bytes datagram = bench.forger.forge(good());
  Bytes changed = datagram;
  changed[20] ^= 1;
  EXPECT_EQ(bench.receiver.receive(changed, at_ms(0)), Outcome::unauthentic);
  changed = datagram;
  changed[0] = 1;  // the stream is authenticated too
  EXPECT_EQ(bench.receiver.receive(changed, at_ms(0)), Outcome::unauthentic);
  changed = datagram;
  EXPECT_EQ(bench.receiver.receive(changed, at_ms(0)), Outcome::accepted);
  changed = datagram;
  EXPECT_EQ(bench.receiver.receive(changed, at_ms(0)), Outcome::replayed);
  changed = datagram;
  changed[4] = 0x7F;
  EXPECT_EQ(bench.receiver.receive(changed, at_ms(0)), Outcome::implausible);
  EXPECT_EQ(bench.receiver.stats().packets_received, 1u);
}

TEST(HostileMedia, ContradictionsAbandonTheFrame) {
  const auto second = [](auto change) {
    Bench bench;
    wire::MediaHeader header = good();
    header.block = 1;
    header.base = 8;
    EXPECT_EQ(bench.give(header), Outcome::accepted);
    header.shard = 1;
    change(header);
    const Outcome outcome = bench.give(header);
    EXPECT_EQ(bench.receiver.stats().frames_lost, outcome == Outcome::contradiction ? 1u : 0u);
    if (outcome == Outcome::contradiction) {
      EXPECT_EQ(bench.give(header), Outcome::late) << "nothing of an abandoned frame is taken again";
    }
    return outcome;
  };
  EXPECT_EQ(second([](auto&) {}), Outcome::accepted);
  EXPECT_EQ(second([](auto& h) { h.shard = 0; }), Outcome::repeated);
  EXPECT_EQ(second([](auto& h) { h.epoch = 1; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.pts_us = 1; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.k = 5; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.m = 3; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.base = 9; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.pad = 1; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.flags = 1; }), Outcome::contradiction);
  EXPECT_EQ(second([](auto& h) { h.block = 2, h.base = 12; }), Outcome::contradiction);  // beyond the end
  EXPECT_EQ(second([](auto& h) { h.block = 0, h.base = 5, h.flags = 1; }),
            Outcome::contradiction);  // overlap
  EXPECT_EQ(second([](auto& h) { h.block = 0, h.base = 4, h.flags = 1; }), Outcome::accepted);
  EXPECT_EQ(second([](auto& h) { h.block = 0, h.base = 0; }), Outcome::contradiction);  // a second end
  // Another shard size.
  Bench bench;
  wire::MediaHeader header = good();
  EXPECT_EQ(bench.give(header), Outcome::accepted);
  header.shard = 1;
  EXPECT_EQ(bench.give(header, 514), Outcome::contradiction);
}

TEST(HostileMedia, AGapInsideTheFrameNeverCompletes) {
  Bench bench;
  wire::MediaHeader header = good();
  header.k = 1;
  header.m = 0;
  header.flags = wire::kFlagPicture;
  EXPECT_EQ(bench.give(header), Outcome::accepted);
  header.block = 1;
  header.base = 2;
  header.flags |= wire::kFlagLastBlock;
  EXPECT_EQ(bench.give(header), Outcome::accepted);
  EXPECT_FALSE(bench.receiver.poll_frame(at_ms(0)));
  ASSERT_TRUE(bench.receiver.next_deadline());
  EXPECT_FALSE(bench.receiver.poll_frame(*bench.receiver.next_deadline()));
  EXPECT_EQ(bench.receiver.stats().frames_lost, 1u);
}

// Jumps over the whole index space cost neither time nor memory.
TEST(HostileMedia, FrameIndexJumps) {
  Bench bench;
  wire::MediaHeader header = good();
  for (const std::uint32_t index : {0u, 0x7FFFFFFFu, 0xFFFFFFFEu, 0x7FFFFFFDu, 5u, 0x80000000u}) {
    header.frame = index;
    bench.give(header);
    while (bench.receiver.poll_frame(at_ms(0))) {
    }
  }
  EXPECT_LE(bench.receiver.memory_bytes(), bench.receiver.memory_budget());
}

std::uint64_t pick(std::mt19937_64& random, std::initializer_list<std::uint64_t> extremes,
                   std::uint64_t max) {
  const std::size_t which = random() % (extremes.size() + 2);
  return which < extremes.size() ? *(extremes.begin() + which) : random() % (max + 1);
}

void storm(std::uint64_t seed, std::uint32_t max_k, int packets, bool poll) {
  SCOPED_TRACE("seed " + std::to_string(seed) + ", K " + std::to_string(max_k));
  std::mt19937_64 random(seed);
  Bench bench(max_k);
  // The codes' scratch memory follows what was received, not what is claimed, and is not part of the budget.
  const std::size_t heap_before = live_heap_bytes();
  std::size_t heap_peak = 0;
  std::uint32_t frame = 0;
  TimePoint now = at_ms(0);
  for (int i = 0; i < packets; ++i) {
    wire::MediaHeader header = good();
    if (random() % 8 == 0) frame += static_cast<std::uint32_t>(pick(random, {1, 2, 63, 64, 65}, 3));
    header.frame = frame - static_cast<std::uint32_t>(random() % 70);
    header.pts_us = static_cast<std::uint32_t>(pick(random, {0, 0, 0, 0, 0xFFFFFFFF, 0x80000000}, 1));
    header.flags =
        static_cast<std::uint16_t>(random() % 2 == 0 ? wire::kFlagPicture : 0x8001 | (random() & 4));
    header.block = static_cast<std::uint16_t>(pick(random, {0, 0, 1, 2, 1024, 1025, 65534, 65535}, 1025));
    header.base =
        static_cast<std::uint32_t>(pick(random, {0, 0, 16, 16379, 16380, 16383, 0xFFFFFFFF}, 16384));
    header.k = static_cast<std::uint16_t>(pick(random, {1, 2, 4, 16, max_k, 65535}, max_k));
    const std::uint64_t room = std::min<std::uint64_t>(max_k + (max_k * 9 + 9) / 10, 65535);
    header.m = static_cast<std::uint16_t>(
        pick(random, {0, 1, 4, room - std::min<std::uint64_t>(header.k, room), 65535}, 8));
    header.shard = static_cast<std::uint16_t>(
        pick(random, {0, header.k, header.k - 1ull, header.k + header.m - 1ull, 65535}, header.k + header.m));
    header.pad = static_cast<std::uint16_t>(pick(random, {0, 0, 1, 511, 512, 65535}, 511));
    now += std::chrono::microseconds(50);
    Bytes datagram = bench.forger.forge(header, random() % 16 == 0 ? 1408 : kShard);
    bench.receiver.receive(datagram, now);
    ASSERT_LE(bench.receiver.memory_bytes(), bench.receiver.memory_budget());
    heap_peak = std::max(heap_peak, live_heap_bytes() - heap_before);
    if (!poll) continue;
    while (auto got = bench.receiver.poll_frame(now)) {
      ASSERT_LE(got->au.size(), 8u << 20u);
      bench.receiver.recycle(std::move(got->au));
    }
  }
  EXPECT_LE(heap_peak, bench.receiver.memory_budget() + (1u << 20u));
  EXPECT_GT(bench.receiver.stats().count(Outcome::accepted), 100u) << "the storm must reach the reassembly";
}

TEST(HostileMedia, StormStaysInBudget) {
  storm(1, 4096, 10000, true);
  storm(2, 4096, 10000, false);
  storm(3, 65535, 10000, true);
  storm(4, 16, 10000, true);
  storm(5, 1, 10000, true);
  storm(test::new_seed(), 4096, 10000, true);
  storm(test::new_seed(), 200, 10000, false);
}

// The most memory per packet: each opens a frame and claims its far end.
TEST(HostileMedia, FarEndsStayInBudget) {
  Bench bench;
  const std::size_t heap_before = live_heap_bytes();
  for (std::uint32_t i = 0; i < 500; ++i) {
    wire::MediaHeader header = good();
    header.frame = i;
    header.base = 16380;
    header.shard = 3;
    bench.give(header);
    ASSERT_LE(bench.receiver.memory_bytes(), bench.receiver.memory_budget());
    ASSERT_LE(live_heap_bytes() - heap_before, bench.receiver.memory_budget() + (1u << 20u));
  }
}

// Honest frames get through between a storm's packets.
TEST(HostileMedia, RandomBytesChangeNothing) {
  const std::uint64_t seed = 77;
  SCOPED_TRACE("seed 77");
  std::mt19937_64 random(seed);
  MediaSender sender(test_secret(), params_for(4096));
  MediaReceiver receiver(test_secret(), params_for(4096), 0);
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Bytes au = random_bytes(random, 20'000);
    for (Bytes& datagram : seal(sender, au, {i * 1000})) {
      Bytes noise = random_bytes(random, random() % 2000);
      receiver.receive(noise, at_ms(i));
      receiver.receive(datagram, at_ms(i));
    }
    const auto frame = receiver.poll_frame(at_ms(i));
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->au, au);
  }
}

// 8192 + 60000 points are more than the field has: nothing of such a block may be stored.
TEST(HeaderRules, ShapesWithoutACodeAreRefused) {
  const HeaderLimits limits{fec::Scheme::gf16, 65535, 64u << 20};
  wire::MediaHeader header{};
  header.flags = wire::kFlagLastBlock;
  header.k = 57344;
  header.m = 5000;
  EXPECT_TRUE(is_within_limits(header, 512, limits));
  header.k = 60000;
  EXPECT_FALSE(is_within_limits(header, 512, limits));
  header.m = 0;
  EXPECT_TRUE(is_within_limits(header, 512, limits));
}

}  // namespace
}  // namespace punktfunk::media
