// SPDX-License-Identifier: MIT OR Apache-2.0
// A connection's life: how it begins, receives, waits and ends. Sending is in quic_connection_send.cc.
#include "control/quic/quic_connection.h"

#include <algorithm>

#include "base/text.h"
#include "control/quic/quic_callbacks.h"

namespace punktfunk::control {
namespace {

ngtcp2_path make_path(const SocketAddress& local, const SocketAddress& remote) {
  // The library's address type is not const, but it only reads.
  return {{const_cast<sockaddr*>(local.data()), local.size()},
          {const_cast<sockaddr*>(remote.data()), remote.size()},
          nullptr};
}

Duration keep_alive(Duration idle_timeout) {
  return std::min<Duration>(idle_timeout / 2, std::chrono::seconds(4));
}

}  // namespace

QuicConnection::QuicConnection(ConnectionShared& shared, ConnectionId id, const SocketAddress& local,
                               const SocketAddress& remote)
    : shared_(shared), random_(shared.random), id_(id), local_(local), remote_(remote) {}

QuicConnection::~QuicConnection() { shared_.routes.remove_all(id_); }

std::unique_ptr<QuicConnection> QuicConnection::accept(ConnectionShared& shared, ConnectionId id,
                                                       const Acceptance& acceptance,
                                                       const SocketAddress& local,
                                                       const SocketAddress& remote, TimePoint now) {
  std::unique_ptr<QuicConnection> connection(new QuicConnection(shared, id, local, remote));
  if (!connection->start(TlsSession::Role::server, std::nullopt, &acceptance, now)) return nullptr;
  return connection;
}

std::unique_ptr<QuicConnection> QuicConnection::connect(ConnectionShared& shared, ConnectionId id,
                                                        const SocketAddress& local,
                                                        const SocketAddress& remote,
                                                        const std::optional<Fingerprint>& pin,
                                                        TimePoint now) {
  std::unique_ptr<QuicConnection> connection(new QuicConnection(shared, id, local, remote));
  if (!connection->start(TlsSession::Role::client, pin, nullptr, now)) return nullptr;
  return connection;
}

ngtcp2_cid QuicConnection::random_cid() const {
  ngtcp2_cid cid{};
  cid.datalen = kCidBytes;
  shared_.random.fill({cid.data, cid.datalen});
  return cid;
}

// RFC 9002 section 6.2.2 suggests 333 ms for paths nothing is known of: one lost handshake packet then costs
// a second. Streaming is worth while on paths of well under 100 ms only, and a wrong guess costs a few
// packets sent twice.
constexpr ngtcp2_duration kInitialRtt = 100 * NGTCP2_MILLISECONDS;

ngtcp2_settings QuicConnection::settings(std::uint64_t window, TimePoint now) {
  ngtcp2_settings settings;
  ngtcp2_settings_default(&settings);
  settings.initial_ts = to_ngtcp2(now);
  settings.max_tx_udp_payload_size = kMaxUdpPayload;
  settings.initial_rtt = kInitialRtt;
  settings.handshake_timeout = static_cast<ngtcp2_duration>(shared_.config.handshake_timeout.count());
  settings.rand_ctx.native_handle = &random_;
  settings.max_window = window;
  settings.max_stream_window = kStreamWindow;
  compat::set_mtu_probes(settings);
  return settings;
}

ngtcp2_transport_params QuicConnection::transport_params(std::uint64_t window) const {
  ngtcp2_transport_params params;
  ngtcp2_transport_params_default(&params);
  params.initial_max_data = window;
  params.initial_max_stream_data_bidi_local = kStreamWindow;
  params.initial_max_stream_data_bidi_remote = kStreamWindow;
  params.initial_max_stream_data_uni = kStreamWindow;
  params.initial_max_streams_bidi = kMaxPeerStreams;
  params.initial_max_streams_uni = kMaxPeerUniStreams;
  params.max_idle_timeout = static_cast<ngtcp2_duration>(shared_.config.idle_timeout.count());
  params.max_udp_payload_size = kMaxUdpPayload;
  params.max_datagram_frame_size = 65535;  // RFC 9221 section 3: any that fits
  // Packets with a clear QUIC bit could not be told from media on the shared port (section 2.1).
  params.grease_quic_bit = 0;
  return params;
}

bool QuicConnection::start(TlsSession::Role role, const std::optional<Fingerprint>& pin,
                           const Acceptance* acceptance, TimePoint now) {
  tls_ = TlsSession::create(role, shared_.credentials, pin, &QuicCallbacks::conn_of, this);
  if (!tls_) return false;

  const std::uint64_t window = role == TlsSession::Role::server ? kServerConnectionWindow : kConnectionWindow;
  ngtcp2_settings set = settings(window, now);
  ngtcp2_transport_params params = transport_params(window);
  const ngtcp2_path path = make_path(local_, remote_);
  const ngtcp2_cid scid = random_cid();
  ngtcp2_conn* conn = nullptr;
  int rc = 0;
  if (acceptance != nullptr) {
    const ngtcp2_pkt_hd& header = acceptance->header;
    compat::set_token(set, compat::token_of(header));
    compat::set_original_dcid(params, acceptance->original_dcid);
    params.retry_scid = header.dcid;
    params.retry_scid_present = 1;
    params.stateless_reset_token_present = 1;
    if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token,
                                                     shared_.reset_secret.data(), shared_.reset_secret.size(),
                                                     &scid) != 0) {
      return false;
    }
    rc = ngtcp2_conn_server_new(&conn, &header.scid, &scid, &path, header.version, &QuicCallbacks::table(),
                                &set, &params, nullptr, this);
  } else {
    const ngtcp2_cid dcid = random_cid();
    rc = ngtcp2_conn_client_new(&conn, &dcid, &scid, &path, NGTCP2_PROTO_VER_V1, &QuicCallbacks::table(),
                                &set, &params, nullptr, this);
  }
  if (rc != 0) return false;
  conn_.reset(conn);
  random_.making_connection = false;
  compat::forbid_clear_quic_bit(conn);
  ngtcp2_conn_set_tls_native_handle(conn, tls_->get());
  ngtcp2_conn_set_keep_alive_timeout(
      conn, static_cast<ngtcp2_duration>(keep_alive(shared_.config.idle_timeout).count()));
  shared_.routes.add({scid.data, scid.datalen}, id_);
  // Until the client has seen our first packet it addresses the id that the Retry gave it.
  if (acceptance != nullptr)
    shared_.routes.add({acceptance->header.dcid.data, acceptance->header.dcid.datalen}, id_);
  return true;
}

