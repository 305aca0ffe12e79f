// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/gf16_locator.h"

#include <array>
#include <bit>
#include <utility>

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
std::vector<std::int16_t> transform_logs(std::size_t size) {
  std::vector<std::int32_t> logs(size);
  const std::uint16_t* const table = Gf16Field::instance().log_table();
  for (std::size_t i = 0; i < size; ++i) logs[i] = centred(table[i]);
  walsh_hadamard(logs);
  std::vector<std::int16_t> transformed(size);
  for (std::size_t i = 0; i < size; ++i) transformed[i] = static_cast<std::int16_t>(centred(logs[i]));
  return transformed;
}

// One table per size, each made when it is first asked for; the language makes that safe between threads.
template <std::size_t kLog2>
const std::vector<std::int16_t>& table_of_size() {
  static const std::vector<std::int16_t> table = transform_logs(std::size_t{1} << kLog2);
  return table;
}

// `size` is a power of two up to 2^16.
const std::vector<std::int16_t>& transformed_logs(std::size_t size) {
  static constexpr auto kTables = []<std::size_t... kLog2>(std::index_sequence<kLog2...>) {
    return std::array{&table_of_size<kLog2>...};
  }
  (std::make_index_sequence<17>{});
  return kTables[static_cast<std::size_t>(std::countr_zero(size))]();
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

void prepare_locators(std::size_t largest) {
  for (std::size_t size = largest; size > 0; size /= 2) (void)transformed_logs(size);
}

}  // namespace punktfunk::fec
