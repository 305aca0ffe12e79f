// SPDX-License-Identifier: MIT OR Apache-2.0
// Who this machine is: one long-lived self-signed certificate (section 4).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace punktfunk::control {

// SHA-256 of the end-entity certificate's DER.
using Fingerprint = std::array<std::uint8_t, 32>;

// Lower-case, 64 digits.
[[nodiscard]] std::string fingerprint_hex(const Fingerprint& fingerprint);
// Accepts upper case, and ':' or white space between digits.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint(std::string_view text);
[[nodiscard]] Fingerprint fingerprint_of_der(ByteView certificate_der);

// ECDSA P-256 certificate and private key. Movable, immutable after loading, safe to read from several
// threads.
class Identity {
 public:
  // Loads `dir`/identity.pem, or creates it (mode 0600; `dir` mode 0700) when it does not exist. An existing
  // file that cannot be read or used is an error and is never replaced: losing an identity undoes every
  // pairing. A file readable by others is tightened to 0600 with a warning. `common_name` is only used when
  // creating.
  [[nodiscard]] static Result<Identity> load_or_create(const std::filesystem::path& dir,
                                                       std::string_view common_name);
  // Only in memory, for tests, one-off tools, and callers that store to_pem() themselves.
  [[nodiscard]] static Result<Identity> create_ephemeral(std::string_view common_name);
  // Private key and certificate, in any order.
  [[nodiscard]] static Result<Identity> from_pem(ByteView pem);
  // What from_pem() reads. Secret: the caller zeroes it.
  [[nodiscard]] Result<Bytes> to_pem() const;

  Identity(Identity&&) noexcept;
  Identity& operator=(Identity&&) noexcept;
  ~Identity();

  [[nodiscard]] const Fingerprint& fingerprint() const;
  [[nodiscard]] ByteView certificate_der() const;

  // The library's key pair, for the TLS sessions of this folder's neighbours. Valid as long as the identity.
  struct KeyPair;
  [[nodiscard]] const KeyPair& key_pair() const;

 private:
  explicit Identity(std::unique_ptr<KeyPair> pair);
  std::unique_ptr<KeyPair> pair_;
};

}  // namespace punktfunk::control