void QuicConnection::receive(const SocketAddress& local, const SocketAddress& remote, ByteView datagram,
                             std::uint8_t ecn, TimePoint now) {
  if (state_ == State::closing) {
    // RFC 9000 section 10.2.1: answer ever fewer packets, so that two closing ends do not keep each other
    // busy.
    ++received_while_closing_;
    if ((received_while_closing_ & (received_while_closing_ - 1)) == 0) wants_write_ = true;
    return;
  }
  if (state_ != State::active) return;
  last_heard_ = now;
  const ngtcp2_path path = make_path(local, remote);
  ngtcp2_pkt_info info{};
  info.ecn = ecn & NGTCP2_ECN_MASK;
  const int rc =
      ngtcp2_conn_read_pkt(conn_.get(), &path, &info, datagram.data(), datagram.size(), to_ngtcp2(now));
  wants_write_ = true;
  if (rc == NGTCP2_ERR_DRAINING) {
    end_of_closing_ =
        now + kClosingPtos * Duration(static_cast<std::int64_t>(ngtcp2_conn_get_pto(conn_.get())));
    closed_by_peer();
  } else if (rc != 0) {
    fail(rc);
  } else {
    check_path();
  }
}

void QuicConnection::check_path() {
  if (!path_validated_) return;
  path_validated_ = false;
  const ngtcp2_path* path = ngtcp2_conn_get_path(conn_.get());
  local_ = SocketAddress(path->local.addr, path->local.addrlen);
  const SocketAddress now_at(path->remote.addr, path->remote.addrlen);
  if (now_at == remote_) return;
  remote_ = now_at;
  queue(PathChangedEvent{remote_});
}

// The shorter of both ends' idle timeouts counts for both (RFC 9000 section 10.1), so a client that would
// wait for 8 s must speak often enough for a host that waits for one.
void QuicConnection::adapt_keep_alive() {
  const ngtcp2_transport_params* const peer = ngtcp2_conn_get_remote_transport_params(conn_.get());
  if (peer == nullptr || peer->max_idle_timeout == 0) return;  // it waits for ever
  const auto own = static_cast<ngtcp2_duration>(shared_.config.idle_timeout.count());
  const Duration shorter(static_cast<std::int64_t>(std::min(own, peer->max_idle_timeout)));
  ngtcp2_conn_set_keep_alive_timeout(conn_.get(), static_cast<ngtcp2_duration>(keep_alive(shorter).count()));
}

std::optional<TimePoint> QuicConnection::deadline() const {
  if (state_ == State::active) {
    const ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(conn_.get());
    if (expiry > static_cast<ngtcp2_tstamp>(TimePoint::max().time_since_epoch().count())) return std::nullopt;
    return TimePoint(Duration(static_cast<std::int64_t>(expiry)));
  }
  return end_of_closing_;
}

