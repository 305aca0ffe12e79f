// SPDX-License-Identifier: MIT OR Apache-2.0
// What sealing and opening one media packet with a 1,408-byte shard costs: through our batch interface with
// every backend, and beside it the libraries' own direct calls on the same packets. `ours/` includes what a
// sender does per packet: its header written, its number, nonce and batch entry made. Compare the CPU column.
#include <benchmark/benchmark.h>
#include <openssl/evp.h>

#include <cstring>
#include <string>
#include <vector>

#include "bench_main.h"
#include "core/crypto/media_aead.h"
#include "core/wire/media_header.h"
#if defined(PUNKTFUNK_IPSEC_MB)
#include <intel-ipsec-mb.h>
#endif

namespace punktfunk::crypto {
namespace {

constexpr std::size_t kShardBytes = 1408;
constexpr std::size_t kPacketBytes = wire::kWireOverhead + kShardBytes;
constexpr std::size_t kBodyBytes = kPacketBytes - kMinMediaPacketBytes;
constexpr std::size_t kBatch = 45;  // what one segmented send takes: 65,507 / 1,454

Secret<32> bench_secret() { return derive_direction_secrets(Bytes(32, 9)).host_to_client; }

void count(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * std::int64_t{kBatch});
  state.SetBytesProcessed(state.iterations() * std::int64_t{kBatch * kPacketBytes});
  state.counters["ns_per_packet"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * double{kBatch} * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

struct Packets {
  Packets() : bytes(kBatch * kPacketBytes, 0x5a) {}
  [[nodiscard]] MutableBytes operator[](std::size_t i) {
    return MutableBytes(bytes).subspan(i * kPacketBytes, kPacketBytes);
  }
  Bytes bytes;
};

void seal_ours(benchmark::State& state, const aead::Backend* backend, CipherSuite suite) {
  MediaSealer sealer(bench_secret(), suite, *backend);
  Packets packets;
  std::vector<MediaPacket> batch(kBatch);
  wire::MediaHeader header;
  header.k = 40;
  header.m = 5;
  std::uint64_t number = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i, ++number) {
      header.seq_low = static_cast<std::uint32_t>(number);
      header.shard = static_cast<std::uint16_t>(i);
      header.write(packets[i]);
      batch[i] = {number, packets[i]};
    }
    sealer.seal(batch);
    benchmark::ClobberMemory();
  }
  count(state);
}

// Every packet has to be sealed again before it can be opened again, so both are measured together.
void seal_and_open_ours(benchmark::State& state, const aead::Backend* backend, CipherSuite suite) {
  MediaSealer sealer(bench_secret(), suite, *backend);
  MediaOpener opener(bench_secret(), suite, *backend);
  Packets packets;
  std::vector<MediaPacket> batch(kBatch);
  bool authentic[kBatch];
  std::uint64_t number = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) batch[i] = {number++, packets[i]};
    sealer.seal(batch);
    opener.open(batch, authentic);
    for (const bool one : authentic) {
      if (!one) state.SkipWithError("tag wrong");
    }
    benchmark::ClobberMemory();
  }
  count(state);
}

std::uint8_t* count_up(std::uint8_t* nonce) {
  ++nonce[11];
  return nonce;
}

void seal_openssl(benchmark::State& state, CipherSuite suite) {
  const Bytes key(32, 7);
  std::uint8_t nonce[12] = {};
  EVP_CIPHER_CTX* const context = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(context, suite == CipherSuite::aes128_gcm ? EVP_aes_128_gcm() : EVP_chacha20_poly1305(),
                     nullptr, key.data(), nonce);
  Packets packets;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::uint8_t* const packet = packets[i].data();
      std::uint8_t* const body = packet + kMediaAadBytes;
      int written = 0;
      EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, count_up(nonce));
      EVP_EncryptUpdate(context, nullptr, &written, packet, int{kMediaAadBytes});
      EVP_EncryptUpdate(context, body, &written, body, int{kBodyBytes});
      EVP_EncryptFinal_ex(context, body + kBodyBytes, &written);
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, int{kMediaTagBytes}, body + kBodyBytes);
    }
    benchmark::ClobberMemory();
  }
  EVP_CIPHER_CTX_free(context);
  count(state);
}

