// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/capture/wlr_screencopy/buffer_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

namespace punktfunk::host {

Result<std::shared_ptr<BufferPool>> BufferPool::create(std::size_t slot_bytes, int wake_fd) {
  std::shared_ptr<BufferPool> pool(new BufferPool);
  pool->slot_bytes_ = slot_bytes;
  pool->memory_fd_ = UniqueFd(::memfd_create("punktfunk-capture", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  pool->wake_fd_ = UniqueFd(::fcntl(wake_fd, F_DUPFD_CLOEXEC, 0));
  const int fd = pool->memory_fd_.get();
  if (!pool->memory_fd_.valid() || !pool->wake_fd_.valid() ||
      ::ftruncate(fd, static_cast<off_t>(pool->total_bytes())) < 0)
    return fail(std::string("The desktop cannot be captured: no memory for its pictures (") +
                ::strerror(errno) + ").");
  // The compositor can then trust the size, and no one can shrink it under us.
  (void)::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  // Populated now, so that the first frames cost no page faults.
  void* memory =
      ::mmap(nullptr, pool->total_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (memory == MAP_FAILED)
    return fail(std::string("The desktop cannot be captured: its pictures' memory cannot be mapped (") +
                ::strerror(errno) + ").");
  pool->memory_ = static_cast<std::uint8_t*>(memory);
  return pool;
}

BufferPool::~BufferPool() {
  if (memory_ != nullptr) ::munmap(memory_, total_bytes());
}

std::optional<std::uint32_t> BufferPool::take() {
  for (std::uint32_t index = 0; index < kSlots; ++index)
    if (!taken_[index].exchange(true, std::memory_order_acquire)) return index;
  return std::nullopt;
}

void BufferPool::give_back(std::uint32_t index) noexcept {
  taken_[index].store(false, std::memory_order_release);
  (void)::eventfd_write(wake_fd_.get(), 1);
}

}  // namespace punktfunk::host
