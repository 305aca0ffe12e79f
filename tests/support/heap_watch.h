// SPDX-License-Identifier: MIT OR Apache-2.0
// Counts what operator new hands out in this program, for the tests of memory bounds and of the frame path.
#pragma once

#include <cstddef>
#include <cstdint>

namespace punktfunk::media {

[[nodiscard]] std::size_t live_heap_bytes();
[[nodiscard]] std::uint64_t heap_allocations();

}  // namespace punktfunk::media
