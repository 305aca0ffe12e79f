// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/pairing.h"

#include <future>
#include <optional>
#include <utility>

namespace punktfunk::client {

namespace {

class PairingEvents final : public endpoint::ClientEvents {
 public:
  void on_pending() override {}
  void on_session(const wire::ServerHello&, const control::Fingerprint&) override {}
  void on_stream_config(const wire::StreamConfig&) override {}
  void on_frame(media::Frame) override {}
  void on_host_timing(const wire::HostTiming&) override {}
  void on_paired(const control::Fingerprint& host) override { host_ = host; }
  void on_ended(const endpoint::ClientEnd& end) override { ended_.set_value(end); }

  [[nodiscard]] std::future<endpoint::ClientEnd> ended() { return ended_.get_future(); }
  // After the end only.
  [[nodiscard]] const std::optional<control::Fingerprint>& host() const { return host_; }

 private:
  std::optional<control::Fingerprint> host_;
  std::promise<endpoint::ClientEnd> ended_;
};

}  // namespace

tl::expected<control::Fingerprint, endpoint::ClientEnd> pair_with_host(const PairingOptions& options,
                                                                       const control::Identity& identity,
                                                                       RandomSource& random) {
  PairingEvents events;
  auto ended = events.ended();
  auto endpoint = endpoint::ClientEndpoint::create(options.endpoint, options.host, &identity, random, events);
  if (!endpoint) {
    return tl::unexpected(
        endpoint::ClientEnd{endpoint::EndKind::timed_out, wire::CloseCode::error, endpoint.error().message});
  }
  endpoint::ConnectOptions connect;
  connect.budget = options.connect_budget;
  connect.pin = options.known_host;
  (*endpoint)->pair(connect, options.device_name, options.pin);
  // Dialling is bounded by its budget, the exchange by ClientControl's deadlines, and both end in on_ended().
  const endpoint::ClientEnd end = ended.get();
  (*endpoint)->stop();
  if (!events.host()) return tl::unexpected(end);
  return *events.host();
}

}  // namespace punktfunk::client
