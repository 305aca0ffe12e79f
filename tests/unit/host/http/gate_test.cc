// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/gate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/mgmt/http/quota.h"
#include "scratch_folder.h"

namespace punktfunk::host::http {
namespace {

using namespace std::chrono_literals;

class GateTest : public testing::Test {
 protected:
  Gate make_gate(Gate::Settings settings = {}) {
    SystemRandom random;
    auto token = AdminToken::load_or_create(folder_.path(), random);
    EXPECT_TRUE(token.has_value());
    return Gate(std::move(settings), *token,
                [](const control::Fingerprint& fingerprint) { return fingerprint[0] == 1; });
  }
  std::string bearer() { return "Bearer " + test::content_of(folder_.path() / "api-token").substr(0, 64); }

  static Peer peer(const char* remote = "127.0.0.1", const char* local = "127.0.0.1") {
    Peer peer;
    peer.remote = *SocketAddress::parse(remote, 40000);
    peer.local = *SocketAddress::parse(local, 47990);
    return peer;
  }
  static RawRequest request(const char* host, std::vector<Header> more = {}) {
    RawRequest raw{"GET", "/", std::move(more), ""};
    raw.headers.push_back({"host", host});
    return raw;
  }
  // The access, or the code of the refusal.
  static std::string outcome(Gate& gate, RawRequest raw, const Peer& from, TimePoint now = TimePoint(1h)) {
    const auto result = gate.admit(raw, from, now);
    EXPECT_EQ(raw.header("authorization"), nullptr);
    if (const auto* caller = std::get_if<Caller>(&result)) return std::string(name_of(caller->access));
    return nlohmann::json::parse(std::get<Response>(result).body)["error"]["code"];
  }
  test::ScratchFolder folder_;
};

TEST_F(GateTest, OnlyOwnNamesAreAnswered) {
  Gate gate = make_gate({{"Desk", "desk.local"}, false});
  const Peer lan = peer("192.168.1.7", "192.168.1.5");
  for (const char* own : {"192.168.1.5", "192.168.1.5:47990", "localhost:47990", "127.0.0.1:1", "[::1]:47990",
                          "[::1]", "DESK:47990", "desk.LOCAL"})
    EXPECT_EQ(outcome(gate, request(own), lan), "open") << own;
  for (const char* other : {"", "evil.example", "evil.example:47990", "192.168.1.6", "localhost.evil.example",
                            "desk.evil.example", "localhost@evil.example", "localhost:", "localhost:x",
                            "localhost:123456", "[::1", "[::2]", "::1", "desk."})
    EXPECT_EQ(outcome(gate, request(other), lan), "misdirected_request") << other;
  RawRequest none;
  EXPECT_EQ(outcome(gate, none, lan), "misdirected_request");
}

TEST_F(GateTest, PagesOfOtherSitesAreRefused) {
  Gate gate = make_gate();
  const auto with = [&](const char* name, const char* value) {
    return outcome(gate, request("localhost:47990", {{name, value}}), peer());
  };
  EXPECT_EQ(with("origin", "https://localhost:47990"), "open");
  EXPECT_EQ(with("origin", "HTTPS://LOCALHOST:47990"), "open");
  for (const char* other : {"https://evil.example", "http://localhost:47990", "https://localhost",
                            "https://localhost:47991", "null", "", "https://localhost:47990.evil.example"})
    EXPECT_EQ(with("origin", other), "origin_not_allowed") << other;
  EXPECT_EQ(with("sec-fetch-site", "none"), "open");
  EXPECT_EQ(with("sec-fetch-site", "same-origin"), "open");
  EXPECT_EQ(with("sec-fetch-site", "same-site"), "origin_not_allowed");
  EXPECT_EQ(with("sec-fetch-site", "cross-site"), "origin_not_allowed");
  Peer socket;
  socket.local_socket = true;
  EXPECT_EQ(outcome(gate, request("anything", {{"origin", "https://anything"}}), socket),
            "origin_not_allowed");
}

TEST_F(GateTest, ATokenCountsHereOnly) {
  Gate gate = make_gate();
  const auto headers = [this] { return std::vector<Header>{{"authorization", bearer()}}; };
  EXPECT_EQ(outcome(gate, request("localhost", headers()), peer()), "admin");
  EXPECT_EQ(outcome(gate, request("localhost", headers()), peer("::1", "::1")), "admin");
  EXPECT_EQ(outcome(gate, request("localhost", headers()), peer("::ffff:127.0.0.1", "::ffff:127.0.0.1")),
            "admin");
  EXPECT_EQ(outcome(gate, request("localhost", headers()), peer("192.168.1.7")), "token_is_local");
  Gate open = make_gate({{}, true});
  EXPECT_EQ(outcome(open, request("localhost", headers()), peer("192.168.1.7")), "admin");
}

TEST_F(GateTest, OnlyTheWholeTokenIsTheToken) {
  for (const std::string& wrong :
       {std::string("Bearer "), std::string("Bearer"), bearer() + "0",
        bearer().substr(0, bearer().size() - 1), bearer().substr(7), "Basic " + bearer().substr(7),
        bearer() + " ", "Bearer  " + bearer().substr(7), std::string()}) {
    Gate gate = make_gate();
    EXPECT_EQ(outcome(gate, request("localhost", {{"authorization", wrong}}), peer()), "unauthorized")
        << wrong;
  }
  Gate gate = make_gate();
  EXPECT_EQ(outcome(gate, request("localhost", {{"authorization", "bEaReR " + bearer().substr(7)}}), peer()),
            "admin");
}

TEST_F(GateTest, WrongTokensMakeAnAddressWait) {
  Gate gate = make_gate({{}, true});
  const auto ask = [&](const char* from, std::string token, TimePoint now) {
    return outcome(gate, request("localhost", {{"authorization", std::move(token)}}), peer(from), now);
  };
  const TimePoint start(1h);
  for (int i = 0; i < WrongTokens::kAllowed; ++i)
    EXPECT_EQ(ask("10.0.0.1", "Bearer x", start), "unauthorized");
  EXPECT_EQ(ask("10.0.0.1", bearer(), start), "too_many_requests");
  EXPECT_EQ(ask("10.0.0.2", bearer(), start), "admin");
  EXPECT_EQ(ask("10.0.0.1", bearer(), start + WrongTokens::kWindow - 1ms), "too_many_requests");
  EXPECT_EQ(ask("10.0.0.1", bearer(), start + WrongTokens::kWindow), "admin");
  // One household counts as one, whatever of its 2^64 addresses it uses.
  for (int i = 0; i < WrongTokens::kAllowed; ++i)
    EXPECT_EQ(ask(("2001:db8::" + std::to_string(i + 1)).c_str(), "Bearer x", start), "unauthorized");
  EXPECT_EQ(ask("2001:db8::ffff", bearer(), start), "too_many_requests");
  EXPECT_EQ(ask("2001:db8:0:1::1", bearer(), start), "admin");
}

TEST_F(GateTest, WrongTokensOfManyAddressesAreBounded) {
  WrongTokens wrong;
  const TimePoint now(1h);
  for (int i = 0; i < 5000; ++i) {
    const std::string key = std::to_string(i);
    for (int n = 0; n < WrongTokens::kAllowed; ++n) wrong.count(key, now);
    EXPECT_GT(wrong.wait(key, now), Duration::zero());
  }
  EXPECT_EQ(wrong.wait("0", now), Duration::zero());
}

TEST_F(GateTest, ADeviceIsKnownByItsCertificate) {
  Gate gate = make_gate();
  Peer device = peer("192.168.1.7");
  device.certificate = control::Fingerprint{1};
  EXPECT_EQ(outcome(gate, request("localhost"), device), "device");
  device.certificate = control::Fingerprint{2};
  EXPECT_EQ(outcome(gate, request("localhost"), device), "open");
}

TEST_F(GateTest, TheTokenIsKeptPrivately) {
  SystemRandom random;
  ASSERT_TRUE(AdminToken::load_or_create(folder_.path(), random).has_value());
  const auto file = folder_.path() / "api-token";
  EXPECT_EQ(test::mode_of(file), 0600U);
  const std::string first = test::content_of(file);
  EXPECT_EQ(first.size(), AdminToken::kDigits + 1);
  EXPECT_TRUE(AdminToken::load_or_create(folder_.path(), random)->matches(first.substr(0, 64)));
  EXPECT_EQ(test::content_of(file), first);
  for (const std::string& bad :
       {std::string(), std::string("short\n"), std::string(64, 'g'), std::string(65, 'a'),
        std::string(5000, 'a'), first.substr(0, 64) + "\nmore"}) {
    test::write_file(file, bad);
    EXPECT_FALSE(AdminToken::load_or_create(folder_.path(), random).has_value());
    EXPECT_EQ(test::content_of(file), bad);
  }
}

TEST(QuotaTest, CountsByCallerAndOnTheNetworkTogether) {
  Quota quota(3, 2);
  auto a1 = quota.take("a", true);
  const auto a2 = quota.take("a", true);
  EXPECT_EQ(quota.take("a", true), nullptr);
  const auto b = quota.take("b", true);
  EXPECT_NE(b, nullptr);
  EXPECT_EQ(quota.take("c", true), nullptr);
  // This machine has places of its own.
  const auto own1 = quota.take("localhost", false);
  const auto own2 = quota.take("localhost", false);
  EXPECT_NE(own2, nullptr);
  EXPECT_EQ(quota.take("localhost", false), nullptr);
  a1.reset();
  EXPECT_NE(quota.take("c", true), nullptr);
  EXPECT_EQ(quota.keys(), 3U);  // nobody is remembered who holds nothing
}

}  // namespace
}  // namespace punktfunk::host::http
