// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/access_request.h"

#include <future>
#include <utility>

namespace punktfunk::client {

namespace {

using endpoint::ClientEnd;
using endpoint::EndKind;

constexpr auto kStopPoll = std::chrono::milliseconds(50);

class AccessEvents final : public endpoint::ClientEvents {
 public:
  explicit AccessEvents(const std::function<void()>& on_waiting) : on_waiting_(on_waiting) {}
  void attach(endpoint::ClientEndpoint& endpoint) { endpoint_ = &endpoint; }

  void on_pending() override {
    if (on_waiting_) on_waiting_();
  }
  // A host that does not know the request starts a session at once: this device is let in, and goes.
  void on_session(const wire::ServerHello&, const control::Fingerprint&) override {
    endpoint_->close(wire::CloseCode::done, "");
  }
  void on_stream_config(const wire::StreamConfig&) override {}
  void on_frame(media::Frame frame) override { endpoint_->recycle(std::move(frame.au)); }
  void on_host_timing(const wire::HostTiming&) override {}
  void on_paired(const control::Fingerprint&) override {}
  void on_ended(const ClientEnd& end) override { ended_.set_value(end); }

  [[nodiscard]] std::future<ClientEnd> ended() { return ended_.get_future(); }

 private:
  const std::function<void()>& on_waiting_;
  endpoint::ClientEndpoint* endpoint_ = nullptr;
  std::promise<ClientEnd> ended_;
};

}  // namespace

tl::expected<control::Fingerprint, ClientEnd> request_access(const AccessRequestOptions& options,
                                                             const control::Identity& identity,
                                                             RandomSource& random) {
  AccessEvents events(options.on_waiting);
  auto ended = events.ended();
  auto endpoint = endpoint::ClientEndpoint::create(options.endpoint, options.host, &identity, random, events);
  if (!endpoint)
    return tl::unexpected(ClientEnd{EndKind::timed_out, wire::CloseCode::error, endpoint.error().message});
  events.attach(**endpoint);
  wire::ClientHello hello = options.hello;
  hello.access_only = true;
  endpoint::ConnectOptions connect;
  connect.pin = options.pin;
  connect.budget = options.connect_budget;
  (*endpoint)->connect(connect, hello);
  // Dialling is bounded by its budget, the operator's decision by that of ConnectOptions.
  bool withdrawn = false;
  while (ended.wait_for(kStopPoll) != std::future_status::ready) {
    if (withdrawn || !options.stop_requested || !options.stop_requested()) continue;
    withdrawn = true;
    (*endpoint)->close(wire::CloseCode::user_quit, "");
  }
  const ClientEnd end = ended.get();
  (*endpoint)->stop();
  const bool let_in = end.kind == EndKind::finished && end.code != wire::CloseCode::user_quit && end.host;
  if (let_in) return *end.host;
  return tl::unexpected(end);
}

}  // namespace punktfunk::client
