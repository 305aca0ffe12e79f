// SPDX-License-Identifier: MIT OR Apache-2.0
// A host of the real protocol on a real socket of this machine, whose pictures and sound a test makes up.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "core/session/media_sender.h"
#include "core/wire/media_header.h"
#include "endpoint/host_endpoint.h"
#include "scratch_folder.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::abi {

class SmallHost final : private endpoint::HostSessions {
 public:
  SmallHost()
      : identity(control::Identity::create_ephemeral("punktfunk-host").value()),
        clients(control::TrustStore::open(folder_.path()).value()),
        socket_(UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0)).value()) {
    endpoint_ = endpoint::HostEndpoint::create({}, *socket_, identity, clients, random_, *this).value();
  }
  ~SmallHost() override { stop(); }

  // After the paired clients were put into `clients`.
  void start() { endpoint_->start(); }
  void stop() { endpoint_->stop(wire::CloseCode::host_going_down, "The host is going down."); }
  [[nodiscard]] std::uint16_t port() const { return socket_->local_address().port(); }
  [[nodiscard]] std::string arm_pairing() { return endpoint_->arm_pairing().value(); }

  // What is answered to a request; unset: nothing, so that the client is told to wait.
  void answer_with(std::function<void(endpoint::HostEndpoint&, const endpoint::SessionRequest&)> answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }
  void accept_all() {
    answer_with([](endpoint::HostEndpoint& endpoint, const endpoint::SessionRequest& request) {
      endpoint.accept(request.id, accepting(request));
    });
  }
  // Answers the request that was kept waiting.
  void accept_waiting() {
    const std::lock_guard lock(mutex_);
    if (waiting_) endpoint_->accept(waiting_->id, accepting(*waiting_));
  }

  // Until the client is ready; false after ten seconds.
  [[nodiscard]] bool wait_for_session() {
    return wait([this] { return grant_.has_value(); });
  }
  [[nodiscard]] bool wait_for_inputs(std::size_t count) {
    return wait([&] { return inputs_.size() >= count; });
  }
  [[nodiscard]] bool wait_for_keyframe_ask() {
    return wait([&] { return keyframe_asked_; });
  }
  [[nodiscard]] bool wait_for_end() {
    return wait([&] { return ended_.has_value(); });
  }

  // Session running only.
  void send_frame(ByteView au, std::uint16_t flags) {
    const std::lock_guard lock(mutex_);
    if (!sender_) sender_.emplace(grant_->host_to_client, grant_->params);
    media::MediaSender::FrameInfo info;
    info.pts_us = grant_->clock.pts_us(monotonic_now());
    info.flags = flags;
    const auto datagrams = sender_->seal_frame(au, info);
    const auto addresses = grant_->path->get();
    SendOptions patient;
    patient.patience = std::chrono::milliseconds(100);
    (void)socket_->send(addresses.local, addresses.remote, datagrams, sender_->datagram_bytes(), patient);
  }
  void send_audio(std::uint32_t seq, std::uint64_t pts_ns, Bytes payload) {
    wire::AudioPacket packet;
    packet.seq = seq;
    packet.pts_ns = pts_ns;
    packet.payload = std::move(payload);
    endpoint_->send_audio(session_id(), std::move(packet));
  }
  void end(wire::CloseCode code, const std::string& reason) { endpoint_->end(session_id(), code, reason); }

  [[nodiscard]] std::vector<wire::InputEvent> inputs() const {
    const std::lock_guard lock(mutex_);
    return inputs_;
  }
  // user_quit of session_ended().
  [[nodiscard]] bool client_quit() const {
    const std::lock_guard lock(mutex_);
    return ended_.value_or(false);
  }

  control::Identity identity;

 private:
  test::ScratchFolder folder_;

 public:
  control::TrustStore clients;

 private:
  static endpoint::SessionAnswer accepting(const endpoint::SessionRequest& request) {
    endpoint::SessionAnswer answer;
    answer.mode = request.hello.mode;
    answer.bitrate_kbps = 20'000;
    return answer;
  }
  [[nodiscard]] endpoint::SessionId session_id() const {
    const std::lock_guard lock(mutex_);
    return id_;
  }
  bool wait(const std::function<bool()>& done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), done);
  }
  void change(const std::function<void()>& change) {
    {
      const std::lock_guard lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  void session_requested(const endpoint::SessionRequest& request) override {
    const std::lock_guard lock(mutex_);
    if (answer_) {
      answer_(*endpoint_, request);
    } else {
      waiting_ = request;
    }
  }
  void session_started(endpoint::SessionId id, endpoint::MediaGrant grant) override {
    change([&] {
      id_ = id;
      grant_ = std::move(grant);
    });
  }
  void input(endpoint::SessionId, const wire::InputEvent& event) override {
    change([&] { inputs_.push_back(event); });
  }
  void feedback(endpoint::SessionId, const wire::Feedback& feedback) override {
    change([&] { keyframe_asked_ |= feedback.keyframe.value_or(false); });
  }
  void session_ended(endpoint::SessionId, bool user_quit, std::string_view) override {
    change([&] { ended_ = user_quit; });
  }

  SystemRandom random_;
  std::unique_ptr<UdpSocket> socket_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void(endpoint::HostEndpoint&, const endpoint::SessionRequest&)> answer_;
  std::optional<endpoint::SessionRequest> waiting_;
  endpoint::SessionId id_ = 0;
  std::optional<endpoint::MediaGrant> grant_;
  std::optional<media::MediaSender> sender_;
  std::vector<wire::InputEvent> inputs_;
  bool keyframe_asked_ = false;
  std::optional<bool> ended_;
  std::unique_ptr<endpoint::HostEndpoint> endpoint_;  // last: its thread uses the rest
};

}  // namespace punktfunk::abi
