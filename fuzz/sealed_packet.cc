// SPDX-License-Identifier: MIT OR Apache-2.0
// Sealed packets on a network that somebody else holds: changed, cut, glued, replayed, out of order, and with
// numbers around every limit (section 12). The receiver has the right keys; nothing but what was sealed may
// pass, once, and every access unit comes out as it went in.
//
// Input: settings u8, then operations of one byte and their values.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/crypto/aead/aead_backend.h"
#include "core/crypto/media_aead.h"
#include "core/media/packetizer.h"
#include "core/session/media_receiver.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::media;
using fuzz::require;
using Outcome = MediaReceiver::Outcome;

namespace {

// Sealing and opening with every backend dominate the time of one input.
constexpr int kMaxOperations = 200;
constexpr std::size_t kPoolSize = 96;
constexpr std::size_t kShard = 512;

constexpr std::uint64_t kPerKey = std::uint64_t{1} << 23;  // section 12.3
constexpr std::uint64_t kReplay = 131072;                  // section 12.4

struct Sealed {
  std::uint64_t number = 0;
  Bytes plain;     // header and shard
  Bytes datagram;  // as it left
};

// Sections 12.2 and 12.4 once more, as plainly as possible.
class Numbers {
 public:
  [[nodiscard]] std::uint64_t expand(std::uint32_t low) const {
    // The candidate with this low half that lies nearest to the highest number; a tie goes down, which int32
    // does too, and nothing lies below 0.
    const std::uint64_t base = highest_ & ~std::uint64_t{0xFFFFFFFF};
    std::uint64_t best = base + low;
    const auto away = [&](std::uint64_t n) { return n > highest_ ? n - highest_ : highest_ - n; };
    if (base != 0 && away(base - 0x100000000 + low) <= away(best)) best = base - 0x100000000 + low;
    if (away(base + 0x100000000 + low) < away(best)) best = base + 0x100000000 + low;
    return best;
  }
  [[nodiscard]] bool passes(std::uint64_t number) const {
    if (number / kPerKey > highest_ / kPerKey + 1) return false;
    if (number <= highest_ && highest_ - number >= kReplay) return false;
    return !accepted_.contains(number);
  }
  void accept(std::uint64_t number) {
    require(accepted_.insert(number).second, "no number is accepted twice");
    highest_ = std::max(highest_, number);
  }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }

 private:
  std::uint64_t highest_ = 0;
  std::set<std::uint64_t> accepted_;
};

MediaParams params_of(std::uint8_t settings) {
  MediaParams params;
  params.suite =
      (settings & 1) != 0 ? crypto::CipherSuite::chacha20_poly1305 : crypto::CipherSuite::aes128_gcm;
  params.shard_payload = kShard;
  params.max_frame_bytes = 64 * 1024;
  return params;
}

const Secret<32>& secret() {
  static const Secret<32> value(std::array<std::uint8_t, 32>{5});
  return value;
}

class World {
 public:
  explicit World(const MediaParams& params)
      : packetizer_({params.scheme, 50, params.max_data_per_block, params.shard_payload}),
        sealer_(secret(), params.suite),
        receiver_(secret(), params, 0) {
    for (const crypto::aead::Backend* backend : crypto::aead::available_backends())
      openers_.emplace_back(secret(), params.suite, *backend);
  }

  // A frame's packets, numbered on from `number_`, all into the pool.
  void send_frame(std::size_t bytes, std::uint8_t fill, std::uint8_t percent) {
    Bytes au(bytes, fill);
    for (std::size_t i = 0; i < au.size(); ++i) au[i] = static_cast<std::uint8_t>(au[i] + i / 7);
    Packetizer::FrameFields fields;
    fields.frame = next_frame_;
    fields.pts_us = next_frame_ * 1000;
    fields.flags = wire::kFlagPicture;
    fields.parity_percent = percent;
    const MutableBytes packets = packetizer_.packetize(au, fields, number_);
    for (std::size_t at = 0; at < packets.size(); at += packetizer_.datagram_bytes()) {
      const auto one = packets.subspan(at, packetizer_.datagram_bytes());
      Sealed sealed;
      sealed.number = number_++;
      sealed.plain.assign(one.begin(), one.end() - wire::kTagBytes);
      sealed.datagram.assign(one.begin(), one.end());
      const crypto::MediaPacket item{sealed.number, sealed.datagram};
      sealer_.seal({&item, 1});
      genuine_.insert(sealed.datagram);
      pool_.push_back(std::move(sealed));
      if (pool_.size() > kPoolSize) {
        genuine_.erase(pool_.front().datagram);
        pool_.erase(pool_.begin());
      }
    }
    sent_[next_frame_++] = std::move(au);
  }

