// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/fec/kernels/isa.h"
#include "core/fec/kernels/scalar_loops.h"

namespace punktfunk::fec {

extern const Kernels kScalarKernels = {"scalar",        scalar_add,       scalar_gf16_multiply_add,
                                       scalar_gf16_fft, scalar_gf16_ifft, scalar_gf8_multiply_add};

}  // namespace punktfunk::fec
