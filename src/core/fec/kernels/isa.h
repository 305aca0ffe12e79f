// SPDX-License-Identifier: MIT OR Apache-2.0
// What dispatch.cc chooses from, and what the kernel files share. A new instruction set adds its line here,
// its file, and its test in dispatch.cc.
#pragma once

#include <type_traits>
#include <utility>

#include "core/fec/kernels/kernels.h"

#define PF_INLINE [[gnu::always_inline]] inline
#define PF_INLINE_LAMBDA __attribute__((always_inline))

// Under a sanitizer compilers take many minutes for the large unrolled loops; there the same code is
// instantiated in few and small forms only.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PF_FEC_SMALL_LOOPS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define PF_FEC_SMALL_LOOPS
#endif
#endif

namespace punktfunk::fec {

#if defined(PF_FEC_SMALL_LOOPS)
inline constexpr bool kManyLoops = false;
#else
inline constexpr bool kManyLoops = true;
#endif

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
