// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_locator.h"

#include <array>
#include <bit>
#include <mutex>

#include "core/fec/gf16_field.h"

namespace punktfunk::fec {
namespace {

constexpr auto kOrder = static_cast<std::int32_t>(Gf16Field::kOrder);

// The representative −32767 … 32767 modulo 65535: sums of 65536 of them, and products with a sum of 65536
// zeros and ones, stay below 2^31.
std::int32_t centred(std::int32_t value) {
  const std::int32_t rest = value % kOrder;
  if (rest > kOrder / 2) return rest - kOrder;
  return rest < -(kOrder / 2) ? rest + kOrder : rest;
}

void walsh_hadamard(std::vector<std::int32_t>& values) {
  const std::size_t size = values.size();
  std::int32_t* const v = values.data();
  for (std::size_t half = 1; half < size; half *= 2) {
    for (std::size_t block = 0; block < size; block += 2 * half) {
      for (std::size_t i = block; i < block + half; ++i) {
        const std::int32_t a = v[i];
        const std::int32_t b = v[i + half];
        v[i] = a + b;
        v[i + half] = a - b;
      }
    }
  }
}

// Transform of the logarithms of the first `size` points (0 for the point 0, whose factor is left out).
const std::vector<std::int16_t>& transformed_logs(std::size_t size) {
  static std::array<std::once_flag, 17> once;
  static std::array<std::vector<std::int16_t>, 17> tables;
  const auto nth = static_cast<std::size_t>(std::countr_zero(size));
  std::call_once(once[nth], [&] {
    std::vector<std::int32_t> logs(size);
    const std::uint16_t* const table = Gf16Field::instance().log_table();
    for (std::size_t i = 0; i < size; ++i) logs[i] = centred(table[i]);
    walsh_hadamard(logs);
    tables[nth].resize(size);
    for (std::size_t i = 0; i < size; ++i) tables[nth][i] = static_cast<std::int16_t>(centred(logs[i]));
  });
  return tables[nth];
}

}  // namespace

void locate_erasures(std::vector<std::int32_t>& points) {
  const std::size_t size = points.size();
  const std::vector<std::int16_t>& logs = transformed_logs(size);
  walsh_hadamard(points);
  for (std::size_t i = 0; i < size; ++i) points[i] = centred(points[i] * logs[i]);
  walsh_hadamard(points);
  // The transform applied twice multiplies by the size; 2^16 is 1 modulo 65535, so 2^(16 − log2 size) divides
  // by it.
  const std::int64_t divide = std::int64_t{65536} / static_cast<std::int64_t>(size);
  for (std::int32_t& value : points) {
    const auto rest = static_cast<std::int32_t>(std::int64_t{centred(value)} * divide % kOrder);
    value = rest < 0 ? rest + kOrder : rest;
  }
}

}  // namespace punktfunk::fec
