// SPDX-License-Identifier: MIT OR Apache-2.0
#include "test_pattern/shm_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace punktfunk {

std::unique_ptr<ShmBuffer> ShmBuffer::create(wl_shm* shm, std::uint32_t width, std::uint32_t height) {
  std::unique_ptr<ShmBuffer> out(new ShmBuffer);
  out->bytes_ = std::size_t{width} * height * 4;
  const UniqueFd fd(::memfd_create("test-pattern", MFD_CLOEXEC));
  if (!fd.valid() || ::ftruncate(fd.get(), static_cast<off_t>(out->bytes_)) < 0) return nullptr;
  void* memory = ::mmap(nullptr, out->bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return nullptr;
  out->pixels_ = static_cast<std::uint32_t*>(memory);
  wl_shm_pool* const pool = wl_shm_create_pool(shm, fd.get(), static_cast<std::int32_t>(out->bytes_));
  out->buffer_ =
      wl_shm_pool_create_buffer(pool, 0, static_cast<std::int32_t>(width), static_cast<std::int32_t>(height),
                                static_cast<std::int32_t>(width * 4), WL_SHM_FORMAT_XRGB8888);
  wl_shm_pool_destroy(pool);
  static constexpr wl_buffer_listener kListener = {
      [](void* self, wl_buffer*) { static_cast<ShmBuffer*>(self)->busy_ = false; }};
  wl_buffer_add_listener(out->buffer_, &kListener, out.get());
  return out;
}

ShmBuffer::~ShmBuffer() {
  if (buffer_ != nullptr) wl_buffer_destroy(buffer_);
  if (pixels_ != nullptr) ::munmap(pixels_, bytes_);
}

}  // namespace punktfunk
