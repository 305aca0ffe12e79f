// SPDX-License-Identifier: MIT OR Apache-2.0
// What a host on the network says of itself by mDNS. Input: port u16, then strings with a length u8 in front:
// service name, host name, address, and the TXT record's.
#include "base/text.h"
#include "client/discovery/found_host.h"
#include "client/hosts/saved_hosts.h"
#include "fuzz_input.h"

using namespace punktfunk;
using namespace punktfunk::client;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto take_text = [&input] {
    const ByteView bytes = input.take_bytes(input.take<std::uint8_t>());
    return std::string(bytes.begin(), bytes.end());
  };
  Announcement announcement;
  announcement.port = input.take<std::uint16_t>();
  announcement.name = take_text();
  announcement.host_name = take_text();
  announcement.address = take_text();
  while (!input.empty()) announcement.txt.push_back(take_text());

  const auto host = parse_announcement(announcement);
  if (!host) return 0;
  for (const std::string* text : {&host->name, &host->host_name, &host->id, &host->os})
    require(is_valid_utf8(*text) && text->size() <= 255, "texts are clean and short");
  require(!host->name.empty() && host->name.size() <= SavedHost::kMaxNameBytes, "a name is there");
  require(!host->addresses.empty() && host->addresses.size() <= SavedHost::kMaxAddresses,
          "addresses are bounded");
  require(host->macs.size() <= SavedHost::kMaxMacs, "hardware addresses are bounded");
  FoundHosts hosts;
  hosts.add("a", *host);
  hosts.add("b", *host);
  require(hosts.merged().size() == 1, "one host seen twice is one");
  return 0;
}
