// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/discovery/host_id.h"

#include <array>

#include "base/bytes.h"
#include "control/identity/private_file.h"

namespace punktfunk::host {

namespace {

constexpr std::size_t kDigits = 32;

std::string hex_of(ByteView bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

}  // namespace

Result<std::string> load_or_create_host_id(const std::filesystem::path& dir, RandomSource& random) {
  const std::filesystem::path file = dir / "host-id";
  std::array<std::uint8_t, kDigits / 2> bytes{};
  random.fill(bytes);
  const std::string fresh = hex_of(bytes) + "\n";
  const auto written = control::write_private_file(file, as_bytes(fresh), control::IfExists::keep);
  if (!written) return tl::unexpected(written.error());
  const auto read = control::read_private_file(file, 256);
  if (!read) return tl::unexpected(read.error());
  std::string id = read->has_value() ? std::string((*read)->begin(), (*read)->end()) : std::string();
  if (id.ends_with('\n')) id.pop_back();
  const bool is_id = id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_id)
    return fail("The id of this host in " + file.string() +
                " is damaged; remove the file, and a new one is made.");
  return id;
}

}  // namespace punktfunk::host
