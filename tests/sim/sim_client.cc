// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sim_client.h"

#include "base/synthetic_frame.h"
#include "core/wire/media_header.h"

namespace punktfunk::sim {

SimClient::SimClient(AddressBook& book, NodeId own, std::uint64_t seed, std::uint64_t synthetic_seed,
                     const control::Identity* identity, control::QuicConfig quic)
    : book_(book),
      local_(book.address_of(own)),
      synthetic_seed_(synthetic_seed),
      random_(seed),
      node_(endpoint::ClientNode::create(quic, identity, random_, *this).value()) {}

endpoint::ConnectOptions SimClient::options(const std::optional<control::Fingerprint>& pin) const {
  endpoint::ConnectOptions options;
  options.local = local_;
  options.host = book_.address_of(1);
  options.pin = pin;
  return options;
}

void SimClient::connect(const std::optional<control::Fingerprint>& pin, TimePoint now, Duration budget) {
  now_ = now;
  wire::ClientHello wanted;
  wanted.mode = {1280, 720, 60};
  wanted.video_codecs = wire::kCodecH264;
  wanted.features.set(wire::kClientExtension);
  wanted.bitrate_kbps = bitrate_kbps;
  wanted.features.set(wire::kClientStreamedAu);
  if (takes_filler) wanted.features.set(wire::kClientProbeIndexSpace);
  auto how = options(pin);
  how.budget = budget;
  node_->connect(how, wanted, now);
}

void SimClient::pair(const std::string& pin, TimePoint now) {
  now_ = now;
  node_->pair(options(std::nullopt), "Simulated device", pin, now);
}

void SimClient::receive(TimePoint now, NodeId from, MutableBytes datagram) {
  now_ = now;
  node_->receive(local_, book_.address_of(from), datagram, 0, now);
}

void SimClient::handle_deadline(TimePoint now) {
  now_ = now;
  node_->handle_deadline(now);
}

std::optional<std::pair<NodeId, Bytes>> SimClient::poll_transmit(TimePoint now) {
  now_ = now;
  control::Transmit out;
  while (outgoing_.empty() && node_->poll_transmit(out, now)) {
    const NodeId to = book_.node_of(out.remote);
    split(out, [&](ByteView one) { outgoing_.emplace_back(to, Bytes(one.begin(), one.end())); });
  }
  if (outgoing_.empty()) return std::nullopt;
  auto first = std::move(outgoing_.front());
  outgoing_.pop_front();
  return first;
}

void SimClient::on_session(const wire::ServerHello& answer, const control::Fingerprint& host) {
  EXPECT_FALSE(hello) << "two sessions on one node";
  hello = answer;
  session_host = host;
}

void SimClient::on_frame(media::Frame frame) {
  EXPECT_FALSE(ended) << "a frame after the end";
  const bool keyframe = (frame.flags & wire::kFlagKeyframe) != 0;
  if (frame.index < next_index_ ||
      check_synthetic(frame.au, synthetic_seed_, frame.index) != SyntheticCheck::good ||
      (frame.index == 0 && !keyframe)) {
    ++wrong_frames;
  }
  if (frame.index > next_index_) {
    gaps.push_back({next_index_, frame.index - next_index_, now_, std::nullopt, {}});
    lost_frames += frame.index - next_index_;
  }
  next_index_ = frame.index + 1;
  if (keyframe) {
    for (Gap& gap : gaps) {
      if (gap.healed_at) continue;
      gap.healed_at = now_;
      gap.frozen = now_ - last_whole_.value_or(now_);
    }
  }
  if (gaps.empty() || gaps.back().healed_at) last_whole_ = now_;
  const auto host_now = node_->host_clock_ns(now_);
  Delivered delivered{frame.index, keyframe, now_, {}};
  if (host_now) {
    delivered.after_capture = Duration(*host_now - static_cast<std::int64_t>(frame.capture_ns));
  }
  frames.push_back(delivered);
  recovered_shards += frame.recovered_shards;
  node_->recycle(std::move(frame.au));
}

void SimClient::on_ended(const endpoint::ClientEnd& end) {
  EXPECT_FALSE(ended) << "ended twice";
  ended = end;
  ended_at = now_;
}

}  // namespace punktfunk::sim
