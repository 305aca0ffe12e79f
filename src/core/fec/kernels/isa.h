// SPDX-License-Identifier: MIT OR Apache-2.0
// What dispatch.cc chooses from. A new instruction set adds its line here, its file and its test in
// dispatch.cc.
#pragma once

#include "core/fec/kernels/kernels.h"

namespace punktfunk::fec {

extern const Kernels kScalarKernels;
#if defined(PUNKTFUNK_FEC_X86)
extern const Kernels kSsse3Kernels;
extern const Kernels kAvx2Kernels;
#endif

}  // namespace punktfunk::fec
