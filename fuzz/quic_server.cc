// SPDX-License-Identifier: MIT OR Apache-2.0
// A QUIC server between a real client and an attacker on the path. Virtual time; the handshake's keys are
// random, so a run is repeated closely but not bit by bit.
//
// Input: operations of one byte and their values. Bits 0 to 2 say what happens, bits 3 to 5 from which
// address.
#include <deque>
#include <memory>
#include <utility>

#include "base/random.h"
#include "control/identity/identity.h"
#include "control/quic/quic_endpoint.h"
#include "core/wire/control_frame.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::control;
using fuzz::require;

namespace {

constexpr int kMaxOperations = 200;
constexpr std::size_t kMaxQueued = 64;

// Reads the first frames as a host does, echoes, and refuses what it is not made for.
class Handler final : public QuicHandler {
 public:
  QuicEndpoint* endpoint = nullptr;
  wire::FrameParser parser;
  std::optional<ConnectionId> newest;
  std::optional<StreamId> stream;

  void on_handshake_done(ConnectionId id, const PeerInfo&) override { newest = id; }
  void on_stream_opened(ConnectionId id, StreamId opened, bool bidirectional) override {
    if (!bidirectional) endpoint->reset_stream(id, opened, 0x71);
    stream = opened;
  }
  void on_stream_data(ConnectionId id, StreamId from, ByteView data, bool fin) override {
    parser.push(data);
    wire::Frame frame;
    auto status = parser.next(frame);
    while (status == wire::FrameParser::Status::frame) status = parser.next(frame);
    if (status == wire::FrameParser::Status::too_long) endpoint->close(id, 1, "too long");
    (void)endpoint->write_stream(id, from, data, fin);
  }
  void on_stream_reset(ConnectionId id, StreamId from, std::uint64_t) override {
    endpoint->reset_stream(id, from, 0);
  }
  void on_datagram(ConnectionId id, ByteView data) override { (void)endpoint->send_datagram(id, data); }
  void on_path_changed(ConnectionId, const SocketAddress&) override {}
  void on_closed(ConnectionId id, const CloseInfo& info) override {
    require(info.reason.size() <= 256, "a reason keeps its bound");
    if (newest == id) newest.reset();
  }
};

struct World {
  World()
      : server_identity(Identity::create_ephemeral("host").value()),
        client_identity(Identity::create_ephemeral("client").value()) {}
  Identity server_identity, client_identity;
};

struct Run {
  explicit Run(const World& world) {
    config.max_connections = 8;
    config.max_connections_per_address = 4;
    config.max_half_open = 6;
    server = QuicEndpoint::make_server(config, world.server_identity, random, at_server).value();
    client = QuicEndpoint::make_client({}, &world.client_identity, random, at_client).value();
    at_server.endpoint = server.get();
    at_client.endpoint = client.get();
  }

  static SocketAddress address(unsigned index) {
    return *SocketAddress::parse("127.0.0.1", static_cast<std::uint16_t>(40000 + index));
  }

  void drain() {
    Transmit out;
    for (int i = 0; i < 256 && server->poll_transmit(out, now); ++i) queue(out, to_client);
    for (int i = 0; i < 256 && client->poll_transmit(out, now); ++i) queue(out, to_server);
    require(server->connection_count() <= config.max_connections, "connections keep their bound");
  }
  static void queue(const Transmit& out, std::deque<std::pair<SocketAddress, Bytes>>& into) {
    const ByteView all(out.bytes);
    const std::size_t step = out.gso_size == 0 ? all.size() : out.gso_size;
    for (std::size_t at = 0; at < all.size(); at += step) {
      const ByteView one = all.subspan(at, std::min(step, all.size() - at));
      if (into.size() >= kMaxQueued) into.pop_front();
      into.emplace_back(out.local, Bytes(one.begin(), one.end()));
    }
  }
  void to_the_server(const Bytes& bytes, const SocketAddress& from) {
    server->receive(server_address, from, bytes, 0, now);
    drain();
  }
  void deliver(std::size_t count) {
    for (std::size_t i = 0; i < count && (!to_server.empty() || !to_client.empty()); ++i) {
      if (!to_server.empty()) {
        const auto [from, bytes] = std::move(to_server.front());
        to_server.pop_front();
        to_the_server(bytes, from);
      }
      if (!to_client.empty()) {
        const Bytes bytes = std::move(to_client.front().second);
        to_client.pop_front();
        client->receive(address(0), server_address, bytes, 0, now);
        drain();
      }
    }
  }
  void wait(Duration time) {
    now += time;
    server->handle_deadline(now);
    client->handle_deadline(now);
    drain();
  }

