// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/identity.h"

#include <gnutls/crypto.h>
#include <string.h>

#include <ctime>
#include <utility>

#include "control/identity/key_pair.h"
#include "control/identity/private_file.h"

namespace punktfunk::control {
namespace {

constexpr const char* kFileName = "identity.pem";
// A P-256 key and certificate take about 1 KiB.
constexpr std::size_t kMaxFileBytes = 64 * 1024;

// Memory of the library, which may hold the private key.
struct SecretDatum {
  SecretDatum() = default;
  ~SecretDatum() {
    if (datum.data == nullptr) return;
    explicit_bzero(datum.data, datum.size);
    gnutls_free(datum.data);
  }
  SecretDatum(const SecretDatum&) = delete;
  SecretDatum& operator=(const SecretDatum&) = delete;
  [[nodiscard]] ByteView view() const { return {datum.data, datum.size}; }
  gnutls_datum_t datum{};
};

struct SecretBytes {
  ~SecretBytes() { explicit_bzero(bytes.data(), bytes.size()); }
  Bytes bytes;
};

int set_names(gnutls_x509_crt_t certificate, std::string_view name) {
  const auto size = static_cast<unsigned>(name.size());
  if (int rc = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(), size);
      rc < 0) {
    return rc;
  }
  return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name.data(), size,
                                              GNUTLS_FSAN_SET);
}

int set_serial(gnutls_x509_crt_t certificate) {
  std::array<std::uint8_t, 16> serial{};
  if (int rc = gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size()); rc < 0) return rc;
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) |
                                        0x40);  // positive, and no leading zero (RFC 5280 4.1.2.2)
  return gnutls_x509_crt_set_serial(certificate, serial.data(), serial.size());
}

int generate(Identity::KeyPair& pair, std::string_view name) {
  constexpr std::time_t kDay = 24 * 60 * 60;
  if (int rc = gnutls_x509_privkey_init(&pair.key); rc < 0) return rc;
  const unsigned curve = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
  if (int rc = gnutls_x509_privkey_generate(pair.key, GNUTLS_PK_ECDSA, curve, 0); rc < 0) return rc;
  if (int rc = gnutls_x509_crt_init(&pair.certificate); rc < 0) return rc;
  gnutls_x509_crt_t certificate = pair.certificate;
  if (int rc = gnutls_x509_crt_set_version(certificate, 3); rc < 0) return rc;
  if (int rc = set_serial(certificate); rc < 0) return rc;
  if (int rc = set_names(certificate, name); rc < 0) return rc;
  // Nobody checks the dates (section 3). A day back, for other software that does and whose clock is behind.
  if (int rc = gnutls_x509_crt_set_activation_time(certificate, std::time(nullptr) - kDay); rc < 0) return rc;
  if (int rc = gnutls_x509_crt_set_expiration_time(certificate, GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION);
      rc < 0) {
    return rc;
  }
  if (int rc = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE); rc < 0) return rc;
  if (int rc = gnutls_x509_crt_set_key(certificate, pair.key); rc < 0) return rc;
  return gnutls_x509_crt_sign2(certificate, certificate, pair.key, GNUTLS_DIG_SHA256, 0);
}

int parse(Identity::KeyPair& pair, ByteView pem) {
  // The library reads a datum through a pointer to non-const, and does not write to it.
  const gnutls_datum_t datum{const_cast<unsigned char*>(pem.data()), static_cast<unsigned>(pem.size())};
  if (int rc = gnutls_x509_crt_init(&pair.certificate); rc < 0) return rc;
  if (int rc = gnutls_x509_crt_import(pair.certificate, &datum, GNUTLS_X509_FMT_PEM); rc < 0) return rc;
  if (int rc = gnutls_x509_privkey_init(&pair.key); rc < 0) return rc;
  return gnutls_x509_privkey_import2(pair.key, &datum, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN);
}

// Fails where the key does not belong to the certificate: only a credentials object checks that.
int check_match(const Identity::KeyPair& pair) {
  gnutls_certificate_credentials_t credentials = nullptr;
  int rc = gnutls_certificate_allocate_credentials(&credentials);
  if (rc < 0) return rc;
  gnutls_x509_crt_t certificate = pair.certificate;
  rc = gnutls_certificate_set_x509_key(credentials, &certificate, 1, pair.key);
  gnutls_certificate_free_credentials(credentials);
  return rc;
}

int take_fingerprint(Identity::KeyPair& pair) {
  SecretDatum der;
  if (int rc = gnutls_x509_crt_export2(pair.certificate, GNUTLS_X509_FMT_DER, &der.datum); rc < 0) return rc;
  pair.der.assign(der.view().begin(), der.view().end());
  pair.fingerprint = fingerprint_of_der(pair.der);
  return 0;
}

