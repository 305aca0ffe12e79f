// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <wayland-client.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace punktfunk {

// One picture's memory shared with the compositor, and whether that is still reading it.
class ShmBuffer {
 public:
  // nullptr when there is no memory.
  [[nodiscard]] static std::unique_ptr<ShmBuffer> create(wl_shm* shm, std::uint32_t width,
                                                         std::uint32_t height);
  ~ShmBuffer();
  ShmBuffer(const ShmBuffer&) = delete;
  ShmBuffer& operator=(const ShmBuffer&) = delete;

  [[nodiscard]] wl_buffer* handle() const { return buffer_; }
  [[nodiscard]] std::uint32_t* pixels() const { return pixels_; }
  [[nodiscard]] bool busy() const { return busy_; }
  void mark_busy() { busy_ = true; }

 private:
  ShmBuffer() = default;

  wl_buffer* buffer_ = nullptr;
  std::uint32_t* pixels_ = nullptr;
  std::size_t bytes_ = 0;
  bool busy_ = false;
};

}  // namespace punktfunk
