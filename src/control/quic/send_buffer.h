// SPDX-License-Identifier: MIT OR Apache-2.0
// What one stream has written and the peer has not yet acknowledged.
#pragma once

#include <ngtcp2/ngtcp2.h>

#include <array>
#include <deque>
#include <memory>

#include "base/bytes.h"

namespace punktfunk::control {

// Bytes never move until they are acknowledged: the QUIC library keeps pointers to them for retransmission.
class SendBuffer {
 public:
  void append(ByteView data);
  void finish() { finished_ = true; }
  [[nodiscard]] bool finished() const { return finished_; }

  // Whether there are bytes, or the end of the stream, that were never handed to the library.
  [[nodiscard]] bool has_unsent() const { return sent_ < written_ || (finished_ && !end_sent_); }
  static constexpr std::size_t kMaxPieces = 4;
  struct Unsent {
    std::array<ngtcp2_vec, kMaxPieces> pieces;
    std::size_t count;
    bool ends_stream;  // the pieces reach the end of a finished stream
  };
  [[nodiscard]] Unsent unsent() const;
  // The library took `bytes` of unsent(), with its end of stream if it took them all.
  void mark_sent(std::size_t bytes);
  // In order, from the start of the stream.
  void acknowledge(std::size_t bytes);

  [[nodiscard]] std::size_t unacknowledged() const {
    return static_cast<std::size_t>(written_ - acknowledged_);
  }

 private:
  // Small writes share a chunk. 4 KiB holds a typical control exchange.
  static constexpr std::size_t kChunkBytes = 4096;
  struct Chunk {
    std::unique_ptr<std::uint8_t[]> bytes;
    std::size_t size;
    std::size_t capacity;
  };
  std::deque<Chunk> chunks_;
  std::uint64_t first_offset_ = 0;  // of chunks_.front() in the stream
  std::uint64_t acknowledged_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t written_ = 0;
  bool finished_ = false;
  bool end_sent_ = false;
};

}  // namespace punktfunk::control
