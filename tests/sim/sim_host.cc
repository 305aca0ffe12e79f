// SPDX-License-Identifier: MIT OR Apache-2.0
#include "sim_host.h"

#include "base/synthetic_frame.h"
#include "core/session/bitrate_grant.h"
#include "core/session/wire_budget.h"
#include "core/wire/media_header.h"

namespace punktfunk::sim {

namespace {

Duration frame_interval(std::uint32_t hz) { return Duration(std::chrono::seconds(1)) / hz; }

media::PacerConfig pacer_config(const HostBehaviour& behaviour) {
  media::PacerConfig config;
  config.stream_rate = BitRate::from_kbps(behaviour.bitrate_kbps);
  config.frame_interval = frame_interval(behaviour.refresh_hz);
  return config;
}

// `now` outlives the configuration.
endpoint::HostConfig in_virtual_time(endpoint::HostConfig config, const TimePoint& now) {
  config.wall_clock = [&now] {
    return std::uint64_t{1'700'000'000'000'000'000} +
           static_cast<std::uint64_t>(now.time_since_epoch().count());
  };
  return config;
}

}  // namespace

SimHost::Stream::Stream(endpoint::MediaGrant granted, const HostBehaviour& behaviour)
    : grant(std::move(granted)),
      sender(grant.host_to_client, grant.params),
      pacer(pacer_config(behaviour)),
      budget(BitRate::from_kbps(behaviour.bitrate_kbps)) {}

SimHost::SimHost(AddressBook& book, const std::filesystem::path& folder, std::uint64_t seed,
                 HostBehaviour behaviour, endpoint::HostConfig config)
    : book_(book),
      random_(seed),
      sizes_(seed),
      behaviour_(behaviour),
      identity_(control::Identity::create_ephemeral("punktfunk-host").value()),
      clients_(control::TrustStore::open(folder).value()),
      node_(endpoint::HostNode::create(in_virtual_time(config, now_), identity_, clients_, random_, *this)
                .value()) {}

void SimHost::receive(TimePoint now, NodeId from, MutableBytes datagram) {
  now_ = now;
  node_->receive(book_.address_of(1), book_.address_of(from), datagram, 0, now);
}

std::optional<TimePoint> SimHost::next_deadline() const {
  std::optional<TimePoint> next = node_->next_deadline();
  const auto consider = [&next](std::optional<TimePoint> at) {
    if (at && (!next || *at < *next)) next = at;
  };
  if (!decisions_.empty()) consider(decisions_.begin()->first);
  for (const auto& [id, stream] : streams_) {
    consider(stream.frame_due);
    if (stream.step) consider(stream.step->not_before);
    if (stream.probe) {
      const auto release = stream.probe->next(now_);
      consider(release ? release->not_before : now_);
    }
  }
  return next;
}

void SimHost::handle_deadline(TimePoint now) {
  now_ = now;
  node_->handle_deadline(now);
  while (!decisions_.empty() && decisions_.begin()->first <= now) {
    const endpoint::SessionId id = decisions_.begin()->second;
    decisions_.erase(decisions_.begin());
    if (behaviour_.refusal) {
      node_->refuse(id, *behaviour_.refusal, "");
    } else {
      endpoint::SessionAnswer answer;
      answer.mode = {1280, 720, behaviour_.refresh_hz};
      answer.bitrate_kbps = behaviour_.bitrate_kbps;
      node_->accept(id, answer, now);
    }
  }
  for (auto& [id, stream] : streams_) {
    send_due(stream, now);
    // The pacer has a frame out within three quarters of the interval, so the line is free again.
    if (stream.frame_due && *stream.frame_due <= now) begin_frame(id, stream, now);
    send_due(stream, now);
    send_filler(id, stream, now);
  }
}

void SimHost::begin_frame(endpoint::SessionId, Stream& stream, TimePoint now) {
  // With a fixed rate it is the pictures' own, else what parity and framing leave of the budget.
  const BitRate rate = behaviour_.follows_bitrate
                           ? media::encoder_share(stream.budget, behaviour_.refresh_hz,
                                                  stream.grant.params.shard_payload, stream.parity)
                           : stream.budget;
  const auto mean = static_cast<std::uint32_t>(rate.kbps()) * 125 / behaviour_.refresh_hz;
  const bool keyframe = std::exchange(stream.keyframe_wanted, false);
  // Pictures differ: half to three halves of the mean, keyframes three times as large.
  std::uint32_t bytes = mean / 2 + static_cast<std::uint32_t>(sizes_() % (mean + 1));
  if (keyframe) bytes = 3 * mean;
  Bytes au(bytes);
  fill_synthetic(au, behaviour_.synthetic_seed, stream.sender.next_frame_index());
  media::MediaSender::FrameInfo info;
  info.pts_us = stream.grant.clock.pts_us(now);
  info.flags = keyframe ? wire::kFlagKeyframe : 0;
  info.parity_percent = stream.parity.percent_for(stream.sender.data_shards(au.size()));
  highest_parity = std::max(highest_parity, info.parity_percent);
  const std::size_t size = stream.sender.datagram_bytes();
  EXPECT_TRUE(stream.unsent.empty()) << "the pacer was late";
  const auto queue_ready = [&] {
    while (stream.sender.datagrams_ready() > 0) {
      const auto run = stream.sender.seal_next(45);
      for (std::size_t at = 0; at < run.size(); at += size) {
        const auto one = run.subspan(at, size);
        stream.unsent.emplace_back(one.begin(), one.end());
      }
    }
  };
  if (behaviour_.streams_units && stream.grant.takes_streamed_units) {
    stream.sender.begin_stream(info);
    ByteView rest = au;
    for (const std::size_t slice = rest.size() / 4; rest.size() > slice; rest = rest.subspan(slice)) {
      if (slice == 0) break;
      EXPECT_TRUE(stream.sender.append(rest.first(slice), true));
      queue_ready();
    }
    EXPECT_TRUE(stream.sender.finish(rest));
    ++units_streamed;
  } else {
    EXPECT_TRUE(stream.sender.begin_frame(au, info));
  }
  queue_ready();
  stream.pacer.begin_frame(stream.unsent.size(), size, now);
  stream.step = stream.pacer.next(now);
  stream.frame_due = *stream.frame_due + frame_interval(behaviour_.refresh_hz);
  data_packets += stream.sender.data_shards(au.size());
  if (!stream.first_frame) stream.first_frame = now;
  ++frames_sent;
  if (keyframe) ++keyframes_sent;
}

void SimHost::send_due(Stream& stream, TimePoint now) {
  const NodeId to = stream.step ? book_.node_of(stream.grant.path->get().remote) : 0;
  while (stream.step && stream.step->not_before <= now) {
    for (std::size_t i = 0; i < stream.step->count; ++i) {
      outgoing_.emplace_back(to, std::move(stream.unsent.front()));
      stream.unsent.pop_front();
      ++packets_sent;
    }
    stream.step = stream.pacer.next(now);
  }
}

void SimHost::send_filler(endpoint::SessionId id, Stream& stream, TimePoint now) {
  if (!stream.probe) return;
  const NodeId to = book_.node_of(stream.grant.path->get().remote);
  const std::size_t size = stream.sender.datagram_bytes();
  while (const auto release = stream.probe->next(now)) {
    if (release->not_before > now) return;
    for (std::size_t i = 0; i < release->datagrams; ++i) {
      if (stream.sender.filler_ready() == 0 || !stream.probe->has_unit()) {
        const std::size_t bytes = stream.probe->request().filler_bytes();
        stream.sender.begin_filler(bytes, stream.grant.clock.pts_us(now), stream.grant.params.fec_percent);
        stream.probe->on_unit(bytes);
      }
      const MutableBytes one = stream.sender.seal_filler(1);
      EXPECT_EQ(one.size(), size);
      outgoing_.emplace_back(to, Bytes(one.begin(), one.end()));
    }
    stream.probe->on_sent(release->datagrams, 0, now);
  }
  const wire::ProbeResult result = stream.probe->result(now);
  stream.probe.reset();
  if (behaviour_.answers_probes) node_->send_probe_result(id, result);
}

std::optional<std::pair<NodeId, Bytes>> SimHost::poll_transmit(TimePoint now) {
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

void SimHost::session_requested(const endpoint::SessionRequest& request) {
  requested.push_back(request);
  if (streams_.size() >= behaviour_.max_sessions) return node_->refuse(request.id, wire::CloseCode::busy, "");
  decisions_.emplace(now_ + behaviour_.thinks_for, request.id);
}

void SimHost::session_started(endpoint::SessionId id, endpoint::MediaGrant grant) {
  started.push_back(id);
  grants.push_back(grant);
  if (!behaviour_.sends_media) return;
  const auto [entry, fresh] = streams_.try_emplace(id, std::move(grant), behaviour_);
  EXPECT_TRUE(fresh);
  entry->second.frame_due = now_ + behaviour_.first_frame_after;
}

void SimHost::input(endpoint::SessionId, const wire::InputEvent& event) { inputs.push_back(event); }

void SimHost::feedback(endpoint::SessionId id, const wire::Feedback& feedback) {
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return;
  (void)stream->second.parity.on_feedback(feedback);
  if (stream->second.asks.read(feedback) != media::AskReader::Action::none) {
    stream->second.keyframe_wanted = true;
  }
}

std::optional<wire::BitrateChanged> SimHost::bitrate_asked(endpoint::SessionId id, std::uint32_t kbps) {
  bitrates_asked.push_back(kbps);
  const auto stream = streams_.find(id);
  if (!behaviour_.follows_bitrate || stream == streams_.end()) return std::nullopt;
  const auto answer =
      media::grant_bitrate(kbps, stream->second.budget, {.most = BitRate::from_kbps(200'000)});
  stream->second.budget = BitRate::from_kbps(answer.bitrate_kbps);
  stream->second.pacer.set_stream_rate(stream->second.budget);
  return answer;
}

bool SimHost::probe_asked(endpoint::SessionId id, const wire::ProbeRequest& request) {
  probes_asked.push_back(request);
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return false;
  stream->second.probe.emplace(request, stream->second.sender.datagram_bytes(), now_);
  return true;
}

bool SimHost::is_starting(endpoint::SessionId id, TimePoint now) {
  const auto stream = streams_.find(id);
  if (stream == streams_.end()) return false;
  const auto& first = stream->second.first_frame;
  return !first || now - *first < media::ProbeGate::kRampGrace;
}

void SimHost::session_ended(endpoint::SessionId id, bool user_quit, std::string_view why) {
  ended.push_back({id, user_quit, std::string(why)});
  streams_.erase(id);
}

}  // namespace punktfunk::sim
