// SPDX-License-Identifier: MIT OR Apache-2.0
// The control stream of a whole session start, and clock samples.
#include "core/session/clock_sync.h"
#include "core/wire/hello.h"
#include "core/wire/session_messages.h"
#include "core/wire/varint.h"
#include "vector_check/checks.h"

namespace punktfunk::vector_check {
namespace {

using wire::FrameType;

// Reads frames one after the other and compares their types with what the handshake wants.
class StreamReader {
 public:
  StreamReader(Run& run, std::string side, ByteView bytes) : run_(run), side_(std::move(side)) {
    parser_.push(bytes);
  }

  Bytes body_of(FrameType type) {
    wire::Frame frame;
    if (parser_.next(frame) != wire::FrameParser::Status::frame) {
      throw BadVector("the " + side_ + " bytes end before frame type " +
                      std::to_string(static_cast<std::uint64_t>(type)));
    }
    run_.expect(side_ + " frame type", static_cast<std::uint64_t>(type), frame.type);
    return frame.body;
  }

  // Decodes the next frame and, where the writer has only one way to write it, compares the bytes written
  // again.
  template <class Message>
  Message message(FrameType type, bool write_again) {
    const Bytes body = body_of(type);
    const auto decoded = Message::decode(body);
    if (!decoded) throw BadVector("a frame of the " + side_ + " is refused");
    if (write_again) run_.expect(side_ + " frame written again", to_hex(body), to_hex(decoded->encode()));
    return *decoded;
  }

  void expect_end() { run_.expect(side_ + " bytes left", 0, parser_.buffered()); }

 private:
  Run& run_;
  std::string side_;
  wire::FrameParser parser_;
};

void check_session(Run& run) {
  run.inputs.prose("order");
  const Bytes client_bytes = run.expected.bytes("client_bytes");
  const Bytes host_bytes = run.expected.bytes("host_bytes");
  const auto type = wire::read_varint(client_bytes);
  if (!type) throw BadVector("the client bytes are empty");
  run.expect("stream type", static_cast<std::uint64_t>(wire::StreamType::control), type->value);

  StreamReader client(run, "client", ByteView(client_bytes).subspan(type->length));
  StreamReader host(run, "host", host_bytes);
  // A hello may leave fields out, so its bytes are not always those this writer would choose.
  const auto client_hello = client.message<wire::ClientHello>(FrameType::client_hello, false);
  const auto server_hello = host.message<wire::ServerHello>(FrameType::server_hello, false);
  const auto checked = server_hello.check();
  run.expect("the client's checks", std::string(), checked ? std::string() : checked.error().message);
  run.expect_true(
      "shards no larger than the client takes",
      client_hello.max_shard_payload == 0 || server_hello.shard_payload <= client_hello.max_shard_payload);
  run.expect_true("a codec the client decodes", (server_hello.codec & client_hello.video_codecs) != 0);
  run.expect("Ready body", std::string(), to_hex(client.body_of(FrameType::ready)));
  const auto config = host.message<wire::StreamConfig>(FrameType::stream_config, true);
  run.expect("epoch", 0, config.epoch);
  run.expect_true("mode of the StreamConfig", config.mode == server_hello.mode);
  run.expect("codec of the StreamConfig", server_hello.codec, config.codec);
  const auto probe = client.message<wire::ClockProbe>(FrameType::clock_probe, true);
  const auto echo = host.message<wire::ClockEcho>(FrameType::clock_echo, true);
  run.expect("t1 of the echo", probe.t1_ns, echo.t1_ns);
  client.expect_end();
  host.expect_end();
}

void check_clock(Run& run) {
  const auto sample = media::clock_sample(run.inputs.number("t1"), run.inputs.number("t2"),
                                          run.inputs.number("t3"), run.inputs.number("t4"));
  run.expect_signed("offset_ns", run.expected.signed_number("offset_ns"), sample.offset_ns);
  run.expect_signed("rtt_ns", run.expected.signed_number("rtt_ns"), sample.rtt_ns);
}

}  // namespace

void register_handshake(Registry& registry) {
  registry.add("handshake", "", check_session);
  registry.add("clock", "clock/sample/", check_clock);
}

}  // namespace punktfunk::vector_check
