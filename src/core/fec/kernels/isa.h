// SPDX-License-Identifier: MIT OR Apache-2.0
// What dispatch.cc chooses from, and what the kernel files share. A new instruction set adds its line here,
// its file, and its test in dispatch.cc.
#pragma once

#include <type_traits>
#include <utility>

#include "core/fec/kernels/kernels.h"

#define PF_INLINE [[gnu::always_inline]] inline
#define PF_INLINE_LAMBDA __attribute__((always_inline))

namespace punktfunk::fec {

extern const Kernels kScalarKernels;
#if defined(PUNKTFUNK_FEC_X86)
extern const Kernels kSsse3Kernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx2GfniKernels;
extern const Kernels kAvx512GfniKernels;
#elif defined(PUNKTFUNK_FEC_ARM64)
extern const Kernels kNeonKernels;
#endif

}  // namespace punktfunk::fec
