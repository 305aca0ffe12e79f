// SPDX-License-Identifier: MIT OR Apache-2.0
// Time to seal and to open one media packet with a 1408-byte shard (25 header bytes are sealed with it).
#include <benchmark/benchmark.h>

#include <vector>

#include "core/crypto/media_aead.h"

namespace punktfunk::crypto {
namespace {

constexpr std::size_t kPacketBytes = kMediaAadBytes + 25 + 1408 + kMediaTagBytes;
constexpr std::size_t kPacketsPerCall = 64;

Secret<32> bench_secret() { return derive_direction_secrets(Bytes(32, 9)).host_to_client; }

void seal(benchmark::State& state) {
  MediaSealer sealer(bench_secret(), static_cast<CipherSuite>(state.range(0)));
  Bytes packets(kPacketBytes * kPacketsPerCall);
  std::uint64_t number = 0;
  std::vector<MediaSealer::Item> items(kPacketsPerCall);
  for (auto _ : state) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i] = {number++, MutableBytes(packets).subspan(i * kPacketBytes, kPacketBytes)};
    }
    sealer.seal(items);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * std::int64_t{kPacketsPerCall});
  state.SetBytesProcessed(state.iterations() * std::int64_t{kPacketBytes * kPacketsPerCall});
}

// Includes copying the packet, since opening destroys it.
void open(benchmark::State& state) {
  const auto suite = static_cast<CipherSuite>(state.range(0));
  MediaSealer sealer(bench_secret(), suite);
  MediaOpener opener(bench_secret(), suite);
  Bytes sealed(kPacketBytes);
  const MediaSealer::Item item{1, sealed};
  sealer.seal({&item, 1});
  Bytes packet;
  for (auto _ : state) {
    packet = sealed;
    if (!opener.open(1, packet)) state.SkipWithError("tag wrong");
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * std::int64_t{kPacketBytes});
}

BENCHMARK(seal)->ArgName("suite")->Arg(0)->Arg(1);
BENCHMARK(open)->ArgName("suite")->Arg(0)->Arg(1);

}  // namespace
}  // namespace punktfunk::crypto
