// SPDX-License-Identifier: MIT OR Apache-2.0
#include "pipeline/parts.h"

#include <time.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "base/worker_lane.h"
#include "core/media/packetizer.h"

namespace punktfunk::bench {
namespace {

constexpr int kRounds = 15;

double cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The median of several rounds over a few frames each.
template <class Work>
double median_ns(std::size_t frames, Work work) {
  std::array<double, kRounds> taken;
  for (double& round : taken) {
    const double before = cpu_ns();
    for (std::size_t i = 0; i < frames; ++i) work();
    round = (cpu_ns() - before) / static_cast<double>(frames);
  }
  std::nth_element(taken.begin(), taken.begin() + kRounds / 2, taken.end());
  return taken[kRounds / 2];
}

}  // namespace

Parts measure_parts(const MediaShape& shape) {
  const media::MediaParams& params = shape.params;
  AccessUnits units(shape.frame_bytes);
  media::Packetizer packetizer(
      {params.scheme, params.fec_percent, params.max_data_per_block, params.shard_payload});
  media::Packetizer::FrameFields fields;
  std::uint64_t number = 0;
  const std::size_t shards = (shape.frame_bytes + params.shard_payload - 1) / params.shard_payload;
  const std::size_t frames = std::max<std::size_t>(2000 / shards, 1);

  MutableBytes packets;
  const auto packetize = [&](std::uint8_t percent) {
    fields.parity_percent = percent;
    return median_ns(frames, [&] {
      ++fields.frame;
      packets = packetizer.packetize(units.at(fields.frame), fields, number);
    });
  };
  const double with_parity = packetize(shape.parity_percent);
  const double without_parity = packetize(0);
  packets = packetizer.packetize(units.at(0), fields, number);

  crypto::MediaSealer sealer(bench_secret(), params.suite);
  crypto::MediaOpener opener(bench_secret(), params.suite);
  fields.parity_percent = shape.parity_percent;
  packets = packetizer.packetize(units.at(0), fields, number);
  const std::size_t datagram = packetizer.datagram_bytes();
  std::vector<crypto::MediaPacket> items(packets.size() / datagram);
  const auto authentic = std::make_unique<bool[]>(items.size());
  const auto seal = [&] {
    for (std::size_t i = 0; i < items.size(); ++i)
      items[i] = {number++, packets.subspan(i * datagram, datagram)};
    sealer.seal(items);
  };
  const double sealing = median_ns(frames, seal);
  const double sealing_and_opening = median_ns(frames, [&] {
    seal();
    opener.open(items, {authentic.get(), items.size()});
  });

  media::MediaSender sender(bench_secret(), params);
  MediaSink sink(shape);
  std::vector<ReceivedDatagram> received;
  const auto seal_frame = [&] {
    media::MediaSender::FrameInfo info;
    info.pts_us = sender.next_frame_index() * 100;
    info.parity_percent = shape.parity_percent;
    return sender.seal_frame(units.at(sender.next_frame_index()), info);
  };
  // The sealing in between costs caches as it would in a session, and is not counted.
  std::vector<double> taking;
  for (std::size_t round = 0; round < kRounds * frames; ++round) {
    packets = seal_frame();
    received.clear();
    for (std::size_t at = 0; at < packets.size(); at += datagram) {
      ReceivedDatagram one;
      one.bytes = packets.subspan(at, datagram);
      received.push_back(one);
    }
    const TimePoint now = monotonic_now();
    const double before = cpu_ns();
    sink.take(received, now);
    taking.push_back(cpu_ns() - before);
  }
  std::nth_element(taking.begin(), taking.begin() + static_cast<std::ptrdiff_t>(taking.size() / 2),
                   taking.end());
  const double receiving = taking[taking.size() / 2];

  const double per_shard = 1 / static_cast<double>(shards);
  Parts parts;
  parts.packetize_ns = without_parity * per_shard;
  parts.parity_ns = std::max(0.0, with_parity - without_parity) * per_shard;
  parts.seal_ns = sealing * per_shard;
  parts.open_ns = std::max(0.0, sealing_and_opening - sealing) * per_shard;
  parts.reassemble_ns = std::max(0.0, receiving - (sealing_and_opening - sealing)) * per_shard;
  return parts;
}

std::vector<LaneTimes> measure_lanes(std::uint8_t parity_percent) {
  constexpr std::size_t kFrames = 101;
  WorkerLane lane("bench-lane");
  std::vector<LaneTimes> results;
  for (const std::size_t shards : {1024U, 2048U, 3072U, 4096U, 5500U}) {
    MediaShape shape;
    shape.parity_percent = shape.params.fec_percent = parity_percent;
    shape.frame_bytes = shards * shape.params.shard_payload;
    AccessUnits units(shape.frame_bytes);
    media::MediaSender one(bench_secret(), shape.params);
    media::MediaSender two(bench_secret(), shape.params, &lane);
    const auto median_us = [&](media::MediaSender& sender) {
      std::array<double, kFrames> taken;
      for (double& us : taken) {
        media::MediaSender::FrameInfo info;
        info.parity_percent = parity_percent;
        // The second thread sleeps between frames, as it would in a session.
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        const ByteView au = units.at(sender.next_frame_index());
        const TimePoint before = monotonic_now();
        (void)sender.seal_frame(au, info);
        us = to_seconds(monotonic_now() - before) * 1e6;
      }
      std::nth_element(taken.begin(), taken.begin() + kFrames / 2, taken.end());
      return taken[kFrames / 2];
    };
    (void)median_us(two);  // warms the buffers of both lanes
    results.push_back({shards, median_us(one), median_us(two)});
  }
  return results;
}

}  // namespace punktfunk::bench
