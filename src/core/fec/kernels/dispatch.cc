// SPDX-License-Identifier: MIT OR Apache-2.0
#include <atomic>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "core/fec/kernels/isa.h"

namespace punktfunk::fec {
namespace {

std::vector<const Kernels*> detect() {
  std::vector<const Kernels*> found = {&kScalarKernels};
#if defined(PUNKTFUNK_FEC_X86)
  if (__builtin_cpu_supports("ssse3")) found.push_back(&kSsse3Kernels);
  if (__builtin_cpu_supports("avx2")) found.push_back(&kAvx2Kernels);
  if (__builtin_cpu_supports("gfni")) {
    if (__builtin_cpu_supports("avx2")) found.push_back(&kAvx2GfniKernels);
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl")) {
      found.push_back(&kAvx512GfniKernels);
    }
  }
#elif defined(PUNKTFUNK_FEC_ARM64)
  found.push_back(&kNeonKernels);
#endif
  return found;
}

const Kernels* choose() {
  const std::span<const Kernels* const> all = available_kernels();
  if (const char* const wanted = std::getenv("PUNKTFUNK_FEC_KERNEL")) {
    for (const Kernels* const kernels : all) {
      if (std::string_view(kernels->name) == wanted) return kernels;
    }
  }
  return all.back();
}

std::atomic<const Kernels*>& active() {
  static std::atomic<const Kernels*> kernels{choose()};
  return kernels;
}

}  // namespace

std::span<const Kernels* const> available_kernels() {
  static const std::vector<const Kernels*> found = detect();
  return found;
}

const Kernels& active_kernels() { return *active().load(std::memory_order_relaxed); }

void use_kernels(const Kernels& kernels) { active().store(&kernels, std::memory_order_relaxed); }

}  // namespace punktfunk::fec
