// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/admin_token.h"

#include <string.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "control/identity/private_file.h"

namespace punktfunk::host::http {

namespace {

constexpr const char* kFileName = "api-token";
// Room for white space that an editor may have added.
constexpr std::size_t kMaxFileBytes = AdminToken::kDigits + 16;

struct WipedBytes {
  ~WipedBytes() { explicit_bzero(bytes.data(), bytes.size()); }
  Bytes bytes;
};

bool is_digit(std::uint8_t c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_space(std::uint8_t c) { return c == '\n' || c == '\r' || c == ' '; }

std::optional<Secret<AdminToken::kDigits>> parse(ByteView content) {
  while (!content.empty() && is_space(content.back())) content = content.first(content.size() - 1);
  if (content.size() != AdminToken::kDigits || !std::all_of(content.begin(), content.end(), is_digit))
    return std::nullopt;
  return Secret<AdminToken::kDigits>(content.first<AdminToken::kDigits>());
}

}  // namespace

AdminToken AdminToken::generate(RandomSource& random) {
  constexpr std::string_view kAlphabet = "0123456789abcdef";
  Secret<kDigits / 2> bytes;
  random.fill(bytes.writable());
  AdminToken token;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    token.digits_.writable()[2 * i] = static_cast<std::uint8_t>(kAlphabet[bytes.view()[i] >> 4]);
    token.digits_.writable()[2 * i + 1] = static_cast<std::uint8_t>(kAlphabet[bytes.view()[i] & 15]);
  }
  return token;
}

Result<AdminToken> AdminToken::load_or_create(const std::filesystem::path& dir, RandomSource& random) {
  const std::filesystem::path file = dir / kFileName;
  AdminToken token;
  // The second round only happens when another process created the file in between.
  for (int round = 0; round < 2; ++round) {
    auto read = control::read_private_file(file, kMaxFileBytes);
    if (!read) return tl::unexpected(read.error());
    if (read->has_value()) {
      const WipedBytes content{std::move(**read)};
      const auto digits = parse(content.bytes);
      if (!digits) {
        return fail("The management API has no token, because " + file.string() +
                    " holds something else; remove the file to get a new one.");
      }
      token.digits_ = *digits;
      return token;
    }
    token = generate(random);
    WipedBytes content;
    content.bytes.reserve(kDigits + 1);
    content.bytes.assign(token.digits_.view().begin(), token.digits_.view().end());
    content.bytes.push_back('\n');
    const auto written = control::write_private_file(file, content.bytes, control::IfExists::keep);
    if (!written) return tl::unexpected(written.error());
    if (*written) return token;
  }
  return fail("The management API has no token, because " + file.string() +
              " appears and disappears; check what else uses the folder.");
}

bool AdminToken::matches(std::string_view text) const {
  return equal_constant_time(digits_.view(),
                             {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace punktfunk::host::http