  // The next packet's number: somewhere that matters.
  void jump(std::uint8_t where, std::uint8_t by) {
    const std::uint64_t boundary = (number_ / kPerKey + 1) * kPerKey;
    const std::array<std::uint64_t, 8> places{number_ + by,
                                              boundary - by % 8,
                                              boundary,
                                              boundary + kPerKey - by % 8,
                                              number_ + kReplay - 4 + by % 8,
                                              number_ + 0x7FFFFFF8 + by % 16,
                                              number_ + 0xFFFFFFF8 + by % 16,
                                              number_ + kPerKey - 4 + by % 8};
    number_ = std::max(number_, places[where % places.size()]);  // no number is sealed twice
  }

  [[nodiscard]] const Sealed* pick(std::uint8_t which) const {
    return pool_.empty() ? nullptr : &pool_[which % pool_.size()];
  }

  void deliver(const Bytes& datagram) {
    Bytes copy = datagram;
    note(datagram, receiver_.receive(copy, now_));
  }

  // The same through one call: the outcomes are those of one after the other.
  void deliver_together(const std::vector<Bytes>& datagrams) {
    std::vector<Bytes> copies = datagrams;
    const std::vector<MutableBytes> batch(copies.begin(), copies.end());
    const auto outcomes = receiver_.receive_batch(batch, now_);
    require(outcomes.size() == datagrams.size(), "each datagram has its outcome");
    for (std::size_t i = 0; i < datagrams.size(); ++i) note(datagrams[i], outcomes[i]);
  }

  // Every backend takes and gives the same, whatever the length and the number.
  void open_everywhere(const Bytes& datagram, std::uint64_t number, const Sealed* original) {
    for (crypto::MediaOpener& opener : openers_) {
      Bytes copy = datagram;
      const bool authentic = opener.open(number, copy);
      const bool is_genuine =
          original != nullptr && datagram == original->datagram && number == original->number;
      require(authentic == is_genuine, "what was sealed is opened, and nothing else");
      if (!authentic) continue;
      copy.resize(copy.size() - wire::kTagBytes);
      require(copy == original->plain, "what is opened is what was sealed");
    }
  }

  void wait(Duration time) {
    now_ += time;
    poll();
  }

  void poll() {
    while (auto frame = receiver_.poll_frame(now_)) {
      const auto known = sent_.find(frame->index);
      require(known != sent_.end(), "a frame was sent before it is delivered, and comes once");
      require(frame->au == known->second, "a frame arrives as it was sent");
      sent_.erase(known);
      receiver_.recycle(std::move(frame->au));
    }
    require(receiver_.stats().packets_received == accepted_, "what was opened was counted");
    require(receiver_.memory_bytes() <= receiver_.memory_budget(), "memory stays within the budget");
  }

  [[nodiscard]] std::uint64_t highest() const { return numbers_.highest(); }

 private:
  void note(const Bytes& datagram, Outcome outcome) {
    const bool opened = outcome == Outcome::accepted || outcome == Outcome::frame_ready ||
                        outcome == Outcome::late || outcome == Outcome::repeated;
    require(opened || outcome == Outcome::bad_size || outcome == Outcome::bad_stream ||
                outcome == Outcome::implausible || outcome == Outcome::replayed ||
                outcome == Outcome::unauthentic || outcome == Outcome::over_budget,
            "an honest packet breaks no rule, and what is not honest is not opened");
    bool expected = false;
    std::uint64_t number = 0;
    if (genuine_.contains(datagram)) {
      const auto from = std::find_if(pool_.begin(), pool_.end(),
                                     [&](const Sealed& sealed) { return sealed.datagram == datagram; });
      number = from->number;
      expected = numbers_.expand(static_cast<std::uint32_t>(number)) == number && numbers_.passes(number);
    }
    require((opened || outcome == Outcome::over_budget) == expected,
            "a sealed packet passes exactly when its number does");
    if (expected) numbers_.accept(number);
    accepted_ += expected ? 1U : 0U;
    require(receiver_.memory_bytes() <= receiver_.memory_budget(), "memory stays within the budget");
  }