void QuicConnection::handle_deadline(TimePoint now) {
  const auto due = deadline();
  if (!due || *due > now) return;
  if (state_ != State::active) {
    state_ = State::finished;
    wants_write_ = false;
    return;
  }
  wants_write_ = true;
  if (const int rc = ngtcp2_conn_handle_expiry(conn_.get(), to_ngtcp2(now)); rc != 0) fail(rc);
}

void QuicConnection::report_closed(CloseKind kind, std::uint64_t code, std::string_view reason,
                                   std::uint8_t alert) {
  queue(ClosedEvent{{kind, code, alert, clean_text(reason, kMaxReasonBytes), handshake_done_}});
  datagrams_.clear();
  queued_datagram_bytes_ = 0;
}

void QuicConnection::close(CloseKind kind, std::uint64_t code, std::string_view reason) {
  if (state_ != State::active) return;
  state_ = State::close_queued;
  closed_here_ = kind == CloseKind::local;
  wants_write_ = true;
  close_reason_ = clean_text(reason, kMaxReasonBytes);
  ngtcp2_ccerr_default(&close_error_);
  ngtcp2_ccerr_set_application_error(
      &close_error_, code, reinterpret_cast<std::uint8_t*>(close_reason_.data()), close_reason_.size());
  report_closed(kind, code, close_reason_);
}

void QuicConnection::drop(CloseKind kind, std::uint64_t code) {
  if (state_ != State::active) return;
  state_ = State::finished;
  wants_write_ = false;
  report_closed(kind, code, {});
}

void QuicConnection::fail(int library_error) {
  if (state_ != State::active) return;
  state_ = State::close_queued;
  ngtcp2_ccerr_default(&close_error_);
  switch (library_error) {
    case NGTCP2_ERR_IDLE_CLOSE:
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
      // Nobody is there to be told. The idle timer may be the shorter one during a handshake.
      state_ = State::finished;
      report_closed(handshake_done_ ? CloseKind::idle_timeout : CloseKind::handshake_timeout, 0, {});
      return;
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
      state_ = State::finished;
      report_closed(CloseKind::version_mismatch, 0, {});
      return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
      state_ = State::finished;
      report_closed(CloseKind::transport_error, NGTCP2_INTERNAL_ERROR, {});
      return;
    case NGTCP2_ERR_CRYPTO: {
      const std::uint8_t alert = ngtcp2_conn_get_tls_alert(conn_.get());
      ngtcp2_ccerr_set_tls_alert(&close_error_, alert, nullptr, 0);
      report_closed(tls_->pin_failed() ? CloseKind::pin_mismatch : CloseKind::tls_alert,
                    close_error_.error_code, {}, alert);
      return;
    }
    default:
      ngtcp2_ccerr_set_liberr(&close_error_, library_error, nullptr, 0);
      report_closed(CloseKind::transport_error, close_error_.error_code, ngtcp2_strerror(library_error));
  }
}

void QuicConnection::closed_by_peer() {
  state_ = State::draining;
  wants_write_ = false;
  if (reset_by_peer_) {
    report_closed(CloseKind::stateless_reset, 0, {});
    return;
  }
  constexpr std::uint64_t kLastCryptoError = NGTCP2_CRYPTO_ERROR + 0xff;
  const ngtcp2_ccerr error = compat::close_error(conn_.get());
  const std::string_view reason(reinterpret_cast<const char*>(error.reason), error.reasonlen);
  if (error.type == NGTCP2_CCERR_TYPE_APPLICATION) {
    report_closed(CloseKind::application, error.error_code, reason);
  } else if (error.error_code >= NGTCP2_CRYPTO_ERROR && error.error_code <= kLastCryptoError) {
    report_closed(CloseKind::tls_alert, error.error_code, reason,
                  static_cast<std::uint8_t>(error.error_code - NGTCP2_CRYPTO_ERROR));
  } else {
    report_closed(CloseKind::transport_error, error.error_code, reason);
  }
}

bool QuicConnection::export_keying_material(std::string_view label, ByteView context,
                                            MutableBytes out) const {
  return handshake_done_ && tls_->export_keying_material(label, context, out);
}

ConnectionStats QuicConnection::stats() const {
  ngtcp2_conn_info info{};
  ngtcp2_conn_get_conn_info(conn_.get(), &info);
  ConnectionStats stats;
  stats.smoothed_rtt = Duration(static_cast<std::int64_t>(info.smoothed_rtt));
  // The library's "no sample yet" is the largest number.
  if (info.min_rtt <= info.smoothed_rtt) stats.min_rtt = Duration(static_cast<std::int64_t>(info.min_rtt));
  stats.congestion_window = info.cwnd;
  stats.bytes_in_flight = info.bytes_in_flight;
  stats.queued_stream_bytes = queued_stream_bytes_;
  stats.datagrams_dropped = datagrams_dropped_;
  stats.last_heard = last_heard_;
  return stats;
}

}  // namespace punktfunk::control
