// SPDX-License-Identifier: MIT OR Apache-2.0
// The client's media path. Packets are sealed here with the right key, so that everything behind the AEAD is
// reached too.
//
// Input: settings u8, then operations of one byte and their values. Bit 4 of the settings chooses between a
// host that means harm (any header in a valid seal) and an honest one behind a network that loses, repeats
// and reorders.
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "core/crypto/media_aead.h"
#include "core/session/media_receiver.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "frame_model.h"
#include "fuzz_input.h"
#include "hostile_headers.h"

using namespace punktfunk;
using namespace punktfunk::media;
using fuzz::require;
using Outcome = MediaReceiver::Outcome;

namespace {

// Longest run of one input: sealing dominates the time.
constexpr int kMaxOperations = 400;

MediaParams params_of(std::uint8_t settings) {
  MediaParams params;
  params.suite =
      (settings & 1) != 0 ? crypto::CipherSuite::chacha20_poly1305 : crypto::CipherSuite::aes128_gcm;
  params.scheme = (settings & 2) != 0 ? fec::Scheme::gf8 : fec::Scheme::gf16;
  constexpr std::array<std::uint32_t, 4> kBlocks{1, 8, 200, 4096};
  params.max_data_per_block = kBlocks[(settings >> 2) & 3];
  if (params.scheme == fec::Scheme::gf8)
    params.max_data_per_block = std::min(params.max_data_per_block, 200u);
  params.shard_payload = 512;
  params.fec_percent = 50;
  // Small, so that inputs of some kilobytes come to the budget.
  params.max_frame_bytes = (settings & 0x20) != 0 ? 16 * 1024 : 256 * 1024;
  return params;
}

class Client {
 public:
  Client(const Secret<32>& secret, const MediaParams& params)
      : params_(params), receiver_(secret, params, /*clock_origin_ns=*/0) {}

  Outcome receive(Bytes datagram) {
    const Outcome outcome = receiver_.receive(datagram, now_);
    require(receiver_.memory_bytes() <= receiver_.memory_budget(), "memory stays within the budget");
    return outcome;
  }

  // What the receiver made of a packet of the host that means harm.
  void note(const wire::MediaHeader& header, std::size_t shard_bytes, std::uint8_t fill, Outcome outcome) {
    const bool is_taken = outcome == Outcome::accepted || outcome == Outcome::frame_ready;
    if (is_taken || outcome == Outcome::repeated || outcome == Outcome::contradiction ||
        outcome == Outcome::over_budget) {
      model_.seen(header.frame);
    }
    if (is_taken) model_.taken(header, shard_bytes, fill, outcome == Outcome::accepted);
    if (outcome == Outcome::contradiction) model_.abandoned(header.frame);
  }

  void wait(Duration time) {
    now_ += time;
    poll();
  }

  void poll() {
    while (auto frame = receiver_.poll_frame(now_)) {
      require(!last_ || static_cast<std::int32_t>(frame->index - *last_) > 0,
              "frames come in order, once each");
      last_ = frame->index;
      require(frame->au.size() <= params_.max_frame_bytes, "a frame keeps its bound");
      require(frame->first_packet <= frame->last_packet && frame->last_packet <= now_, "times are in order");
      if (sent.empty()) {
        model_.check(*frame);
      } else {
        const auto known = sent.find(frame->index);
        require(known != sent.end(), "a frame was sent before it is delivered");
        require(frame->au == known->second, "an honest frame arrives as it was sent");
      }
      receiver_.recycle(std::move(frame->au));
      require(receiver_.memory_bytes() <= receiver_.memory_budget(), "memory stays within the budget");
    }
    const auto deadline = receiver_.next_deadline();
    require(!deadline || *deadline > now_, "what is due was done");
    require(!receiver_.has_frame(), "all frames were polled");
    receiver_.find_holes(now_, holes_);
    for (const auto& hole : holes_) {
      require(hole.needed == 0 || !hole.shards.empty() || hole.flags != 0, "a hole says what it lacks");
      require(hole.shards.size() <= receiver_.memory_budget() / 512, "a hole names shards it has room for");
    }
    const auto next_hole = receiver_.next_hole(now_);
    require(!next_hole || *next_hole > now_, "the next hole is still to come");
  }

  [[nodiscard]] std::size_t memory_bytes() const { return receiver_.memory_bytes(); }
  [[nodiscard]] MediaReceiver::Stats stats() const { return receiver_.stats(); }

  std::map<std::uint32_t, Bytes> sent;  // honest host: the access units

