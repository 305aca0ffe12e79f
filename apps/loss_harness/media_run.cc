// SPDX-License-Identifier: MIT OR Apache-2.0
#include "apps/loss_harness/media_run.h"

#include <algorithm>

#include "apps/loss_harness/stream_ends.h"
#include "core/fec/parity.h"
#include "core/wire/limits.h"

namespace punktfunk::loss_harness {

namespace {

// What a link that changes is looked at this often.
constexpr Duration kStep = std::chrono::milliseconds(1);

media::MediaParams params_of(const RunSpec& spec) {
  media::MediaParams params;
  if (spec.scheme == Scheme::gf8) {
    params.scheme = fec::Scheme::gf8;
    // As many as leave room for their parity among the 255 shards of a block.
    const std::uint32_t percent = spec.parity_percent;
    params.max_data_per_block = fec::max_block_shards(fec::Scheme::gf8) * 100 / (100 + percent);
    if (percent != 0) params.max_data_per_block = std::min(params.max_data_per_block, 253U);
  }
  if (spec.scheme == Scheme::gf8 || spec.scheme == Scheme::gf16) params.fec_percent = spec.parity_percent;
  params.max_frame_bytes =
      wire::max_frame_bytes(static_cast<std::uint32_t>(spec.stream.rate.kbps()), spec.stream.frames_hz);
  return params;
}

HostSetup host_of(const RunSpec& spec) {
  HostSetup setup;
  setup.params = params_of(spec);
  setup.rate = spec.stream.rate;
  setup.frames_hz = spec.stream.frames_hz;
  setup.frames = spec.frames;
  setup.seed = spec.seed;
  if (spec.scheme == Scheme::none) setup.parity_percent = std::uint8_t{0};
  if (spec.scheme == Scheme::gf8 || spec.scheme == Scheme::gf16) setup.parity_percent = spec.parity_percent;
  return setup;
}

ClientSetup client_of(const RunSpec& spec) {
  ClientSetup setup;
  setup.params = params_of(spec);
  setup.frames_hz = spec.stream.frames_hz;
  setup.seed = spec.seed;
  return setup;
}

void take_counts(RunResult& result, const HostCounts& host, const ClientCounts& client) {
  result.frames_sent = host.frames;
  result.keyframes = host.keyframes;
  result.data_shards = host.data_shards;
  result.parity_shards = host.parity_shards;
  result.au_bytes = host.au_bytes;
  result.sent_bytes = host.sent_bytes;
  result.highest_percent = host.highest_percent;
  result.frames_delivered = client.delivered;
  result.frames_recovered = client.recovered;
  result.frames_shown = client.shown;
  result.frames_wrong = client.wrong;
  result.asks = client.asks;
  result.frames_lost = host.frames - client.delivered;
}

}  // namespace

const char* name_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::none:
      return "none";
    case Scheme::gf8:
      return "gf8";
    case Scheme::gf16:
      return "gf16";
    case Scheme::adaptive:
      break;
  }
  return "adaptive";
}

std::uint64_t RunResult::packets_refused() const {
  return media.packets_dropped() - media.count(media::MediaReceiver::Outcome::replayed);
}

Result<RunResult> run_stream(const RunSpec& spec) {
  RunResult result;
  StreamHost host(host_of(spec));
  StreamClient client(client_of(spec));
  TimePoint last_shown = kStart;
  const auto shown_at = [&](TimePoint now) {
    result.longest_gap = std::max(result.longest_gap, now - last_shown);
    last_shown = now;
  };
  client.on_frame = [&](const media::Frame& frame, bool shown, TimePoint now) {
    const TimePoint captured = kStart + Duration(static_cast<Duration::rep>(frame.capture_ns));
    if (now - captured > spec.late) ++result.frames_late;
    if (shown) shown_at(now);
  };
  sim::SimNetwork network(spec.seed);
  sim::SimDriver driver(network, kStart);
  driver.add(kHost, host);
  driver.add(kClient, client);

  // Whatever can still come has come a second after the last frame.
  const Duration stream_length = interval_of(spec.stream.frames_hz) * static_cast<Duration::rep>(spec.frames);
  const Duration length = stream_length + std::chrono::seconds(1);
  const Duration step = spec.pattern.changes() ? kStep : length;
  for (Duration at{}; at < length; at += step) {
    sim::LinkOptions link = spec.pattern.link_at(at, spec.stream.rate, spec.seed);
    network.set_link(kHost, kClient, link);
    // Feedback is sparse: a burst counted in its datagrams would last far longer than one of video.
    link.loss += spec.pattern.burst_share;
    link.burst_start = 0;
    network.set_link(kClient, kHost, link);
    if (!driver.run_until(kStart + std::min(at + step, length)))
      return fail("The simulated time stood still: this build is broken.");
  }
  // Pictures that never came again were missed until the stream's end.
  shown_at(std::max(last_shown, kStart + stream_length));
  take_counts(result, host.counts(), client.counts());
  result.link = network.stats(kHost, kClient);
  result.media = client.media();
  return result;
}

}  // namespace punktfunk::loss_harness
