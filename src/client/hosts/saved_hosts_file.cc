// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/hosts/saved_hosts_file.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "client/hosts/wake_on_lan.h"

namespace punktfunk::client {

namespace {

using nlohmann::json;

constexpr int kFormatVersion = 2;
constexpr int kPinListVersion = 1;  // control::PinStore's, which first versions of the client kept

std::string text_of(const json& entry, const char* key) {
  const auto at = entry.find(key);
  return at != entry.end() && at->is_string() ? at->get<std::string>() : std::string();
}

template <class Number>
Number number_of(const json& entry, const char* key) {
  const auto at = entry.find(key);
  if (at == entry.end() || !at->is_number_unsigned()) return 0;
  const auto number = at->get<std::uint64_t>();
  return number <= std::numeric_limits<Number>::max() ? static_cast<Number>(number) : Number{0};
}

std::vector<std::string> texts_of(const json& entry, const char* key, std::size_t most) {
  std::vector<std::string> texts;
  const auto at = entry.find(key);
  if (at == entry.end() || !at->is_array()) return texts;
  for (const json& text : *at) {
    if (texts.size() < most && text.is_string()) texts.push_back(text.get<std::string>());
  }
  return texts;
}

std::optional<wire::Mode> mode_of(const json& entry) {
  const auto at = entry.find("last_mode");
  if (at == entry.end() || !at->is_object()) return std::nullopt;
  const wire::Mode mode{number_of<std::uint32_t>(*at, "width"), number_of<std::uint32_t>(*at, "height"),
                        number_of<std::uint32_t>(*at, "refresh_hz")};
  return mode.width != 0 && mode.height != 0 && mode.refresh_hz != 0 ? std::optional(mode) : std::nullopt;
}

// Only the fingerprint must be right: everything else is a convenience, and what of it is wrong is left out.
std::optional<SavedHost> parse_host(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto fingerprint = control::parse_fingerprint(text_of(entry, "fingerprint"));
  if (!fingerprint) return std::nullopt;
  SavedHost host;
  host.fingerprint = *fingerprint;
  host.id = text_of(entry, "id");
  host.name = text_of(entry, "name");
  host.addresses = texts_of(entry, "addresses", SavedHost::kMaxAddresses);
  if (const auto port = number_of<std::uint16_t>(entry, "port"); port != 0) host.port = port;
  host.management_port = number_of<std::uint16_t>(entry, "management_port");
  host.macs = texts_of(entry, "macs", SavedHost::kMaxMacs);
  host.last_mode = mode_of(entry);
  host.added_unix_s = number_of<std::uint64_t>(entry, "added_unix_s");
  host.last_seen_unix_s = number_of<std::uint64_t>(entry, "last_seen_unix_s");
  return cleaned(std::move(host));
}

// An entry of the list of pins, whose label was "ip:port".
std::optional<SavedHost> parse_pin(const json& entry) {
  if (!entry.is_object()) return std::nullopt;
  const auto fingerprint = control::parse_fingerprint(text_of(entry, "fingerprint"));
  if (!fingerprint) return std::nullopt;
  SavedHost host;
  host.fingerprint = *fingerprint;
  host.name = text_of(entry, "name");
  host.added_unix_s = number_of<std::uint64_t>(entry, "added_unix_s");
  const std::string label = text_of(entry, "label");
  if (const auto address = HostAddress::parse(label)) {
    host.addresses = {address->host};
    host.port = address->port.value_or(kDefaultPort);
  }
  if (host.name.empty()) host.name = label;
  return cleaned(std::move(host));
}

json to_json(const SavedHost& host) {
  json entry = {{"fingerprint", control::fingerprint_hex(host.fingerprint)},
                {"id", host.id},
                {"name", host.name},
                {"addresses", host.addresses},
                {"port", host.port},
                {"management_port", host.management_port},
                {"macs", host.macs},
                {"added_unix_s", host.added_unix_s},
                {"last_seen_unix_s", host.last_seen_unix_s}};
  if (host.last_mode) {
    entry["last_mode"] = {{"width", host.last_mode->width},
                          {"height", host.last_mode->height},
                          {"refresh_hz", host.last_mode->refresh_hz}};
  }
  return entry;
}

}  // namespace

SavedHost cleaned(SavedHost host) {
  host.id = clean_text(host.id, SavedHost::kMaxIdBytes);
  host.name = clean_text(host.name, SavedHost::kMaxNameBytes);
  std::vector<std::string> addresses;
  for (const std::string& address : host.addresses) {
    std::string text = clean_text(address, SavedHost::kMaxAddressBytes);
    const bool known = std::find(addresses.begin(), addresses.end(), text) != addresses.end();
    if (!text.empty() && !known && addresses.size() < SavedHost::kMaxAddresses)
      addresses.push_back(std::move(text));
  }
  host.addresses = std::move(addresses);
  std::vector<std::string> macs;
  for (const std::string& text : host.macs) {
    const auto mac = parse_mac(text);
    if (mac && macs.size() < SavedHost::kMaxMacs) macs.push_back(mac_text(*mac));
  }
  host.macs = std::move(macs);
  if (host.name.empty()) {
    host.name = host.addresses.empty() ? control::fingerprint_hex(host.fingerprint).substr(0, 16)
                                       : join_host_port(host.addresses.front(), host.port);
    // Longer than any name may be only with a scope that is no interface's.
    host.name = clean_text(host.name, SavedHost::kMaxNameBytes);
  }
  return host;
}

tl::expected<std::vector<SavedHost>, std::string> parse_saved_hosts(ByteView text) {
  const auto wrong = [](const char* what) { return tl::unexpected(std::string(what)); };
  const json document = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !document.is_object()) return wrong("it is no valid JSON object");
  const auto version = document.find("version");
  const bool is_pin_list = version != document.end() && *version == kPinListVersion;
  if (version == document.end() || !(is_pin_list || *version == kFormatVersion))
    return wrong("its version is neither 1 nor 2");
  const auto list = document.find(is_pin_list ? "peers" : "hosts");
  if (list == document.end() || !list->is_array()) return wrong("it has no list of hosts");
  if (list->size() > SavedHosts::kMaxHosts) return wrong("it has too many entries");
  std::vector<SavedHost> hosts;
  for (const json& entry : *list) {
    auto host = is_pin_list ? parse_pin(entry) : parse_host(entry);
    if (!host) return wrong("an entry is damaged");
    hosts.push_back(std::move(*host));
  }
  return hosts;
}

std::string saved_hosts_text(const std::vector<SavedHost>& hosts) {
  json list = json::array();
  for (const SavedHost& host : hosts) list.push_back(to_json(host));
  return json{{"version", kFormatVersion}, {"hosts", std::move(list)}}.dump(2) + "\n";
}

}  // namespace punktfunk::client