 private:
  const MediaParams params_;
  MediaReceiver receiver_;
  fuzz::FrameModel model_;
  TimePoint now_{std::chrono::seconds(1000)};
  std::optional<std::uint32_t> last_;
  std::vector<media::Reassembler::Hole> holes_;
};

// Bytes that were never sealed.
void send_garbage(fuzz::Input& input, Client& client) {
  const std::size_t size = input.take<std::uint16_t>() % 9300u;
  const ByteView front = input.take_bytes(std::min<std::size_t>(size, 40));
  Bytes datagram(size);
  std::copy(front.begin(), front.end(), datagram.begin());
  const Outcome outcome = client.receive(std::move(datagram));
  require(outcome == Outcome::bad_size || outcome == Outcome::bad_stream || outcome == Outcome::implausible ||
              outcome == Outcome::replayed || outcome == Outcome::unauthentic,
          "what was not sealed is not accepted");
}

void run_hostile(fuzz::Input& input, const Secret<32>& secret, const MediaParams& params) {
  Client client(secret, params);
  crypto::MediaSealer sealer(secret, params.suite);
  fuzz::HostileHeaders host;
  for (int i = 0; i < kMaxOperations && !input.empty(); ++i) {
    const std::uint8_t operation = input.take<std::uint8_t>();
    if ((operation & 15) == 0) {
      send_garbage(input, client);
      continue;
    }
    if ((operation & 15) == 1) {
      client.wait(std::chrono::milliseconds(input.take<std::uint8_t>()));
      continue;
    }
    host.change(operation & 15, input);
    // Bits 4 to 7: how many packets follow, each with the next shard index.
    for (int packet = 0; packet < operation >> 4; ++packet) {
      host.header.seq_low = static_cast<std::uint32_t>(host.number);
      const auto fill = static_cast<std::uint8_t>(host.number);
      Bytes datagram(host.shard_bytes + wire::kWireOverhead, fill);
      host.header.write(datagram);
      const std::array<crypto::MediaSealer::Item, 1> item{{{host.number, datagram}}};
      sealer.seal(item);
      const Outcome outcome = client.receive(std::move(datagram));
      client.note(host.header, host.shard_bytes, fill, outcome);
      ++host.header.shard;
      ++host.number;
    }
    client.poll();
  }
  client.wait(std::chrono::seconds(1));
}

Bytes sealed_at_once(MediaSender& sender, ByteView au, const MediaSender::FrameInfo& info) {
  const auto sealed = sender.seal_frame(au, info);
  return {sealed.begin(), sealed.end()};
}

// Section 13.4, in slices of one length and runs of another.
Bytes sealed_in_parts(MediaSender& sender, ByteView au, const MediaSender::FrameInfo& info,
                      std::uint8_t operation) {
  Bytes sealed;
  const auto take_ready = [&] {
    while (sender.datagrams_ready() > 0) append(sealed, sender.seal_next(1 + operation % 50u));
  };
  const std::size_t slice = 1 + operation * 97u;
  sender.begin_stream(info);
  for (; au.size() > slice; au = au.subspan(slice)) {
    require(sender.append(au.first(slice), operation % 2 == 0), "a part within the limit is taken");
    if (operation % 5 != 0) take_ready();
  }
  require(sender.finish(au), "the last part is taken");
  take_ready();
  return sealed;
}

void run_honest(fuzz::Input& input, const Secret<32>& secret, const MediaParams& params) {
  Client client(secret, params);
  MediaSender sender(secret, params);
  std::vector<std::pair<std::uint32_t, Bytes>> held;  // frame, datagram
  std::uint64_t complete = 0;
  std::uint32_t pts_us = 0;
  for (int i = 0; i < 60 && !input.empty(); ++i) {
    const std::uint8_t operation = input.take<std::uint8_t>();
    if (operation < 16) {
      send_garbage(input, client);
      continue;
    }
    Bytes au(input.take<std::uint16_t>() % std::min<std::uint64_t>(params.max_frame_bytes, 24 * 1024));
    for (std::size_t at = 0; at < au.size(); ++at) au[at] = static_cast<std::uint8_t>(at * operation);
    const std::uint32_t index = sender.next_frame_index();
    MediaSender::FrameInfo info;
    info.pts_us = pts_us += 16667;
    info.parity_percent = static_cast<std::uint8_t>(operation % 91);
    if (operation % 7 == 0) info.flags = wire::kFlagKeyframe;
    const Bytes sealed =
        operation % 3 == 0 ? sealed_in_parts(sender, au, info, operation) : sealed_at_once(sender, au, info);
    require(!sealed.empty(), "a frame within the limit is sealed");
    client.sent[index] = std::move(au);
    for (std::size_t at = 0; at < sealed.size(); at += sender.datagram_bytes()) {
      const auto datagram = ByteView(sealed).subspan(at, sender.datagram_bytes());
      const Bytes bytes(datagram.begin(), datagram.end());
      const std::uint8_t fate = input.take<std::uint8_t>();
      if (fate % 16 == 1) continue;                         // lost
      if (fate % 16 == 2) held.emplace_back(index, bytes);  // repeated later
      if (fate % 16 == 3) {                                 // late
        held.emplace_back(index, bytes);
        continue;
      }
      const Outcome outcome = client.receive(bytes);
      // Complete frames that wait behind a hole may fill the budget, four of the largest frames. A packet
      // asks for two at most: the buffer of its frame, and the one it outgrew.
      require(outcome == Outcome::accepted || outcome == Outcome::frame_ready || outcome == Outcome::late ||
                  (outcome == Outcome::over_budget && client.memory_bytes() >= 2 * params.max_frame_bytes),
              "an honest packet is taken while there is memory");
      if (outcome == Outcome::frame_ready) ++complete;
      if (fate % 16 == 4 && !held.empty()) {
        (void)client.receive(held.back().second);
        held.pop_back();
      }
    }
    client.poll();
    client.wait(std::chrono::milliseconds(operation % 32));
  }
  client.wait(std::chrono::seconds(1));
  const auto stats = client.stats();
  require(stats.frames_complete + stats.frames_lost <= sender.next_frame_index(),
          "no frame is counted twice");
  require(stats.frames_complete >= complete, "a complete frame counts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t settings = input.take<std::uint8_t>();
  static const Secret<32> secret(std::array<std::uint8_t, 32>{9});
  const MediaParams params = params_of(settings);
  (settings & 0x10) != 0 ? run_honest(input, secret, params) : run_hostile(input, secret, params);
  return 0;
}
