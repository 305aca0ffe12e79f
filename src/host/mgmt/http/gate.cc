// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/gate.h"

#include <netinet/in.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/bytes.h"
#include "base/log.h"

namespace punktfunk::host::http {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_loopback(const SocketAddress& address) {
  const std::string ip = address.ip();
  return ip.starts_with("127.") || ip == "::1";
}

// "name", "name:port", "[address]:port" → name or address; empty if it is none of these.
std::string_view host_in(std::string_view value) {
  const bool bracketed = value.starts_with('[');
  const auto end = bracketed ? value.find(']') : std::min(value.find(':'), value.size());
  if (end == std::string_view::npos) return {};
  const std::string_view name = bracketed ? value.substr(1, end - 1) : value.substr(0, end);
  std::string_view rest = value.substr(bracketed ? end + 1 : end);
  if (rest.empty()) return name;
  if (rest.front() != ':' || rest.size() < 2 || rest.size() > 6) return {};
  rest.remove_prefix(1);
  return std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; })
             ? name
             : std::string_view();
}

Response unauthorized(std::string_view message) {
  auto response = Response::error(401, "unauthorized", message);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"punktfunk\"");
  return response;
}

}  // namespace

std::string limit_key(const SocketAddress& address) {
  if (is_loopback(address)) return "localhost";
  if (!address.is_ipv6_on_the_wire()) return address.ip();
  sockaddr_in6 whole{};
  memcpy(&whole, address.data(), sizeof whole);
  return to_hex(ByteView(whole.sin6_addr.s6_addr, 8));
}

Duration WrongTokens::wait(const std::string& key, TimePoint now) {
  std::erase_if(entries_, [now](const Entry& entry) { return now - entry.since >= kWindow; });
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&key](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end() || found->wrong < kAllowed) return Duration::zero();
  return kWindow - (now - found->since);
}

bool WrongTokens::count(const std::string& key, TimePoint now) {
  auto found =
      std::find_if(entries_.begin(), entries_.end(), [&key](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) {
    if (entries_.size() == kMaxAddresses) entries_.pop_front();
    found = entries_.insert(entries_.end(), {key, now, 0});
  }
  return ++found->wrong == kAllowed;
}

Gate::Gate(Settings settings, AdminToken token, IsPaired is_paired)
    : settings_(std::move(settings)), token_(std::move(token)), is_paired_(std::move(is_paired)) {
  for (std::string& name : settings_.names) name = lower(name);
}

std::variant<Caller, Response> Gate::admit(RawRequest& request, const Peer& peer, TimePoint now) {
  std::string authorization;
  bool tries_token = false;
  for (Header& header : request.headers) {
    if (header.name != "authorization") continue;
    tries_token = true;
    authorization.swap(header.value);
  }
  std::erase_if(request.headers, [](const Header& header) { return header.name == "authorization"; });
  struct Wipe {
    ~Wipe() { explicit_bzero(text.data(), text.size()); }
    std::string& text;
  } const wipe{authorization};

  if (auto refused = refuse_site(request, peer)) return *refused;
  Caller caller;
  caller.local_socket = peer.local_socket;
  if (peer.local_socket) {
    caller.access = Access::admin;
    return caller;
  }
  caller.address = peer.remote.ip();
  if (peer.certificate && is_paired_(*peer.certificate)) {
    caller.access = Access::device;
    caller.device = peer.certificate;
  }
  if (!tries_token) return caller;
  if (auto refused = check_token(authorization, peer, now)) return *refused;
  caller.access = Access::admin;
  return caller;
}

bool Gate::still_admitted(const Caller& caller) const {
  return caller.access != Access::device || (caller.device && is_paired_(*caller.device));
}

// Against pages of other sites that make the operator's browser ask us: a name that was bound to our address
// a moment ago is not one of ours (DNS rebinding), and a browser says which site a request comes from.
std::optional<Response> Gate::refuse_site(const RawRequest& request, const Peer& peer) const {
  const std::string* const origin = request.header("origin");
  const std::string* const site = request.header("sec-fetch-site");
  const std::string* const host = request.header("host");
  if (!peer.local_socket && (host == nullptr || !is_own_name(host_in(*host), peer))) {
    return Response::error(
        421, "misdirected_request",
        "This host does not go by that name; use its address, or start it with --api-name.");
  }
  const bool own_origin = origin == nullptr || (!peer.local_socket && host != nullptr &&
                                                lower(*origin) == "https://" + lower(*host));
  if (!own_origin || (site != nullptr && *site != "same-origin" && *site != "none")) {
    return Response::error(403, "origin_not_allowed", "Pages of other sites may not use this API.");
  }
  return std::nullopt;
}

bool Gate::is_own_name(std::string_view host, const Peer& peer) const {
  const std::string name = lower(host);
  if (name.empty()) return false;
  if (name == "localhost" || name == "127.0.0.1" || name == "::1" || name == peer.local.ip()) return true;
  return std::find(settings_.names.begin(), settings_.names.end(), name) != settings_.names.end();
}

std::optional<Response> Gate::check_token(std::string_view authorization, const Peer& peer, TimePoint now) {
  if (!settings_.remote_admin && !is_loopback(peer.remote)) {
    return Response::error(403, "token_is_local",
                           "The token counts only on the host itself; --api-remote-admin changes that.");
  }
  const std::string key = limit_key(peer.remote);
  if (const Duration wait = wrong_tokens_.wait(key, now); wait > Duration::zero()) {
    auto response =
        Response::error(429, "too_many_requests", "Too many wrong tokens came from this address.");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
  }
  constexpr std::string_view kScheme = "bearer ";
  const bool is_bearer =
      authorization.size() > kScheme.size() && lower(authorization.substr(0, kScheme.size())) == kScheme;
  if (is_bearer && token_.matches(authorization.substr(kScheme.size()))) return std::nullopt;
  if (wrong_tokens_.count(key, now))
    spdlog::warn("Too many wrong tokens for the management API from {}; it must wait.", peer.remote.ip());
  return unauthorized("That is not the token of the host's api-token file.");
}

}  // namespace punktfunk::host::http
