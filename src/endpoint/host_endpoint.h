// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "endpoint/event_loop.h"
#include "endpoint/host_node.h"
#include "transport/datagram.h"

namespace punktfunk::endpoint {

// A HostNode on a real socket: one control-loop thread that receives, runs the node and sends what it wants
// sent. Media threads send on the same socket. Methods may be called from any thread but the loop's own,
// unless noted.
class HostEndpoint {
 public:
  // `socket`, `identity`, `clients`, `random` and `sessions` outlive the endpoint; `clients` is used on the
  // loop only.
  [[nodiscard]] static Result<std::unique_ptr<HostEndpoint>> create(
      const HostConfig& config, DatagramSocket& socket, const control::Identity& identity,
      control::TrustStore& clients, RandomSource& random, HostSessions& sessions);
  ~HostEndpoint() { stop(wire::CloseCode::host_going_down, ""); }

  // Starts the loop. Once.
  void start();
  // Tells every client why, then ends the loop. Idempotent.
  void stop(wire::CloseCode code, std::string_view reason);

  // Ends every session and connection, as end() does one, and serves on. Waits until the closes have left.
  void end_all(wire::CloseCode code, std::string_view reason);

  // Any thread, the loop's own included; carried out soon, on the loop.
  void accept(SessionId id, const SessionAnswer& answer);
  void refuse(SessionId id, wire::CloseCode code, std::string reason);
  void end(SessionId id, wire::CloseCode code, std::string reason);
  void send_host_timing(SessionId id, const wire::HostTiming& timing);
  void send_audio(SessionId id, wire::AudioPacket packet);
  void send_bitrate(SessionId id, const wire::BitrateChanged& changed);
  void begin_epoch(SessionId id, std::uint8_t epoch, const wire::Mode& mode);
  void send_gap(SessionId id, std::uint32_t gap_ms);
  void send_probe_result(SessionId id, const wire::ProbeResult& result);

  // Runs `work` on the loop, soon; dropped once the endpoint is stopped.
  void post(std::function<void()> work) { loop_.post(std::move(work)); }
  // On the loop only: as HostNode's.
  [[nodiscard]] std::optional<HostNode::Peer> peer(SessionId id) const { return node_->peer(id); }

  // Runs `question` on the loop and waits for its answer: `if_stopped` when the loop does not answer.
  template <class T>
  [[nodiscard]] T ask(std::function<T()> question, T if_stopped);

  // These wait for the loop's answer. As HostNode's; an error too when the loop does not answer.
  [[nodiscard]] Result<std::string> arm_pairing(const control::PairingDesk::Window& window = {});
  [[nodiscard]] Result<void> disarm_pairing();
  [[nodiscard]] Result<std::optional<control::PairingDesk::Armed>> armed_pairing();
  [[nodiscard]] Result<std::vector<HostNode::DeviceInfo>> devices();
  [[nodiscard]] Result<control::Device> rename(const control::Fingerprint& fingerprint, std::string name);
  [[nodiscard]] Result<control::Device> set_rights(const control::Fingerprint& fingerprint,
                                                   const HostNode::RightsEdit& edit);
  [[nodiscard]] Result<control::Device> unpair(const control::Fingerprint& fingerprint);
  [[nodiscard]] Result<std::size_t> unpair_all();
  [[nodiscard]] Result<std::vector<control::ApprovalDesk::Entry>> pending();
  [[nodiscard]] Result<control::ApprovalDesk::Entry> approve(std::uint32_t id,
                                                             const access::Offer& rights = {});
  [[nodiscard]] Result<control::ApprovalDesk::Entry> deny(std::uint32_t id);
  struct Status {
    std::size_t connections = 0;
    std::size_t sessions = 0;
    std::size_t paired_devices = 0;
    std::uint64_t dropped_datagrams = 0;  // of no connection, or malformed
  };
  // All zero when the loop does not answer.
  [[nodiscard]] Status status();
  // Whether this device may connect now. False when the loop does not answer.
  [[nodiscard]] bool may_connect(const control::Fingerprint& fingerprint);
  // As HostConfig::approval, from now on.
  void set_approval(bool approval);

  [[nodiscard]] DatagramSocket& socket() { return socket_; }

 private:
  // A loop that does not answer for this long is stuck; nobody should hang with it.
  static constexpr auto kAnswerWait = std::chrono::seconds(5);

  HostEndpoint(DatagramSocket& socket, control::TrustStore& clients) : socket_(socket), clients_(clients) {}
  void read_socket();
  [[nodiscard]] std::optional<TimePoint> turn();

  DatagramSocket& socket_;
  control::TrustStore& clients_;
  std::unique_ptr<HostNode> node_;
  control::Transmit transmit_;
  bool stopped_ = false;
  EventLoop loop_;
};

template <class T>
T HostEndpoint::ask(std::function<T()> question, T if_stopped) {
  auto promise = std::make_shared<std::promise<T>>();
  auto answer = promise->get_future();
  loop_.post([promise, question = std::move(question)] { promise->set_value(question()); });
  if (answer.wait_for(kAnswerWait) != std::future_status::ready) return if_stopped;
  return answer.get();
}

}  // namespace punktfunk::endpoint
