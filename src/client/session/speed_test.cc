// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/session/speed_test.h"

#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "core/wire/features.h"

namespace punktfunk::client {

namespace {

constexpr auto kStopPoll = std::chrono::milliseconds(50);

// On the network thread.
class SpeedTestEvents final : public endpoint::ClientEvents {
 public:
  void attach(endpoint::ClientEndpoint& endpoint) { endpoint_ = &endpoint; }

  void on_pending() override {}
  void on_session(const wire::ServerHello& hello, const control::Fingerprint&) override {
    test_.emplace(hello.features.has(wire::kHostRamp));
    endpoint_->ask_probe(test_->first());
  }
  void on_stream_config(const wire::StreamConfig&) override {}
  void on_frame(media::Frame frame) override { endpoint_->recycle(std::move(frame.au)); }
  void on_host_timing(const wire::HostTiming&) override {}
  void on_paired(const control::Fingerprint&) override {}
  void on_probe(const media::ProbeFigures& figures) override {
    probes_.push_back(figures);
    if (const auto next = test_->next(figures)) return endpoint_->ask_probe(*next);
    endpoint_->close(wire::CloseCode::user_quit, "The speed test is over.");
  }
  void on_ended(const endpoint::ClientEnd& end) override { ended_.set_value(end); }

  [[nodiscard]] std::future<endpoint::ClientEnd> ended() { return ended_.get_future(); }
  // After the end only.
  [[nodiscard]] std::optional<SpeedTestResult> result() {
    if (!test_ || !test_->verdict()) return std::nullopt;
    return SpeedTestResult{*test_->verdict(), std::move(probes_)};
  }
  [[nodiscard]] const std::vector<media::ProbeFigures>& probes() const { return probes_; }

 private:
  endpoint::ClientEndpoint* endpoint_ = nullptr;
  std::optional<media::SpeedTest> test_;
  std::vector<media::ProbeFigures> probes_;
  std::promise<endpoint::ClientEnd> ended_;
};

}  // namespace

tl::expected<SpeedTestResult, endpoint::ClientEnd> run_speed_test(const SpeedTestOptions& options,
                                                                  const control::Identity& identity,
                                                                  RandomSource& random) {
  using endpoint::EndKind;
  SpeedTestEvents events;
  auto ended = events.ended();
  auto endpoint = endpoint::ClientEndpoint::create(options.endpoint, options.host, &identity, random, events);
  if (!endpoint) {
    return tl::unexpected(
        endpoint::ClientEnd{EndKind::timed_out, wire::CloseCode::error, endpoint.error().message});
  }
  events.attach(**endpoint);
  wire::ClientHello hello = options.hello;
  hello.probe_only = true;
  hello.features.set(wire::kClientProbeIndexSpace);
  hello.features.set(wire::kClientExtension);
  endpoint::ConnectOptions connect;
  connect.pin = options.pin;
  connect.budget = options.connect_budget;
  (*endpoint)->connect(connect, hello);
  // Dialling is bounded by its budget, each probe by its meter, and the whole session by the host's minute.
  bool stopped = false;
  while (ended.wait_for(kStopPoll) != std::future_status::ready) {
    if (stopped || !options.stop_requested || !options.stop_requested()) continue;
    stopped = true;
    (*endpoint)->close(wire::CloseCode::user_quit, "");
  }
  const endpoint::ClientEnd end = ended.get();
  (*endpoint)->stop();
  if (auto result = events.result()) return *std::move(result);
  if (end.kind != EndKind::finished) return tl::unexpected(end);
  if (stopped) {
    return tl::unexpected(endpoint::ClientEnd{EndKind::protocol_error, wire::CloseCode::user_quit,
                                              "Stopped before the speed test was complete."});
  }
  const bool declined =
      !events.probes().empty() && events.probes().back().outcome == media::ProbeFigures::Outcome::declined;
  return tl::unexpected(endpoint::ClientEnd{
      declined ? EndKind::refused : EndKind::timed_out, wire::CloseCode::error,
      declined ? "The host declined the speed test; it allows one in ten seconds, and not every host has it."
               : "The host did not finish the speed test; try again, and look at its log."});
}

}  // namespace punktfunk::client
