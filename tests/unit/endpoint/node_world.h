// SPDX-License-Identifier: MIT OR Apache-2.0
// A HostNode in virtual time, and bare QUIC peers that say to it whatever a test wants.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "control/identity/identity.h"
#include "control/identity/trust_store.h"
#include "control/quic/quic_endpoint.h"
#include "core/wire/control_frame.h"
#include "endpoint/host_node.h"
#include "scratch_folder.h"

namespace punktfunk::endpoint {

using control::ConnectionId;
using control::StreamId;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using wire::CloseCode;
using wire::FrameType;

inline Bytes frame_of(FrameType type, ByteView body = {}) {
  Bytes bytes;
  wire::append_frame(bytes, type, body);
  return bytes;
}

class RecordedSessions final : public HostSessions {
 public:
  std::vector<SessionRequest> requested;
  std::map<SessionId, MediaGrant> started;
  std::vector<wire::InputEvent> inputs;
  std::vector<wire::Feedback> feedbacks;
  struct Ended {
    SessionId id;
    bool user_quit;
    std::string why;
  };
  std::vector<Ended> ended;
  std::function<void(const SessionRequest&)> on_request;

  void session_requested(const SessionRequest& request) override {
    requested.push_back(request);
    if (on_request) on_request(request);
  }
  void session_started(SessionId id, MediaGrant grant) override { started.emplace(id, std::move(grant)); }
  void input(SessionId, const wire::InputEvent& event) override { inputs.push_back(event); }
  struct Change {
    SessionId id;
    std::uint32_t grants;
    std::uint32_t lost;
  };
  std::vector<Change> changes;
  void rights_changed(SessionId id, std::uint32_t grants, std::uint32_t lost) override {
    changes.push_back({id, grants, lost});
  }
  void feedback(SessionId, const wire::Feedback& feedback) override { feedbacks.push_back(feedback); }
  void session_ended(SessionId id, bool user_quit, std::string_view why) override {
    ended.push_back({id, user_quit, std::string(why)});
  }
};

// Opens a connection and keeps what comes back.
class RawPeer final : public control::QuicHandler {
 public:
  RawPeer(const control::Identity* identity, RandomSource& random, const std::string& ip)
      : quic(control::QuicEndpoint::make_client({}, identity, random, *this).value()),
        address(*SocketAddress::parse(ip, 40000)) {}

  std::unique_ptr<control::QuicEndpoint> quic;
  SocketAddress address;
  ConnectionId id = 0;
  bool connected = false;
  std::vector<wire::Frame> frames;
  std::map<StreamId, std::uint64_t> resets;
  std::vector<Bytes> datagrams;
  std::optional<control::CloseInfo> closed;
  bool cut_off = false;  // everything to and from it is lost

  StreamId open(ByteView first) {
    const auto stream = quic->open_stream(id);
    EXPECT_TRUE(stream);
    EXPECT_TRUE(quic->write_stream(id, *stream, first));
    return stream.value_or(-1);
  }
  void write(ByteView bytes) { (void)quic->write_stream(id, 0, bytes); }
  [[nodiscard]] std::size_t count(FrameType type) const {
    std::size_t found = 0;
    for (const auto& frame : frames) found += frame.is(type) ? std::size_t{1} : 0;
    return found;
  }

  void on_handshake_done(ConnectionId, const control::PeerInfo&) override { connected = true; }
  void on_stream_opened(ConnectionId, StreamId, bool) override { ADD_FAILURE() << "hosts open no streams"; }
  void on_stream_data(ConnectionId, StreamId, ByteView data, bool) override {
    parser_.push(data);
    wire::Frame frame;
    while (parser_.next(frame) == wire::FrameParser::Status::frame) frames.push_back(frame);
  }
  void on_stream_reset(ConnectionId, StreamId stream, std::uint64_t code) override { resets[stream] = code; }
  void on_datagram(ConnectionId, ByteView data) override { datagrams.emplace_back(data.begin(), data.end()); }
  void on_path_changed(ConnectionId, const SocketAddress&) override {}
  void on_closed(ConnectionId, const control::CloseInfo& info) override { closed = info; }

 private:
  wire::FrameParser parser_;
};

class NodeWorld {
 public:
  static constexpr std::uint64_t kSeed = 20261121;

  explicit NodeWorld(HostConfig config = {})
      : random(kSeed),
        host_identity(control::Identity::create_ephemeral("punktfunk-host").value()),
        identity(control::Identity::create_ephemeral("punktfunk-client").value()) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
    clients.emplace(control::TrustStore::open(folder_.path()).value());
    EXPECT_TRUE(clients->put({identity.fingerprint(), "Couch"}).has_value());
    const auto* clock = config.wall_clock.target<std::uint64_t (*)()>();
    if (clock != nullptr && *clock == wall_clock_ns)
      config.wall_clock = [this] { return unix_s() * 1'000'000'000; };
    host = HostNode::create(config, host_identity, *clients, random, sessions).value();
  }
  NodeWorld(const NodeWorld&) = delete;
  NodeWorld& operator=(const NodeWorld&) = delete;

