// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/quic/send_buffer.h"

#include <algorithm>
#include <cstring>

namespace punktfunk::control {

void SendBuffer::append(ByteView data) {
  written_ += data.size();
  while (!data.empty()) {
    if (chunks_.empty() || chunks_.back().size == chunks_.back().capacity) {
      const std::size_t capacity = std::max(kChunkBytes, data.size());
      chunks_.push_back({std::make_unique<std::uint8_t[]>(capacity), 0, capacity});
    }
    Chunk& last = chunks_.back();
    const std::size_t take = std::min(data.size(), last.capacity - last.size);
    std::memcpy(last.bytes.get() + last.size, data.data(), take);
    last.size += take;
    data = data.subspan(take);
  }
}

SendBuffer::Unsent SendBuffer::unsent() const {
  Unsent result{{}, 0, false};
  std::uint64_t offset = first_offset_;
  std::uint64_t reached = sent_;
  for (const Chunk& chunk : chunks_) {
    const std::uint64_t end = offset + chunk.size;
    if (end > sent_) {
      if (result.count == kMaxPieces) break;
      const std::size_t skip = sent_ > offset ? static_cast<std::size_t>(sent_ - offset) : 0;
      result.pieces[result.count++] = {chunk.bytes.get() + skip, chunk.size - skip};
      reached = end;
    }
    offset = end;
  }
  result.ends_stream = finished_ && reached == written_;
  return result;
}

void SendBuffer::mark_sent(std::size_t bytes) {
  sent_ = std::min(sent_ + bytes, written_);
  if (finished_ && sent_ == written_) end_sent_ = true;
}

void SendBuffer::acknowledge(std::size_t bytes) {
  acknowledged_ = std::min(acknowledged_ + bytes, sent_);
  while (!chunks_.empty()) {
    const Chunk& first = chunks_.front();
    if (first.size < first.capacity && chunks_.size() == 1) return;  // still being filled
    if (first_offset_ + first.size > acknowledged_) return;
    first_offset_ += first.size;
    chunks_.pop_front();
  }
}

}  // namespace punktfunk::control