tl::unexpected<Error> create_failure(int rc) {
  return fail(std::string("Cannot create this machine's identity: ") + gnutls_strerror(rc) +
              ". Check that the TLS library is installed whole.");
}

Result<void> save(const Identity& identity, const std::filesystem::path& file, bool& written) {
  auto pem = identity.to_pem();
  if (!pem) return tl::unexpected(pem.error());
  const SecretBytes content{std::move(*pem)};
  auto done = write_private_file(file, content.bytes, IfExists::keep);
  if (!done) return tl::unexpected(done.error());
  written = *done;
  return {};
}

int load(Identity::KeyPair& pair, ByteView pem) {
  int rc = parse(pair, pem);
  if (rc >= 0) rc = check_match(pair);
  if (rc >= 0) rc = take_fingerprint(pair);
  return rc;
}

}  // namespace

std::string fingerprint_hex(const Fingerprint& fingerprint) { return to_hex(fingerprint); }

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c == ':' || c == ' ' || c == '\t' || c == '\n') continue;
    if (digits.size() == 2 * sizeof(Fingerprint)) return std::nullopt;
    digits.push_back(c);
  }
  const auto bytes = from_hex(digits);
  Fingerprint fingerprint;
  if (!bytes || bytes->size() != fingerprint.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), fingerprint.begin());
  return fingerprint;
}

Fingerprint fingerprint_of_der(ByteView certificate_der) {
  Fingerprint fingerprint{};
  // Cannot fail: the algorithm is always present.
  gnutls_hash_fast(GNUTLS_DIG_SHA256, certificate_der.data(), certificate_der.size(), fingerprint.data());
  return fingerprint;
}

Result<Identity> Identity::create_ephemeral(std::string_view common_name) {
  auto pair = std::make_unique<KeyPair>();
  int rc = generate(*pair, common_name);
  if (rc >= 0) rc = take_fingerprint(*pair);
  if (rc < 0) return create_failure(rc);
  return Identity(std::move(pair));
}

Result<Identity> Identity::from_pem(ByteView pem) {
  auto pair = std::make_unique<KeyPair>();
  const int rc = load(*pair, pem);
  if (rc >= 0) return Identity(std::move(pair));
  return fail(std::string("Cannot use this identity: ") + gnutls_strerror(rc) +
              ". Give the PEM text of a private key and of the certificate made for it.");
}

Result<Bytes> Identity::to_pem() const {
  SecretDatum key;
  SecretDatum certificate;
  int rc = gnutls_x509_privkey_export2_pkcs8(pair_->key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN,
                                             &key.datum);
  if (rc >= 0) rc = gnutls_x509_crt_export2(pair_->certificate, GNUTLS_X509_FMT_PEM, &certificate.datum);
  if (rc < 0) {
    return fail(std::string("Cannot write this identity as text: ") + gnutls_strerror(rc) +
                ". Check that the TLS library is installed whole.");
  }
  Bytes pem;
  pem.reserve(key.datum.size + certificate.datum.size);  // growing would leave copies of the key behind
  append(pem, key.view());
  append(pem, certificate.view());
  return pem;
}

Result<Identity> Identity::load_or_create(const std::filesystem::path& dir, std::string_view common_name) {
  const std::filesystem::path file = dir / kFileName;
  // The second round only happens when another process created the file in between.
  for (int round = 0; round < 2; ++round) {
    auto read = read_private_file(file, kMaxFileBytes);
    if (!read) return tl::unexpected(read.error());
    if (!read->has_value()) {
      auto created = create_ephemeral(common_name);
      if (!created) return created;
      bool written = false;
      if (auto saved = save(*created, file, written); !saved) return tl::unexpected(saved.error());
      if (written) return created;
      continue;
    }
    SecretBytes content{std::move(**read)};
    auto pair = std::make_unique<KeyPair>();
    const int rc = load(*pair, content.bytes);
    if (rc >= 0) return Identity(std::move(pair));
    return fail("Cannot use the identity in " + file.string() + ": " + gnutls_strerror(rc) +
                ". Restore the file from a backup, or move it away to get a new identity, which must be "
                "paired again.");
  }
  return fail("Cannot load the identity in " + file.string() +
              ": it appears and disappears. Check what else uses the folder.");
}

Identity::Identity(std::unique_ptr<KeyPair> pair) : pair_(std::move(pair)) {}
Identity::Identity(Identity&&) noexcept = default;
Identity& Identity::operator=(Identity&&) noexcept = default;
Identity::~Identity() = default;

const Fingerprint& Identity::fingerprint() const { return pair_->fingerprint; }
ByteView Identity::certificate_der() const { return pair_->der; }
const Identity::KeyPair& Identity::key_pair() const { return *pair_; }

}  // namespace punktfunk::control
