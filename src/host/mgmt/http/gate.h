// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/socket_address.h"
#include "base/time.h"
#include "host/mgmt/http/admin_token.h"
#include "host/mgmt/http/message.h"

namespace punktfunk::host::http {

// Who is at the other end of a connection, as far as the connection itself shows it.
struct Peer {
  bool local_socket = false;  // the control socket; the rest is then empty
  SocketAddress remote;
  SocketAddress local;
  std::optional<control::Fingerprint> certificate;  // proved, not yet known to be trusted
};

// "localhost" for every loopback address, the /64 of other IPv6 addresses (which belong to one machine or
// household), otherwise the address. What limits count by.
[[nodiscard]] std::string limit_key(const SocketAddress& address);

// Counts wrong tokens by address. Pure.
class WrongTokens {
 public:
  // So many in one minute; nobody types tokens by hand. Within 256 bits this hinders nobody from guessing: it
  // keeps a broken program from asking for ever.
  static constexpr int kAllowed = 10;
  static constexpr Duration kWindow = std::chrono::minutes(1);
  // Addresses remembered; the one that came first is forgotten for a new one.
  static constexpr std::size_t kMaxAddresses = 256;

  // Time until `key` may try again; zero when it may.
  [[nodiscard]] Duration wait(const std::string& key, TimePoint now);
  // True when this was the last one allowed.
  bool count(const std::string& key, TimePoint now);

 private:
  struct Entry {
    std::string key;
    TimePoint since;
    int wrong = 0;
  };
  std::list<Entry> entries_;
};

// Decides who a request comes from and whether it may come from there at all. Not thread-safe.
class Gate {
 public:
  struct Settings {
    // Names by which this host is reached, besides the loopback names and the address of each connection.
    std::vector<std::string> names;
    bool remote_admin = false;  // the token counts from other machines too
  };
  // Called on the server's thread for each request and each portion of an event stream: must be quick.
  using IsPaired = std::function<bool(const control::Fingerprint&)>;

  Gate(Settings settings, AdminToken token, IsPaired is_paired);

  // Who asks, or the answer that turns them away. Wipes and removes the Authorization header.
  [[nodiscard]] std::variant<Caller, Response> admit(RawRequest& request, const Peer& peer, TimePoint now);
  // False once the certificate of an event stream's reader is no longer trusted.
  [[nodiscard]] bool still_admitted(const Caller& caller) const;

 private:
  [[nodiscard]] std::optional<Response> refuse_site(const RawRequest& request, const Peer& peer) const;
  [[nodiscard]] std::optional<Response> check_token(std::string_view authorization, const Peer& peer,
                                                    TimePoint now);
  [[nodiscard]] bool is_own_name(std::string_view host, const Peer& peer) const;

  Settings settings_;
  AdminToken token_;
  IsPaired is_paired_;
  WrongTokens wrong_tokens_;
};

}  // namespace punktfunk::host::http
