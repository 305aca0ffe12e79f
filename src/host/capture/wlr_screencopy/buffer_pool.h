// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"
#include "host/capture/capture.h"

namespace punktfunk::host {

// The memory the compositor copies into: one mapping for all slots, made once, alive as long as a frame of it
// is held.
class BufferPool final : public FrameReturn {
 public:
  // One being written, one waiting in the sink's slot, one being encoded, one spare for the moment between.
  static constexpr std::uint32_t kSlots = 4;

  // `wake_fd`: an eventfd that is written when a slot comes back; a duplicate is kept.
  [[nodiscard]] static Result<std::shared_ptr<BufferPool>> create(std::size_t slot_bytes, int wake_fd);
  ~BufferPool() override;
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  [[nodiscard]] int fd() const { return memory_fd_.get(); }
  [[nodiscard]] std::size_t slot_bytes() const { return slot_bytes_; }
  [[nodiscard]] std::size_t total_bytes() const { return slot_bytes_ * kSlots; }
  [[nodiscard]] const std::uint8_t* slot(std::uint32_t index) const { return memory_ + index * slot_bytes_; }

  // One thread takes, any thread gives back.
  [[nodiscard]] std::optional<std::uint32_t> take();
  void give_back(std::uint32_t index) noexcept override;

 private:
  BufferPool() = default;

  UniqueFd memory_fd_;
  UniqueFd wake_fd_;
  std::uint8_t* memory_ = nullptr;
  std::size_t slot_bytes_ = 0;
  std::array<std::atomic<bool>, kSlots> taken_{};
};

}  // namespace punktfunk::host
