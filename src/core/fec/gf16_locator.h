// SPDX-License-Identifier: MIT OR Apache-2.0
// The polynomial that vanishes at the erased points, at every point of the code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace punktfunk::fec {

// `points` holds 1 for each erased point and 0 for the others; its size is a power of two, at most 65536.
// Replaces each entry by the logarithm, 0 … 65534, of ∏ (x + y) over the erased points y other than x itself.
//
// The logarithm is a convolution under XOR of that indicator with the table of logarithms, which a
// Walsh-Hadamard transform turns into products: n·log n additions instead of n·e. (Didier: "Efficient erasure
// decoding of Reed-Solomon codes", 2009.) Thread-safe; takes a table of 2 bytes per point for each size on
// first use.
void locate_erasures(std::vector<std::int32_t>& points);

// Makes the tables of that size and all smaller ones now rather than when they are first needed.
void prepare_locators(std::size_t largest);

}  // namespace punktfunk::fec
