// SPDX-License-Identifier: MIT OR Apache-2.0
// Both erasure codes: every kernel set and every way to encode give the same parity, and any loss the parity
// covers is undone, by every way to recover.
// Input: scheme u8, k u8 (and u8 more), m u8 (and u8 more), length u8, loss pattern bytes, shard bytes.
#include <algorithm>
#include <optional>
#include <vector>

#include "core/fec/gf16_code.h"
#include "core/fec/gf8_code.h"
#include "core/fec/kernels/kernels.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::fec;
using fuzz::require;

namespace {

using Shards = std::vector<Bytes>;

std::vector<const std::uint8_t*> readers(const Shards& shards) {
  std::vector<const std::uint8_t*> all;
  for (const Bytes& shard : shards) all.push_back(shard.data());
  return all;
}

std::vector<std::uint8_t*> writers(Shards& shards) {
  std::vector<std::uint8_t*> all;
  for (Bytes& shard : shards) all.push_back(shard.data());
  return all;
}

struct Shape {
  std::size_t k, m, bytes;
};

// One kernel set and one way of doing it. False when the shape is not supported.
template <class Code>
bool check_with(Code& code, const Shape& shape, const Shards& data, ByteView pattern,
                std::optional<Shards>& reference) {
  const bool supported = Code::supports(shape.k, shape.m) && shape.bytes > 0;
  Shards parity(shape.m, Bytes(shape.bytes));
  const bool encoded = code.encode(readers(data), writers(parity), shape.bytes);
  if (shape.m > 0 && shape.bytes > 0) {
    require(encoded == supported, "what is supported is encoded");
  }
  if (!encoded) return false;
  if (!reference) reference = parity;
  require(parity == *reference, "every kernel set and every way gives the same parity");

  // Bit i mod 8·pattern.size() of the pattern: shard i arrived.
  const auto arrived = [&](std::size_t i) {
    return pattern.empty() || ((pattern[i / 8 % pattern.size()] >> (i % 8)) & 1) != 0;
  };
  Shards received = data;
  std::vector<std::uint8_t> present(shape.k);
  std::vector<const std::uint8_t*> received_parity(shape.m, nullptr);
  std::size_t missing = 0, spare = 0;
  for (std::size_t i = 0; i < shape.k; ++i) {
    present[i] = arrived(i) ? 1 : 0;
    if (present[i] != 0) continue;
    ++missing;
    std::fill(received[i].begin(), received[i].end(), std::uint8_t{0xA5});
  }
  for (std::size_t j = 0; j < shape.m; ++j) {
    if (!arrived(shape.k + j)) continue;
    received_parity[j] = parity[j].data();
    ++spare;
  }
  const bool recovered = code.recover(writers(received), present, received_parity, shape.bytes);
  require(recovered == (missing <= spare), "a loss is undone when there is parity for it");
  if (recovered) require(received == data, "what is recovered is what was sent");
  return true;
}

void check16(const Shape& shape, const Shards& data, ByteView pattern) {
  using Method = Gf16Code::Method;
  Gf16Code code;
  std::optional<Shards> reference;
  for (const Kernels* kernels : available_kernels()) {
    use_kernels(*kernels);
    for (const Method method : {Method::chosen, Method::direct, Method::transform}) {
      code.force(method);
      if (!check_with(code, shape, data, pattern, reference)) return;
      require(code.scratch_bytes() <= Gf16Code::kMaxScratchBytes, "the memory bound holds");
    }
  }
}

// GF(2^8) as section 14.2 says it, bit by bit: the library behind Gf8Code chooses its kernels by itself.
std::uint8_t product8(std::uint8_t a, std::uint8_t b) {
  unsigned sum = 0;
  for (unsigned shifted = a; b != 0; b = static_cast<std::uint8_t>(b >> 1)) {
    if ((b & 1) != 0) sum ^= shifted;
    shifted = (shifted << 1) ^ ((shifted & 0x80) != 0 ? 0x11DU : 0U);
  }
  return static_cast<std::uint8_t>(sum);
}

std::uint8_t inverse8(std::uint8_t a) {
  std::uint8_t power = 1;  // a^254
  for (int i = 0; i < 254; ++i) power = product8(power, a);
  return power;
}

// Parity j is the sum over data i of 1 / ((m + i) xor j).
Shards parity8(const Shape& shape, const Shards& data) {
  Shards parity(shape.m, Bytes(shape.bytes));
  for (std::size_t j = 0; j < shape.m; ++j) {
    for (std::size_t i = 0; i < shape.k; ++i) {
      const std::uint8_t weight = inverse8(static_cast<std::uint8_t>((shape.m + i) ^ j));
      for (std::size_t b = 0; b < shape.bytes; ++b) {
        parity[j][b] = static_cast<std::uint8_t>(parity[j][b] ^ product8(weight, data[i][b]));
      }
    }
  }
  return parity;
}

void check8(const Shape& shape, const Shards& data, ByteView pattern) {
  Gf8Code code;
  std::optional<Shards> reference;
  // Slow, and any of the shapes will do.
  if (shape.k * shape.m * shape.bytes <= 4096 && Gf8Code::supports(shape.k, shape.m))
    reference = parity8(shape, data);
  (void)check_with(code, shape, data, pattern, reference);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.take<std::uint8_t>();
  const bool gf8 = choice % 2 != 0;
  // Bit 1 allows larger blocks, which are slow under the sanitizers.
  const std::size_t part = (choice & 2) != 0 ? 4 : 12;
  Shape shape{};
  shape.k = std::max<std::size_t>(1, input.take<std::uint8_t>() / part);
  shape.m = input.take<std::uint8_t>() / part;
  shape.bytes = input.take<std::uint8_t>() * std::size_t{2};
  if (gf8) shape.bytes += (choice >> 2) & 1;  // this code takes odd lengths
  // The work grows with all three and is slow under the sanitizers.
  const std::size_t room = (std::size_t{1} << 17) / (shape.k * std::max<std::size_t>(shape.m, 1));
  shape.bytes = std::min(shape.bytes, std::max<std::size_t>(room / 2 * 2, 2));
  const ByteView pattern = input.take_bytes(input.take<std::uint8_t>() % 32);

  Shards shards(shape.k, Bytes(shape.bytes));
  const Bytes fill = input.take_rest();
  std::size_t at = 0;
  for (Bytes& shard : shards) {
    for (std::uint8_t& byte : shard) {
      // Different in every place, and decided by the input.
      byte = static_cast<std::uint8_t>(at * 31 + (fill.empty() ? 0 : fill[at % fill.size()]));
      ++at;
    }
  }
  gf8 ? check8(shape, shards, pattern) : check16(shape, shards, pattern);
  return 0;
}
