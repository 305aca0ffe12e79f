// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/api/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <string_view>

namespace punktfunk::host::api {

namespace {

using std::chrono_literals::operator""us;

// Twice as long each, from what an encoder of small pictures takes to what nobody would call live.
constexpr std::array<Duration, 12> kStageBounds{250us,    500us,     1'000us,   2'000us,
                                                4'000us,  8'000us,   16'000us,  33'000us,
                                                66'000us, 133'000us, 266'000us, 1'000'000us};

// One metric after the other; the samples of a metric follow its head.
class Text {
 public:
  void head(const char* name, const char* type, const char* help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }
  // `labels` as they stand between the braces; empty: none.
  template <class Number>
  void sample(Number value, std::string_view labels = {}, std::string_view suffix = {}) {
    const bool braces = !labels.empty();
    fmt::format_to(std::back_inserter(text_), "{}{}{}{}{} {}\n", name_, suffix, braces ? "{" : "", labels,
                   braces ? "}" : "", value);
  }
  template <class Number>
  void counter(const char* name, Number value, const char* help) {
    head(name, "counter", help);
    sample(value);
  }
  template <class Number>
  void gauge(const char* name, Number value, const char* help) {
    head(name, "gauge", help);
    sample(value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  const char* name_ = "";
};

// Backslash, quote and newline, as the format wants them in label values.
std::string label(std::string_view name, std::string_view value) {
  std::string text = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return text + '"';
}

void write_host(Text& text, const MetricsInput& input) {
  const HostStatus& status = input.status;
  text.head("punktfunk_build_info", "gauge", "Always 1; the label says which version runs.");
  text.sample(1, label("version", status.version));
  text.gauge("punktfunk_uptime_seconds", status.uptime_s, "Since the host started.");
  text.gauge("punktfunk_connections", status.connections, "Clients connected, with or without a session.");
  text.gauge("punktfunk_paired_devices", status.paired_devices, "Devices that may connect.");
  text.gauge("punktfunk_pending_devices", status.pending_devices, "Devices that ask to be let in.");
  text.gauge("punktfunk_pairing_armed", status.is_pairing_armed ? 1 : 0, "1 while a PIN is armed.");
  text.head("punktfunk_displays", "gauge", "Displays that exist, by what they are kept for.");
  for (const char* state : {"starting", "in_use", "lingering", "ending"}) {
    std::size_t count = 0;
    for (const DisplayInfo& display : input.displays) count += display.state == state ? 1u : 0u;
    text.sample(count, label("state", state));
  }
}

void write_sessions(Text& text, const MetricsInput& input) {
  text.head("punktfunk_sessions", "gauge", "Sessions, by how far they are.");
  for (const char* state : {"waiting", "starting", "streaming", "ending"}) {
    std::size_t count = 0;
    for (const SessionInfo& session : input.sessions) count += session.state == state ? 1u : 0u;
    text.sample(count, label("state", state));
  }
  text.counter("punktfunk_sessions_started_total", input.figures.sessions_started,
               "Sessions that began to stream.");
  text.gauge("punktfunk_sessions_without_offload", input.status.sessions_without_offload,
             "Sessions whose packets are sent one by one, because segmentation offload lost them.");

  std::map<std::string, std::size_t> by_encoder;  // names of our own backends: a few
  std::uint64_t kbps = 0;
  std::uint32_t worst_loss_ppm = 0;
  for (const SessionInfo& session : input.sessions) {
    if (!session.encoder.empty()) ++by_encoder[session.encoder];
    kbps += session.bitrate_kbps;
    worst_loss_ppm = std::max(worst_loss_ppm, session.loss_ppm);
  }
  text.head("punktfunk_encoder_sessions", "gauge", "Sessions, by what encodes them.");
  for (const auto& entry : by_encoder) text.sample(entry.second, label("encoder", entry.first));
  text.gauge("punktfunk_wire_budget_bytes_per_second", kbps * 1000 / 8,
             "What all sessions together may put on the wire, parity and framing included.");
  text.gauge("punktfunk_worst_loss_ratio", worst_loss_ppm / 1e6,
             "Packets lost of those sent, of the session that loses most now.");
}

void write_streams(Text& text, const StreamFigures& all) {
  text.counter("punktfunk_frames_sent_total", all.frames, "Access units sent.");
  text.counter("punktfunk_keyframes_sent_total", all.keyframes, "Access units sent that need no other.");
  text.counter("punktfunk_frames_repeated_total", all.repeats,
               "Access units sent though nothing had changed.");
  text.counter("punktfunk_video_bytes_total", all.video_bytes,
               "Bytes of access units sent, without parity and framing.");
  text.counter("punktfunk_media_bytes_total", all.wire_bytes, "Bytes of datagrams of video, as UDP payload.");
  text.head("punktfunk_media_datagrams_total", "counter", "Datagrams of video handed to the kernel.");
  text.sample(all.datagrams - std::min(all.datagrams, all.parity_datagrams), label("kind", "data"));
  text.sample(all.parity_datagrams, label("kind", "parity"));
  text.counter("punktfunk_media_datagrams_dropped_total", all.datagrams_dropped,
               "Datagrams that the kernel did not take.");
  text.counter("punktfunk_frames_too_large_total", all.units_too_large,
               "Access units not sent, above the client's limit.");
  text.counter("punktfunk_packets_received_total", all.packets_received,
               "Packets of video that clients say arrived; the rest is lost or on its way.");
  text.counter("punktfunk_mode_changes_total", all.mode_changes, "Changes of size or rate in mid-stream.");
  text.counter("punktfunk_rebuilds_total", all.rebuilds,
               "Displays, captures and encoders rebuilt after a fault.");

  text.head("punktfunk_stage_seconds", "histogram", "What a frame spends in each stage on the host.");
  for (const StreamFigures::Stage& stage : all.stages) {
    const std::string name = label("stage", stage.name);
    for (const Duration bound : kStageBounds) {
      text.sample(stage.times.count_at_most(bound), name + fmt::format(",le=\"{}\"", to_seconds(bound)),
                  "_bucket");
    }
    text.sample(stage.times.count(), name + ",le=\"+Inf\"", "_bucket");
    text.sample(to_seconds(stage.times.sum()), name, "_sum");
    text.sample(stage.times.count(), name, "_count");
  }
}

void write_trust(Text& text, const HostFigures& figures) {
  text.counter("punktfunk_pairings_total", figures.pairings, "Devices paired by PIN.");
  text.head("punktfunk_pairing_refusals_total", "counter", "Pairings that failed, by reason.");
  for (const auto& entry : figures.pairing_refusals) text.sample(entry.second, label("reason", entry.first));
  text.counter("punktfunk_knocks_total", figures.knocks, "Times an unknown device asked to be let in.");
  text.counter("punktfunk_approvals_total", figures.approvals, "Devices that the operator let in.");
  text.counter("punktfunk_denials_total", figures.denials, "Devices that the operator turned away.");
  text.counter("punktfunk_quic_dropped_datagrams_total", figures.dropped_datagrams,
               "Datagrams of no connection, or malformed.");
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
  Text text;
  write_host(text, input);
  write_sessions(text, input);
  write_streams(text, input.figures.streams);
  write_trust(text, input.figures);
  text.head("punktfunk_api_requests_total", "counter", "Requests to the management API, by HTTP status.");
  for (const auto& entry : input.api_requests)
    text.sample(entry.second, label("code", std::to_string(entry.first)));
  return text.take();
}

}  // namespace punktfunk::host::api