#if defined(PUNKTFUNK_IPSEC_MB)
struct Manager {
  Manager() : get(alloc_mb_mgr(0)) { init_mb_mgr_auto(get, nullptr); }
  ~Manager() { free_mb_mgr(get); }
  IMB_MGR* const get;
};

void ipsec_mb_gcm(benchmark::State& state, bool opens) {
  const Manager manager;
  const Bytes key(16, 7);
  std::uint8_t nonce[12] = {};
  std::uint8_t tag[kMediaTagBytes];
  alignas(64) gcm_key_data schedule;
  gcm_context_data context;
  IMB_AES128_GCM_PRE(manager.get, key.data(), &schedule);
  Packets packets;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::uint8_t* const packet = packets[i].data();
      std::uint8_t* const body = packet + kMediaAadBytes;
      IMB_AES128_GCM_ENC(manager.get, &schedule, &context, body, body, kBodyBytes, count_up(nonce), packet,
                         kMediaAadBytes, body + kBodyBytes, kMediaTagBytes);
    }
    for (std::size_t i = 0; opens && i < kBatch; ++i) {
      std::uint8_t* const packet = packets[i].data();
      std::uint8_t* const body = packet + kMediaAadBytes;
      IMB_AES128_GCM_DEC(manager.get, &schedule, &context, body, body, kBodyBytes, count_up(nonce), packet,
                         kMediaAadBytes, tag, kMediaTagBytes);
      benchmark::DoNotOptimize(tag);
    }
    benchmark::ClobberMemory();
  }
  count(state);
}

void seal_ipsec_mb_chacha(benchmark::State& state) {
  const Manager manager;
  const Bytes key(32, 7);
  std::uint8_t nonce[12] = {};
  chacha20_poly1305_context_data context;
  Packets packets;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::uint8_t* const packet = packets[i].data();
      std::uint8_t* const body = packet + kMediaAadBytes;
      IMB_CHACHA20_POLY1305_INIT(manager.get, key.data(), &context, count_up(nonce), packet, kMediaAadBytes);
      IMB_CHACHA20_POLY1305_ENC_UPDATE(manager.get, key.data(), &context, body, body, kBodyBytes);
      IMB_CHACHA20_POLY1305_ENC_FINALIZE(manager.get, &context, body + kBodyBytes, kMediaTagBytes);
    }
    benchmark::ClobberMemory();
  }
  count(state);
}
#endif

// The floor: reading and writing every byte once.
void copy(benchmark::State& state) {
  Packets from;
  Packets to;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kBatch; ++i) std::memcpy(to[i].data(), from[i].data(), kPacketBytes);
    benchmark::ClobberMemory();
  }
  count(state);
}

void register_all() {
  const struct {
    const char* name;
    CipherSuite suite;
  } suites[] = {{"aes128_gcm", CipherSuite::aes128_gcm},
                {"chacha20_poly1305", CipherSuite::chacha20_poly1305}};
  benchmark::RegisterBenchmark("memcpy", copy);
  for (const auto& [name, suite] : suites) {
    for (const aead::Backend* const backend : aead::available_backends()) {
      const std::string end = std::string("/") + name + "/" + backend->name;
      benchmark::RegisterBenchmark(("seal/ours" + end).c_str(), seal_ours, backend, suite);
      benchmark::RegisterBenchmark(("seal_and_open/ours" + end).c_str(), seal_and_open_ours, backend, suite);
    }
    benchmark::RegisterBenchmark((std::string("seal/direct/") + name + "/openssl").c_str(), seal_openssl,
                                 suite);
  }
#if defined(PUNKTFUNK_IPSEC_MB)
  benchmark::RegisterBenchmark("seal/direct/aes128_gcm/ipsec-mb", ipsec_mb_gcm, false);
  benchmark::RegisterBenchmark("seal_and_open/direct/aes128_gcm/ipsec-mb", ipsec_mb_gcm, true);
  benchmark::RegisterBenchmark("seal/direct/chacha20_poly1305/ipsec-mb", seal_ipsec_mb_chacha);
#endif
}

}  // namespace
}  // namespace punktfunk::crypto

int main(int argc, char** argv) {
  punktfunk::crypto::register_all();
  return punktfunk::bench::run_benchmarks(argc, argv);
}
