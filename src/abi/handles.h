// SPDX-License-Identifier: MIT OR Apache-2.0
// What the opaque handles of the header are, apart from the client and the session, which have files of their
// own.
#pragma once

#include <punktfunk_core.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "base/bytes.h"
#include "control/identity/identity.h"
#include "core/media/frame.h"
#include "core/wire/audio.h"
#include "transport/datagram.h"

namespace punktfunk::abi {

// The memory of released frames, on its way back to the receiver they came from. A frame may be released on
// any thread, and after that receiver is gone. Any thread.
class ReturnedBuffers {
 public:
  void put(Bytes&& buffer) noexcept {
    const std::lock_guard lock(mutex_);
    if (size_ < buffers_.size()) buffers_[size_++] = std::move(buffer);
  }
  template <class Take>
  void take_all(Take&& take) {
    const std::lock_guard lock(mutex_);
    while (size_ > 0) take(std::move(buffers_[--size_]));
  }

 private:
  // What a reassembler keeps for reuse is bounded too, and more than the default line holds is of no use.
  static constexpr std::size_t kMost = 16;
  std::mutex mutex_;
  std::array<Bytes, kMost> buffers_;
  std::size_t size_ = 0;
};

}  // namespace punktfunk::abi

struct punktfunk_identity {
  std::shared_ptr<const punktfunk::control::Identity> identity;
};

struct punktfunk_frame {
  punktfunk_frame(punktfunk::media::Frame&& from, std::shared_ptr<punktfunk::abi::ReturnedBuffers> to)
      : frame(std::move(from)), home(std::move(to)) {}
  ~punktfunk_frame() { home->put(std::move(frame.au)); }
  punktfunk_frame(const punktfunk_frame&) = delete;
  punktfunk_frame& operator=(const punktfunk_frame&) = delete;

  punktfunk::media::Frame frame;
  std::shared_ptr<punktfunk::abi::ReturnedBuffers> home;
};

struct punktfunk_audio {
  explicit punktfunk_audio(punktfunk::wire::AudioPacket&& from) : packet(std::move(from)) {}

  punktfunk::wire::AudioPacket packet;
};

struct punktfunk_socket {
  std::shared_ptr<punktfunk::DatagramSocket> socket;
  // Two sessions reading one socket would steal each other's datagrams.
  std::atomic<bool> in_use = false;
};
