// SPDX-License-Identifier: MIT OR Apache-2.0
// The file of saved hosts, whatever is in it. Input: the file.
#include "base/text.h"
#include "client/hosts/saved_hosts_file.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::client;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)HostAddress::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto hosts = parse_saved_hosts(ByteView(data, size));
  if (!hosts) {
    require(!hosts.error().empty(), "a refusal says why");
    return 0;
  }
  require(hosts->size() <= SavedHosts::kMaxHosts, "the list is bounded");
  for (const SavedHost& host : *hosts) {
    require(!host.name.empty() && host.name.size() <= SavedHost::kMaxNameBytes, "names are there and short");
    require(is_valid_utf8(host.name) && is_valid_utf8(host.id), "texts are clean");
    require(host.addresses.size() <= SavedHost::kMaxAddresses, "addresses are bounded");
    require(host.macs.size() <= SavedHost::kMaxMacs, "hardware addresses are bounded");
    require(host.port != 0, "there is a port");
  }
  const std::string text = saved_hosts_text(*hosts);
  require(text.size() <= kMaxSavedHostsBytes, "what is written can be read");
  const auto again = parse_saved_hosts(as_bytes(text));
  require(again.has_value() && *again == *hosts, "entries are read as written");
  return 0;
}
