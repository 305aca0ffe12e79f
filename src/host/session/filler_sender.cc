// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/session/filler_sender.h"

#include <algorithm>

namespace punktfunk::host {

void FillerSender::start(const wire::ProbeRequest& request, TimePoint now) {
  probe_.emplace(request, sender_.datagram_bytes(), now);
}

SendOutcome FillerSender::run(bool allow_offload) {
  SendOutcome total;
  if (!probe_) return total;
  const TimePoint now = monotonic_now();
  const auto release = probe_->next(now);
  if (!release || release->not_before > now) return total;
  const auto path = grant_.path->get();
  SendOptions options;
  // Filler waits for nothing: what the kernel does not take says that this machine's link is full.
  options.patience = Duration::zero();
  options.allow_offload = allow_offload;
  const std::size_t bytes = probe_->request().filler_bytes();
  for (std::size_t left = release->datagrams; left > 0;) {
    if (sender_.filler_ready() == 0 || !probe_->has_unit()) {
      sender_.begin_filler(bytes, grant_.clock.pts_us(monotonic_now()), grant_.params.fec_percent);
      probe_->on_unit(bytes);
    }
    const MutableBytes group = sender_.seal_filler(left);
    const std::size_t count = group.size() / sender_.datagram_bytes();
    const SendOutcome outcome =
        socket_.send(path.local, path.remote, group, sender_.datagram_bytes(), options);
    total.sent += count - std::min(count, outcome.dropped);
    total.dropped += outcome.dropped;
    left -= std::min(left, std::max<std::size_t>(count, 1));
  }
  probe_->on_sent(total.sent + total.dropped, total.dropped, monotonic_now());
  return total;
}

Duration FillerSender::idle_for(TimePoint now) const {
  if (!probe_) return Duration::max();
  const auto release = probe_->next(now);
  return release ? std::max(release->not_before - now, Duration::zero()) : Duration::zero();
}

std::optional<wire::ProbeResult> FillerSender::take_result(TimePoint now) {
  if (!probe_ || probe_->next(now)) return std::nullopt;
  const wire::ProbeResult result = probe_->result(now);
  probe_.reset();
  return result;
}

}  // namespace punktfunk::host
