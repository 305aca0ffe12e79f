// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/convert/colour.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "host/convert/rows.h"

namespace punktfunk::host {
namespace {

constexpr std::size_t kAlignment = 64;  // one cache line; what x264 and libyuv like best

constexpr std::size_t align_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

struct Kernels {
  convert::LumaRow luma;
  convert::ChromaRow chroma;
};

const Kernels& kernels() {
  static const Kernels chosen = convert::avx2_usable()
                                    ? Kernels{convert::luma_row_avx2, convert::chroma_row_avx2}
                                    : Kernels{convert::luma_row_portable, convert::chroma_row_portable};
  return chosen;
}

}  // namespace

void I420Buffer::Free::operator()(std::uint8_t* memory) const {
  ::operator delete[](memory, std::align_val_t{kAlignment});
}

I420Buffer::I420Buffer(std::uint32_t content_width, std::uint32_t content_height)
    : content_width_(content_width), content_height_(content_height) {
  const std::size_t chroma_width = (std::size_t{content_width} + 1) / 2;
  const std::size_t chroma_height = (std::size_t{content_height} + 1) / 2;
  strides_ = {align_up(2 * chroma_width, kAlignment), align_up(chroma_width, kAlignment),
              align_up(chroma_width, kAlignment)};
  const std::size_t luma_bytes = strides_[0] * 2 * chroma_height;
  const std::size_t chroma_bytes = strides_[1] * chroma_height;
  memory_.reset(new (std::align_val_t{kAlignment}) std::uint8_t[luma_bytes + 2 * chroma_bytes]);
  planes_ = {memory_.get(), memory_.get() + luma_bytes, memory_.get() + luma_bytes + chroma_bytes};
  std::memset(planes_[0], 16, luma_bytes);
  std::memset(planes_[1], 128, 2 * chroma_bytes);
}

I420View I420Buffer::view() const {
  return {{planes_[0], planes_[1], planes_[2]},
          strides_,
          (content_width_ + 1) & ~1u,
          (content_height_ + 1) & ~1u};
}

bool convert_bgrx_rows_to_i420(const BgrxView& in, std::uint32_t first_row, std::uint32_t rows,
                               I420Buffer& out) {
  if (in.data == nullptr || in.width == 0 || in.height == 0 || in.width != out.content_width() ||
      in.height != out.content_height() || first_row > in.height || rows > in.height - first_row)
    return false;
  const Kernels& use = kernels();
  const std::uint32_t first_pair = first_row / 2;
  const std::uint32_t last_pair = (first_row + rows + 1) / 2;
  for (std::uint32_t pair = first_pair; pair < last_pair && rows > 0; ++pair) {
    const std::uint32_t top = 2 * pair;
    const std::uint32_t bottom = std::min(top + 1, in.height - 1);
    const std::uint8_t* upper = in.data + static_cast<std::ptrdiff_t>(top) * in.stride;
    const std::uint8_t* lower = in.data + static_cast<std::ptrdiff_t>(bottom) * in.stride;
    std::uint8_t* y = out.plane(0) + top * out.stride(0);
    std::uint8_t* y_below = y + out.stride(0);
    use.luma(upper, y, in.width);
    use.luma(lower, y_below, in.width);
    if (in.width % 2 != 0) {
      y[in.width] = y[in.width - 1];
      y_below[in.width] = y_below[in.width - 1];
    }
    use.chroma(upper, lower, out.plane(1) + pair * out.stride(1), out.plane(2) + pair * out.stride(2),
               in.width);
  }
  return true;
}

bool convert_bgrx_to_i420(const BgrxView& in, I420Buffer& out) {
  return convert_bgrx_rows_to_i420(in, 0, in.height, out);
}

}  // namespace punktfunk::host
