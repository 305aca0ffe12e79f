// SPDX-License-Identifier: MIT OR Apache-2.0
// A program of an embedder in C++: compiled and run by install_test.py.
#include <cstdio>
#include <punktfunk_core.hpp>
#include <vector>

namespace pf = punktfunk_core;

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

pf::Session open(std::uint32_t role, const pf::Socket& own, const pf::Socket& other) {
  static const std::uint8_t secret[PUNKTFUNK_SECRET_BYTES] = {1, 2, 3};
  const auto [address, port] = other.address();
  auto options = pf::make<punktfunk_session_options>();
  options.role = role;
  options.secret = secret;
  options.remote_address = address.c_str();
  options.remote_port = port;
  return pf::Session(options, own);
}

void carry_a_frame() {
  const auto [first, second] = pf::Socket::loopback();
  pf::Session host = open(PUNKTFUNK_ROLE_HOST, first, second);
  pf::Session client = open(PUNKTFUNK_ROLE_CLIENT, second, first);
  require(!client.poll_frame(0), "nothing was sent yet");
  const std::vector<std::uint8_t> sent(10'000, 7);
  auto frame = pf::make<punktfunk_outgoing_frame>();
  frame.data = sent.data();
  frame.bytes = sent.size();
  require(host.submit_frame(frame).dropped == 0, "the network took everything");
  const auto arrived = client.poll_frame(5000);
  require(arrived && arrived->info().bytes == sent.size(), "the frame arrived");
  auto event = pf::make<punktfunk_input_event>();
  event.code = 65;
  client.send_input(event);
  require(host.poll_input(5000).value().code == 65, "the input event arrived");
  require(client.statistics().frames_delivered == 1, "it was counted");
  try {
    host.send_input(event);
    require(false, "the wrong role");
  } catch (const pf::Error& error) {
    require(error.code() == PUNKTFUNK_ERROR_ROLE, error.what());
  }
}

void fail_to_connect() {
  const pf::Identity identity = pf::Identity::from_pem(pf::Identity::create("someone").pem());
  require(pf::fingerprint_from(pf::to_text(identity.fingerprint())) == identity.fingerprint(), "fingerprint");
  auto options = pf::make<punktfunk_client_options>();
  options.host = "127.0.0.1";
  options.port = 9;
  options.identity = identity.get();
  options.connect_timeout_ms = 50;
  pf::Client client(options);
  client.connect();
  const auto event = client.next_event(5000);
  require(event && event->type == PUNKTFUNK_EVENT_ENDED, "nobody answers");
  require(client.statistics().frames_complete == 0, "nothing came");
  try {
    (void)client.next_frame(-1);
    require(false, "it has ended");
  } catch (const pf::Error& error) {
    require(error.code() == PUNKTFUNK_ERROR_ENDED, error.what());
  }
}

}  // namespace

int main() {
  try {
    carry_a_frame();
    fail_to_connect();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