  // A peer whose handshake is done.
  RawPeer& connect(bool certificate = true, const std::string& ip = "10.0.0.2") {
    return connect_as(certificate ? &identity : nullptr, ip);
  }
  // `device` outlives the world; nullptr: without a certificate.
  RawPeer& connect_as(const control::Identity* device, const std::string& ip = "10.0.0.2") {
    peers_.emplace_back(device, random, ip);
    RawPeer& peer = peers_.back();
    // Every peer has a port of its own.
    peer.address.set_port(static_cast<std::uint16_t>(40000 + peers_.size()));
    peer.id = peer.quic->connect(peer.address, host_address, std::nullopt, now).value();
    EXPECT_TRUE(run([&] { return peer.connected; }));
    return peer;
  }

  // A peer that is not needed any more; what is on its way to it is lost.
  void forget(RawPeer& peer) {
    std::erase_if(flying_, [&](const Flight& flight) { return flight.to == &peer; });
    peers_.remove_if([&](const RawPeer& one) { return &one == &peer; });
  }

  static Bytes hello_bytes() {
    wire::ClientHello hello;
    hello.mode = {1280, 720, 60};
    hello.video_codecs = wire::kCodecH264;
    Bytes bytes = {0x00};
    append(bytes, frame_of(FrameType::client_hello, hello.encode()));
    return bytes;
  }
  // A peer in a running session.
  RawPeer& join() {
    sessions.on_request = [this](const SessionRequest& request) { host->accept(request.id, answer(), now); };
    RawPeer& peer = connect();
    peer.open(hello_bytes());
    EXPECT_TRUE(run([&] { return peer.count(FrameType::server_hello) == 1; }));
    peer.write(frame_of(FrameType::ready));
    EXPECT_TRUE(run([&] { return peer.count(FrameType::stream_config) == 1; }));
    return peer;
  }
  static SessionAnswer answer() {
    SessionAnswer answer;
    answer.mode = {1280, 720, 60};
    answer.bitrate_kbps = 10'000;
    return answer;
  }

  bool run(const std::function<bool()>& done, Duration limit = seconds(30)) {
    const TimePoint end = now + limit;
    while (true) {
      flush();
      if (done()) return true;
      std::optional<TimePoint> next = host->next_deadline();
      const auto consider = [&](std::optional<TimePoint> at) {
        if (at && (!next || *at < *next)) next = at;
      };
      for (const RawPeer& peer : peers_) consider(peer.quic->next_deadline());
      if (!flying_.empty()) consider(flying_.front().at);
      if (!next || *next > end) {
        now = end;
        return done();
      }
      now = std::max(now, *next);
      while (!flying_.empty() && flying_.front().at <= now) {
        Flight flight = std::move(flying_.front());
        flying_.pop_front();
        if (flight.to == nullptr) {
          host->receive(host_address, flight.from, flight.bytes, 0, now);
        } else {
          flight.to->quic->receive(flight.to->address, host_address, flight.bytes, 0, now);
        }
      }
      host->handle_deadline(now);
      for (RawPeer& peer : peers_) peer.quic->handle_deadline(now);
    }
  }
  void run_for(Duration time) {
    (void)run([] { return false; }, time);
  }

  // Of the host's wall clock, which may be set back and forth.
  [[nodiscard]] std::uint64_t unix_s() const {
    return 1'800'000'000 + wall_offset_s +
           static_cast<std::uint64_t>(
               std::chrono::duration_cast<seconds>(now - TimePoint(seconds(1000))).count());
  }
  std::uint64_t wall_offset_s = 0;
  // What a host would read that is started after this one was killed now.
  [[nodiscard]] std::vector<control::Device> devices_on_disk() const {
    const test::ScratchFolder copy(/*in_memory=*/true);
    for (const char* name : {"trust.db", "trust.db-wal"}) {
      if (std::filesystem::exists(folder_.path() / name))
        std::filesystem::copy_file(folder_.path() / name, copy.path() / name);
    }
    return control::TrustStore::open(copy.path()).value().list();
  }

  SeededRandom random;
  control::Identity host_identity;
  control::Identity identity;
  std::optional<control::TrustStore> clients;
  RecordedSessions sessions;
  std::unique_ptr<HostNode> host;
  TimePoint now{seconds(1000)};
  SocketAddress host_address = *SocketAddress::parse("10.0.0.1", 9777);
  std::uint64_t bytes_from_host = 0;

 private:
  struct Flight {
    TimePoint at;
    SocketAddress from;
    RawPeer* to;  // nullptr: the host
    Bytes bytes;
  };

  void flush() {
    control::Transmit out;
    while (host->poll_transmit(out, now)) {
      bytes_from_host += out.bytes.size();
      for (RawPeer& peer : peers_) {
        if (peer.address == out.remote && !peer.cut_off) launch(out, &peer, host_address);
      }
    }
    for (RawPeer& peer : peers_) {
      while (peer.quic->poll_transmit(out, now))
        if (!peer.cut_off) launch(out, nullptr, peer.address);
    }
  }
  void launch(const control::Transmit& out, RawPeer* to, const SocketAddress& from) {
    const std::size_t size = out.gso_size != 0 ? out.gso_size : out.bytes.size();
    for (std::size_t at = 0; at < out.bytes.size(); at += size) {
      const auto one = ByteView(out.bytes).subspan(at, std::min(size, out.bytes.size() - at));
      flying_.push_back({now + milliseconds(1), from, to, Bytes(one.begin(), one.end())});
    }
  }

  test::ScratchFolder folder_{/*in_memory=*/true};
  std::list<RawPeer> peers_;
  std::deque<Flight> flying_;  // equal delay for all: in order
};

}  // namespace punktfunk::endpoint
