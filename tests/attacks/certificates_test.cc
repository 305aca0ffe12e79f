// SPDX-License-Identifier: MIT OR Apache-2.0
// Certificates that have something to do with a paired device's, without being it.
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <array>
#include <ctime>
#include <vector>

#include "../unit/control/raw_client.h"
#include "control/identity/key_pair.h"
#include "node_world.h"

namespace punktfunk::control {

namespace {

constexpr std::time_t kDay = 24 * 60 * 60;

// A key and a certificate for it, signed by another device's key.
struct Signed {
  explicit Signed(const Identity& signer) {
    gnutls_x509_privkey_init(&key);
    gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
    gnutls_x509_crt_init(&certificate);
    gnutls_x509_crt_set_version(certificate, 3);
    const std::uint8_t serial = 7;
    gnutls_x509_crt_set_serial(certificate, &serial, 1);
    const std::string_view name = "punktfunk-client";
    gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name.data(),
                                  static_cast<unsigned>(name.size()));
    gnutls_x509_crt_set_activation_time(certificate, std::time(nullptr) - kDay);
    gnutls_x509_crt_set_expiration_time(certificate, std::time(nullptr) + kDay);
    gnutls_x509_crt_set_key(certificate, key);
    EXPECT_EQ(gnutls_x509_crt_sign2(certificate, signer.key_pair().certificate, signer.key_pair().key,
                                    GNUTLS_DIG_SHA256, 0),
              0);
  }
  ~Signed() {
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
  }
  Signed(const Signed&) = delete;
  Signed& operator=(const Signed&) = delete;

  [[nodiscard]] Bytes pem() const {
    gnutls_datum_t key_text{};
    gnutls_datum_t certificate_text{};
    gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, nullptr, GNUTLS_PKCS_PLAIN, &key_text);
    gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_text);
    Bytes text(key_text.data, key_text.data + key_text.size);
    append(text, {certificate_text.data, certificate_text.size});
    gnutls_free(key_text.data);
    gnutls_free(certificate_text.data);
    return text;
  }

  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crt_t certificate = nullptr;
};

// What a client shows and signs with, without the library's check that they belong together.
struct Shown {
  std::vector<gnutls_pcert_st> chain;
  gnutls_privkey_t key = nullptr;

  Shown(std::initializer_list<gnutls_x509_crt_t> certificates, gnutls_x509_privkey_t signs_with) {
    for (const gnutls_x509_crt_t one : certificates) {
      chain.emplace_back();
      EXPECT_EQ(gnutls_pcert_import_x509(&chain.back(), one, 0), 0);
    }
    gnutls_privkey_init(&key);
    EXPECT_EQ(gnutls_privkey_import_x509(key, signs_with, 0), 0);
  }
  ~Shown() {
    for (gnutls_pcert_st& one : chain) gnutls_pcert_deinit(&one);
    gnutls_privkey_deinit(key);
  }
  Shown(const Shown&) = delete;
  Shown& operator=(const Shown&) = delete;
};
// The library's callback has no argument of the caller's.
const Shown* shown = nullptr;

void equip(gnutls_certificate_credentials_t credentials) {
  gnutls_certificate_set_retrieve_function2(
      credentials, [](gnutls_session_t, const gnutls_datum_t*, int, const gnutls_pk_algorithm_t*, int,
                      gnutls_pcert_st** chain, unsigned* size, gnutls_privkey_t* key) {
        *chain = const_cast<gnutls_pcert_st*>(shown->chain.data());
        *size = static_cast<unsigned>(shown->chain.size());
        *key = shown->key;
        return 0;
      });
}

// Whom a host's QUIC endpoint takes the client for.
class Witness final : public QuicHandler {
 public:
  std::optional<PeerInfo> opened;
  std::optional<CloseInfo> closed;
  void on_handshake_done(ConnectionId, const PeerInfo& peer) override { opened = peer; }
  void on_stream_opened(ConnectionId, StreamId, bool) override {}
  void on_stream_data(ConnectionId, StreamId, ByteView, bool) override {}
  void on_stream_reset(ConnectionId, StreamId, std::uint64_t) override {}
  void on_datagram(ConnectionId, ByteView) override {}
  void on_path_changed(ConnectionId, const SocketAddress&) override {}
  void on_closed(ConnectionId, const CloseInfo& info) override { closed = info; }
};

Witness witness_of(const Shown& what) {
  shown = &what;
  SystemRandom random;
  Witness witness;
  const Identity host = Identity::create_ephemeral("punktfunk-host").value();
  auto server = QuicEndpoint::make_server({}, host, random, witness).value();
  const SocketAddress at_host = *SocketAddress::parse("10.0.0.1", 9777);
  const SocketAddress at_client = *SocketAddress::parse("10.0.0.2", 40000);
  TimePoint now{std::chrono::seconds(1000)};
  RawClient client(random, "pkf2", at_client, at_host, now, equip);
  for (int round = 0; round < 20; ++round) {
    for (const Bytes& packet : client.write(now)) server->receive(at_host, at_client, packet, 0, now);
    Transmit out;
    while (server->poll_transmit(out, now)) client.read(out.bytes, now);
    now += std::chrono::milliseconds(5);
  }
  return witness;
}

class Certificates : public testing::Test {
 protected:
  Identity paired = Identity::create_ephemeral("punktfunk-client").value();
  Signed leaf{paired};
};

TEST_F(Certificates, OneSignedByAPairedDeviceIsAStrangers) {
  endpoint::NodeWorld world;
  ASSERT_TRUE(world.clients->put({paired.fingerprint(), "Couch"}).has_value());
  const Identity attacker = Identity::from_pem(leaf.pem()).value();
  EXPECT_NE(attacker.fingerprint(), paired.fingerprint());
  endpoint::RawPeer& peer = world.connect_as(&attacker);
  peer.open(endpoint::NodeWorld::hello_bytes());
  ASSERT_TRUE(world.run([&] { return peer.closed.has_value(); }));
  EXPECT_EQ(peer.closed->code, static_cast<std::uint64_t>(wire::CloseCode::pairing_not_armed));
  EXPECT_TRUE(world.sessions.requested.empty());
}

TEST_F(Certificates, TheSignersCertificateBehindItChangesNothing) {
  gnutls_x509_crt_t signer = paired.key_pair().certificate;
  const Witness chain = witness_of(Shown({leaf.certificate, signer}, leaf.key));
  ASSERT_TRUE(chain.opened);
  ASSERT_TRUE(chain.opened->fingerprint);
  EXPECT_EQ(*chain.opened->fingerprint, Identity::from_pem(leaf.pem())->fingerprint());
  EXPECT_NE(*chain.opened->fingerprint, paired.fingerprint());
}

TEST_F(Certificates, APairedDevicesCertificateWithoutItsKeyOpensNothing) {
  gnutls_x509_crt_t stolen = paired.key_pair().certificate;
  for (const bool with_own_behind : {false, true}) {
    const Witness witness = with_own_behind ? witness_of(Shown({stolen, leaf.certificate}, leaf.key))
                                            : witness_of(Shown({stolen}, leaf.key));
    EXPECT_FALSE(witness.opened) << "the signature over the handshake is not its key's";
    ASSERT_TRUE(witness.closed);
    EXPECT_EQ(witness.closed->kind, CloseKind::tls_alert);
  }
  // The same with its key, so that what fails above is the signature.
  const Witness genuine = witness_of(Shown({stolen}, paired.key_pair().key));
  ASSERT_TRUE(genuine.opened);
  EXPECT_EQ(genuine.opened->fingerprint, paired.fingerprint());
}

}  // namespace

}  // namespace punktfunk::control