  Packetizer packetizer_;
  crypto::MediaSealer sealer_;
  MediaReceiver receiver_;
  std::vector<crypto::MediaOpener> openers_;
  std::vector<Sealed> pool_;
  std::set<Bytes> genuine_;  // the pool's datagrams
  Numbers numbers_;
  std::map<std::uint32_t, Bytes> sent_;
  std::uint64_t number_ = 0;
  std::uint64_t accepted_ = 0;
  std::uint32_t next_frame_ = 0;
  TimePoint now_{std::chrono::seconds(1000)};
};

// One change: a byte, the length, the number, or the rear of another packet.
Bytes changed(fuzz::Input& input, const World& world, const Sealed& from) {
  Bytes bytes = from.datagram;
  switch (input.take<std::uint8_t>() % 5) {
    case 0: {
      const std::size_t at = input.take<std::uint16_t>() % bytes.size();
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ input.take<std::uint8_t>());
      break;
    }
    case 1:
      bytes.resize(input.take<std::uint16_t>() % 9300u, input.take<std::uint8_t>());
      break;
    case 2:
      store_le(bytes.data() + 1, input.take<std::uint32_t>());
      break;
    case 3: {
      const Sealed& other = *world.pick(input.take<std::uint8_t>());
      const std::size_t cut = input.take<std::uint16_t>() % bytes.size();
      std::copy(other.datagram.begin() + static_cast<std::ptrdiff_t>(cut), other.datagram.end(),
                bytes.begin() + static_cast<std::ptrdiff_t>(cut));
      break;
    }
    default: {
      const ByteView front = input.take_bytes(input.take<std::uint8_t>() % 48u);
      std::copy(front.begin(), front.end(), bytes.begin());
      break;
    }
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  World world(params_of(input.take<std::uint8_t>()));
  for (int i = 0; i < kMaxOperations && !input.empty(); ++i) {
    const std::uint8_t operation = input.take<std::uint8_t>();
    switch (operation & 7) {
      case 0: {
        const std::size_t bytes = input.take<std::uint16_t>() % 8192u;
        world.send_frame(bytes, operation, static_cast<std::uint8_t>((operation >> 3) * 3));
        break;
      }
      case 1:
        world.jump(operation >> 3, input.take<std::uint8_t>());
        break;
      case 2:
        world.wait(std::chrono::milliseconds(operation >> 2));
        break;
      case 3: {  // so many, one after the other, from here on
        const std::uint8_t first = input.take<std::uint8_t>();
        for (std::uint8_t n = 0; n <= operation >> 3; ++n) {
          const Sealed* sealed = world.pick(static_cast<std::uint8_t>(first + n));
          if (sealed != nullptr) world.deliver(sealed->datagram);
        }
        break;
      }
      case 4: {
        const Sealed* sealed = world.pick(input.take<std::uint8_t>());
        if (sealed != nullptr) world.deliver(changed(input, world, *sealed));
        break;
      }
      case 5: {  // whole and changed ones in one batch
        std::vector<Bytes> batch;
        for (int n = 0; n <= operation >> 3; ++n) {
          const std::uint8_t which = input.take<std::uint8_t>();
          const Sealed* sealed = world.pick(which & 0x7F);
          if (sealed == nullptr) break;
          batch.push_back((which & 0x80) != 0 ? changed(input, world, *sealed) : sealed->datagram);
        }
        world.deliver_together(batch);
        break;
      }
      case 6: {
        const Sealed* sealed = world.pick(input.take<std::uint8_t>());
        if (sealed == nullptr) break;
        world.open_everywhere(sealed->datagram, sealed->number, sealed);
        world.open_everywhere(changed(input, world, *sealed), sealed->number, sealed);
        world.open_everywhere(sealed->datagram, sealed->number ^ input.take<std::uint64_t>(), sealed);
        break;
      }
      default: {  // bytes that nobody sealed, of any length
        Bytes garbage(input.take<std::uint16_t>() % 1600u, operation);
        const ByteView front = input.take_bytes(std::min<std::size_t>(garbage.size(), 40));
        std::copy(front.begin(), front.end(), garbage.begin());
        world.open_everywhere(garbage, world.highest(), nullptr);
        world.deliver(garbage);
        break;
      }
    }
    world.poll();
  }
  world.wait(std::chrono::seconds(1));
  return 0;
}
