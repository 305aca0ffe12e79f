// SPDX-License-Identifier: MIT OR Apache-2.0
#include "raw_client.h"

#include <gtest/gtest.h>

#include "control/quic/ngtcp2_compat.h"

namespace punktfunk::control {

struct RawClient::State {
  ngtcp2_crypto_conn_ref ref{};
  gnutls_certificate_credentials_t credentials = nullptr;
  gnutls_session_t session = nullptr;
  ngtcp2_conn* conn = nullptr;
  SocketAddress local, remote;
  bool closed = false;

  ngtcp2_path path() { return {{local.data(), local.size()}, {remote.data(), remote.size()}, nullptr}; }
  static std::uint64_t ts(TimePoint now) {
    return static_cast<std::uint64_t>(now.time_since_epoch().count());
  }
};

RawClient::RawClient(RandomSource& random, const std::string& alpn, const SocketAddress& local,
                     const SocketAddress& remote, TimePoint now, const Equip& equip)
    : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.local = local;
  s.remote = remote;
  gnutls_certificate_allocate_credentials(&s.credentials);
  if (equip) equip(s.credentials);
  gnutls_init(&s.session, GNUTLS_CLIENT | GNUTLS_NO_TICKETS);
  gnutls_priority_set_direct(s.session, "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE", nullptr);
  gnutls_credentials_set(s.session, GNUTLS_CRD_CERTIFICATE, s.credentials);
  ngtcp2_crypto_gnutls_configure_client_session(s.session);
  s.ref.user_data = &s;
  s.ref.get_conn = [](ngtcp2_crypto_conn_ref* ref) { return static_cast<State*>(ref->user_data)->conn; };
  gnutls_session_set_ptr(s.session, &s.ref);
  std::string name = alpn;
  gnutls_datum_t datum{reinterpret_cast<unsigned char*>(name.data()), static_cast<unsigned>(name.size())};
  if (!alpn.empty()) gnutls_alpn_set_protocols(s.session, &datum, 1, 0);

  ngtcp2_callbacks callbacks{};
  callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
  callbacks.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
  callbacks.encrypt = ngtcp2_crypto_encrypt_cb;
  callbacks.decrypt = ngtcp2_crypto_decrypt_cb;
  callbacks.hp_mask = ngtcp2_crypto_hp_mask_cb;
  callbacks.recv_retry = ngtcp2_crypto_recv_retry_cb;
  callbacks.update_key = ngtcp2_crypto_update_key_cb;
  callbacks.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
  callbacks.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
  callbacks.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
  callbacks.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
  callbacks.rand = [](std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
    static_cast<RandomSource*>(context->native_handle)->fill({out, size});
  };
  callbacks.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token, std::size_t size,
                                       void*) {
    SystemRandom system;
    cid->datalen = size;
    system.fill({cid->data, size});
    system.fill({token, NGTCP2_STATELESS_RESET_TOKENLEN});
    return 0;
  };
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = State::ts(now);
  settings.rand_ctx.native_handle = &random;
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.grease_quic_bit = 1;
  ngtcp2_cid dcid{}, scid{};
  dcid.datalen = scid.datalen = 8;
  random.fill({dcid.data, 8});
  random.fill({scid.data, 8});
  const ngtcp2_path path = s.path();
  const int rc = ngtcp2_conn_client_new(&s.conn, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1, &callbacks,
                                        &settings, &params, nullptr, &s);
  EXPECT_EQ(rc, 0);
  ngtcp2_conn_set_tls_native_handle(s.conn, s.session);
}

RawClient::~RawClient() {
  ngtcp2_conn_del(state_->conn);
  gnutls_deinit(state_->session);
  gnutls_certificate_free_credentials(state_->credentials);
}

void RawClient::read(ByteView datagram, TimePoint now) {
  if (state_->closed) return;
  const ngtcp2_path path = state_->path();
  ngtcp2_pkt_info info{};
  const int rc =
      ngtcp2_conn_read_pkt(state_->conn, &path, &info, datagram.data(), datagram.size(), State::ts(now));
  if (rc == NGTCP2_ERR_DRAINING) state_->closed = true;
}

std::vector<Bytes> RawClient::write(TimePoint now) {
  std::vector<Bytes> packets;
  while (!state_->closed) {
    Bytes packet(1472);
    ngtcp2_path_storage storage;
    ngtcp2_path_storage_zero(&storage);
    ngtcp2_pkt_info info{};
    const ngtcp2_ssize size = ngtcp2_conn_write_pkt(state_->conn, &storage.path, &info, packet.data(),
                                                    packet.size(), State::ts(now));
    if (size <= 0) break;
    packet.resize(static_cast<std::size_t>(size));
    packets.push_back(std::move(packet));
  }
  return packets;
}

bool RawClient::closed() const { return state_->closed; }
bool RawClient::peer_allows_clear_quic_bit() const {
  const ngtcp2_transport_params* params = ngtcp2_conn_get_remote_transport_params(state_->conn);
  return params != nullptr && params->grease_quic_bit != 0;
}
std::uint64_t RawClient::close_code() const { return compat::close_error(state_->conn).error_code; }

}  // namespace punktfunk::control