  SeededRandom random{1};
  QuicConfig config;
  Handler at_server, at_client;
  std::unique_ptr<QuicEndpoint> server, client;
  std::deque<std::pair<SocketAddress, Bytes>> to_server, to_client;  // with the sender's address
  SocketAddress server_address = *SocketAddress::parse("127.0.0.1", 9777);
  TimePoint now{std::chrono::seconds(1000)};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  fuzz::Input input(data, size);
  Run run(world);
  for (int i = 0; i < kMaxOperations && !input.empty(); ++i) {
    const std::uint8_t operation = input.take<std::uint8_t>();
    const SocketAddress from = Run::address((operation >> 3) & 7);
    switch (operation & 7) {
      case 0: {  // any bytes, padded to where a server begins to answer if bit 6 says so
        const ByteView taken = input.take_bytes(input.take<std::uint8_t>());
        Bytes bytes(taken.begin(), taken.end());
        if ((operation & 0x40) != 0) bytes.resize(1200);
        run.to_the_server(bytes, from);
        break;
      }
      case 1:
        run.deliver(input.take<std::uint8_t>());
        break;
      case 2: {  // the client's next datagram, one byte changed, or cut short if bit 6 says so
        const auto at = input.take<std::uint16_t>();
        const auto change = input.take<std::uint8_t>();
        if (run.to_server.empty()) break;
        Bytes bytes = run.to_server.front().second;
        if ((operation & 0x80) != 0) run.to_server.pop_front();
        if ((operation & 0x40) != 0) bytes.resize(at % (bytes.size() + 1));
        if (!bytes.empty()) bytes[at % bytes.size()] ^= change;
        run.to_the_server(bytes, from);
        break;
      }
      case 3:
        run.wait(std::chrono::milliseconds(input.take<std::uint16_t>()));
        break;
      case 4:
        (void)run.client->connect(Run::address(0), run.server_address, std::nullopt, run.now);
        run.drain();
        break;
      case 5: {  // the client writes to its stream
        const ByteView bytes = input.take_bytes(input.take<std::uint8_t>());
        if (!run.at_client.newest) break;
        if (!run.at_client.stream)
          run.at_client.stream = run.client->open_stream(*run.at_client.newest, (operation & 0x40) == 0);
        if (run.at_client.stream)
          (void)run.client->write_stream(*run.at_client.newest, *run.at_client.stream, bytes,
                                         (operation & 0x80) != 0);
        if ((operation & 0x80) != 0) run.at_client.stream.reset();
        run.drain();
        break;
      }
      case 6: {
        const ByteView bytes = input.take_bytes(input.take<std::uint8_t>());
        if (run.at_client.newest) (void)run.client->send_datagram(*run.at_client.newest, bytes);
        run.drain();
        break;
      }
      default:
        if (run.at_client.newest) run.client->close(*run.at_client.newest, input.take<std::uint8_t>(), "bye");
        run.drain();
        break;
    }
  }
  run.wait(std::chrono::seconds(30));
  run.wait(std::chrono::seconds(30));
  require(run.server->connection_count() == 0, "a silent connection ends");
  return 0;
}
