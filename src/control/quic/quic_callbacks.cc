// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/quic/quic_callbacks.h"

#include "control/quic/quic_connection.h"

namespace punktfunk::control {
namespace {

QuicConnection& self(void* user_data) { return *static_cast<QuicConnection*>(user_data); }

}  // namespace

ngtcp2_conn* QuicCallbacks::conn_of(ngtcp2_crypto_conn_ref* ref) { return self(ref->user_data).conn_.get(); }

const ngtcp2_callbacks& QuicCallbacks::table() {
  static const ngtcp2_callbacks callbacks = make_table();
  return callbacks;
}

ngtcp2_callbacks QuicCallbacks::make_table() {
  ngtcp2_callbacks callbacks{};
  callbacks.client_initial = ngtcp2_crypto_client_initial_cb;
  callbacks.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
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
  callbacks.handshake_completed = handshake_completed;
  callbacks.stream_open = stream_open;
  callbacks.recv_stream_data = stream_data;
  callbacks.acked_stream_data_offset = stream_acked;
  callbacks.stream_reset = stream_reset;
  callbacks.stream_close = stream_close;
  callbacks.recv_datagram = datagram;
  callbacks.get_new_connection_id = new_connection_id;
  callbacks.remove_connection_id = remove_connection_id;
  callbacks.recv_stateless_reset = stateless_reset;
  callbacks.path_validation = compat::path_validation<path_validation>();
  callbacks.rand = random;
  return callbacks;
}

int QuicCallbacks::handshake_completed(ngtcp2_conn*, void* user_data) {
  QuicConnection& connection = self(user_data);
  connection.handshake_done_ = true;
  connection.adapt_keep_alive();
  connection.queue(HandshakeDoneEvent{{connection.tls_->peer_fingerprint(), connection.remote_}});
  return 0;
}

int QuicCallbacks::stream_open(ngtcp2_conn*, std::int64_t stream, void* user_data) {
  QuicConnection& connection = self(user_data);
  const bool bidirectional = ngtcp2_is_bidi_stream(stream) != 0;
  connection.streams_[stream].send_closed = !bidirectional;
  connection.queue(StreamOpenedEvent{stream, bidirectional});
  return 0;
}

int QuicCallbacks::stream_data(ngtcp2_conn*, std::uint32_t flags, std::int64_t stream, std::uint64_t,
                               const std::uint8_t* data, std::size_t size, void* user_data, void*) {
  self(user_data).queue(
      StreamDataEvent{stream, Bytes(data, data + size), (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0});
  return 0;
}

int QuicCallbacks::stream_acked(ngtcp2_conn*, std::int64_t stream, std::uint64_t, std::uint64_t size,
                                void* user_data, void*) {
  QuicConnection& connection = self(user_data);
  const auto at = connection.streams_.find(stream);
  if (at == connection.streams_.end()) return 0;
  const std::size_t before = at->second.send.unacknowledged();
  at->second.send.acknowledge(static_cast<std::size_t>(size));
  connection.queued_stream_bytes_ -= before - at->second.send.unacknowledged();
  return 0;
}

int QuicCallbacks::stream_reset(ngtcp2_conn*, std::int64_t stream, std::uint64_t, std::uint64_t code,
                                void* user_data, void*) {
  self(user_data).queue(StreamResetEvent{stream, code});
  return 0;
}

int QuicCallbacks::stream_close(ngtcp2_conn* conn, std::uint32_t, std::int64_t stream, std::uint64_t,
                                void* user_data, void*) {
  QuicConnection& connection = self(user_data);
  if (const auto at = connection.streams_.find(stream); at != connection.streams_.end()) {
    connection.queued_stream_bytes_ -= at->second.send.unacknowledged();
    ngtcp2_conn_extend_max_offset(conn, at->second.owed);
    connection.streams_.erase(at);
  }
  if (ngtcp2_conn_is_local_stream(conn, stream) != 0) return 0;
  if (ngtcp2_is_bidi_stream(stream) != 0) {
    ngtcp2_conn_extend_max_streams_bidi(conn, 1);
  } else {
    ngtcp2_conn_extend_max_streams_uni(conn, 1);
  }
  return 0;
}

int QuicCallbacks::datagram(ngtcp2_conn*, std::uint32_t, const std::uint8_t* data, std::size_t size,
                            void* user_data) {
  self(user_data).queue(DatagramEvent{Bytes(data, data + size)});
  return 0;
}

int QuicCallbacks::new_connection_id(ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token, std::size_t size,
                                     void* user_data) {
  QuicConnection& connection = self(user_data);
  ConnectionShared& shared = connection.shared_;
  cid->datalen = size;
  shared.random.fill({cid->data, size});
  if (ngtcp2_crypto_generate_stateless_reset_token(token, shared.reset_secret.data(),
                                                   shared.reset_secret.size(), cid) != 0) {
    return NGTCP2_ERR_CALLBACK_FAILURE;
  }
  shared.routes.add({cid->data, size}, connection.id_);
  return 0;
}

int QuicCallbacks::remove_connection_id(ngtcp2_conn*, const ngtcp2_cid* cid, void* user_data) {
  self(user_data).shared_.routes.remove({cid->data, cid->datalen});
  return 0;
}

int QuicCallbacks::stateless_reset(ngtcp2_conn*, const ngtcp2_pkt_stateless_reset*, void* user_data) {
  self(user_data).reset_by_peer_ = true;
  return 0;
}

void QuicCallbacks::path_validation(ngtcp2_path_validation_result result, void* user_data) {
  if (result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS) self(user_data).path_validated_ = true;
}

void QuicCallbacks::random(std::uint8_t* out, std::size_t size, const ngtcp2_rand_ctx* context) {
  static_cast<RandomSource*>(context->native_handle)->fill({out, size});
}

}  // namespace punktfunk::control
