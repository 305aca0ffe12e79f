// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

#include "base/time.h"
#include "core/session/bandwidth_probe.h"
#include "core/session/media_sender.h"
#include "core/wire/host_messages.h"
#include "endpoint/host_sessions.h"
#include "transport/datagram.h"

namespace punktfunk::host {

// Sends the filler of one bandwidth probe after the other between the frames of a session. Lives on the send
// thread.
class FillerSender {
 public:
  // References outlive it.
  FillerSender(media::MediaSender& sender, DatagramSocket& socket, const endpoint::MediaGrant& grant)
      : sender_(sender), socket_(socket), grant_(grant) {}

  void start(const wire::ProbeRequest& request, TimePoint now);
  [[nodiscard]] bool is_active() const { return probe_.has_value(); }

  // Sends what is due, one release of at most 64 KiB, so that a frame never waits for more. The datagrams
  // handed to the kernel, and those it did not take.
  SendOutcome run(bool allow_offload);
  // How long nothing is due; zero while something is, or the result waits.
  [[nodiscard]] Duration idle_for(TimePoint now) const;
  // The result, once, when the probe is over.
  [[nodiscard]] std::optional<wire::ProbeResult> take_result(TimePoint now);

 private:
  media::MediaSender& sender_;
  DatagramSocket& socket_;
  const endpoint::MediaGrant& grant_;
  std::optional<media::BandwidthProbe> probe_;
};

}  // namespace punktfunk::host
