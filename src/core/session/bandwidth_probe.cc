// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/session/bandwidth_probe.h"

#include <algorithm>
#include <cmath>

namespace punktfunk::media {

namespace {
constexpr double kBytesPerNsOfKbps = 125.0 / 1e9;
}  // namespace

std::optional<wire::ProbeRequest> ProbeGate::admit(const wire::ProbeRequest& asked, bool serves_ramp,
                                                   TimePoint now) {
  const wire::ProbeRequest request = asked.clamped();
  if (running_ || request.target_kbps == 0 || request.duration_ms == 0) return std::nullopt;
  if (!serves_ramp || request.duration_ms > kMaxStepMs) {
    if (last_long_ && now - *last_long_ < kSpacing) return std::nullopt;
    last_long_ = now;
  }
  running_ = true;
  // 1 kbit/s for 1 ms is 1 bit.
  admitted_bytes_ += std::uint64_t{request.target_kbps} * request.duration_ms / 8;
  return request;
}

BandwidthProbe::BandwidthProbe(const wire::ProbeRequest& request, std::size_t datagram_bytes, TimePoint now)
    : request_(request),
      datagram_bytes_(datagram_bytes),
      bytes_per_ns_(request.target_kbps * kBytesPerNsOfKbps),
      total_bytes_(request.target_kbps * (request.duration_ms / 8.0)),
      start_(now),
      group_free_at_(now) {}

double BandwidthProbe::due_bytes(TimePoint now) const {
  const auto elapsed = static_cast<double>((now - start_).count());
  if (request_.burst_hz == 0) return bytes_per_ns_ * elapsed;
  const double period_ns = 1e9 / request_.burst_hz;
  return bytes_per_ns_ * period_ns * (std::floor(elapsed / period_ns) + 1);
}

std::optional<BandwidthProbe::Release> BandwidthProbe::next(TimePoint now) const {
  const auto one = static_cast<double>(datagram_bytes_);
  const auto released = static_cast<double>(released_bytes_);
  const TimePoint end = start_ + std::chrono::milliseconds(request_.duration_ms);
  // At least one datagram leaves, however little was asked for.
  if (now >= end || (released_bytes_ > 0 && released + one > total_bytes_)) return std::nullopt;

  double most = std::min(static_cast<double>(kMostRelease), std::max(one, total_bytes_ - released));
  if (request_.group_bytes != 0) most = std::min(most, static_cast<double>(request_.group_bytes));
  most = std::max(most, one);
  const double wanted =
      request_.burst_hz != 0
          ? one
          : std::clamp(bytes_per_ns_ * static_cast<double>(kReleaseEvery.count()), one, most);
  Release release;
  release.not_before = std::max(now, group_free_at_);
  const double due = due_bytes(release.not_before) - released;
  if (due < wanted) {
    double at_ns = (released + wanted) / bytes_per_ns_;
    if (request_.burst_hz != 0) {
      const double period_ns = 1e9 / request_.burst_hz;
      at_ns = period_ns *
              (std::floor(static_cast<double>((release.not_before - start_).count()) / period_ns) + 1);
    }
    at_ns = std::min(at_ns, static_cast<double>(request_.duration_ms) * 1e6);
    release.not_before =
        std::max(release.not_before, start_ + Duration(static_cast<std::int64_t>(at_ns) + 1));
  }
  // The first one of a probe so short that nothing ever comes due.
  if (release.not_before >= end && released_bytes_ == 0) release.not_before = now;
  const double bytes = std::clamp(due_bytes(release.not_before) - released, one, most);
  release.datagrams = static_cast<std::size_t>(bytes / one);
  return release;
}

void BandwidthProbe::on_sent(std::size_t datagrams, std::size_t dropped, TimePoint now) {
  released_bytes_ += datagrams * datagram_bytes_;
  result_.wire_packets_sent += static_cast<std::uint32_t>(datagrams - std::min(dropped, datagrams));
  result_.send_dropped += static_cast<std::uint32_t>(dropped);
  group_free_at_ = now;
  if (request_.group_rate_kbps != 0)
    group_free_at_ += BitRate::from_kbps(request_.group_rate_kbps).time_for(datagrams * datagram_bytes_);
}

void BandwidthProbe::on_unit(std::size_t bytes) {
  ++result_.packets_sent;
  result_.bytes_sent += bytes;
}

wire::ProbeResult BandwidthProbe::result(TimePoint now) const {
  wire::ProbeResult result = result_;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count();
  result.duration_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 1, 60'000));
  return result;
}

}  // namespace punktfunk::media
