// SPDX-License-Identifier: MIT OR Apache-2.0
// What a connection sends: packets, stream bytes, datagrams.
#include <algorithm>

#include "control/quic/quic_connection.h"

namespace punktfunk::control {
namespace {

// RFC 9000 section 17.3.1 and RFC 9221 section 4: short header first byte, connection id (added where used),
// packet number of at most 4 bytes, AEAD tag; frame type and two-byte length.
constexpr std::size_t kPacketOverhead = 1 + 4 + 16;
constexpr std::size_t kFrameOverhead = 1 + 2;

}  // namespace

bool QuicConnection::write(Transmit& out, TimePoint now) {
  bool written = false;
  // A failure while writing queues a close, which the second round writes.
  if (state_ == State::active) written = write_active(out, now);
  if (!written && (state_ == State::close_queued || state_ == State::closing))
    written = write_close(out, now);
  if (!written) wants_write_ = false;
  return written;
}

bool QuicConnection::write_close(Transmit& out, TimePoint now) {
  out.gso_size = 0;
  out.ecn = 0;
  wants_write_ = false;
  if (state_ == State::closing) {
    out.bytes = close_packet_;
    out.local = close_local_;
    out.remote = close_remote_;
    return true;
  }
  out.bytes.resize(kMaxUdpPayload);
  ngtcp2_path_storage storage;
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_pkt_info info{};
  const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
      conn_.get(), &storage.path, &info, out.bytes.data(), out.bytes.size(), &close_error_, to_ngtcp2(now));
  if (size <= 0) {
    state_ = State::finished;
    return false;
  }
  out.bytes.resize(static_cast<std::size_t>(size));
  out.local = SocketAddress(storage.path.local.addr, storage.path.local.addrlen);
  out.remote = SocketAddress(storage.path.remote.addr, storage.path.remote.addrlen);
  close_packet_ = out.bytes;
  close_local_ = out.local;
  close_remote_ = out.remote;
  state_ = State::closing;
  end_of_closing_ =
      now + kClosingPtos * Duration(static_cast<std::int64_t>(ngtcp2_conn_get_pto(conn_.get())));
  return true;
}

// The library's pacing is left off (its transmit time is never updated): control messages are small and must
// not wait, and the congestion window still bounds them.
bool QuicConnection::write_active(Transmit& out, TimePoint now) {
  out.bytes.resize(kMaxUdpPayload);
  ngtcp2_path_storage storage;
  ngtcp2_path_storage_zero(&storage);
  ngtcp2_pkt_info info{};
  ngtcp2_ssize size = write_datagram(storage.path, info, out.bytes, to_ngtcp2(now));
  if (size == NGTCP2_ERR_WRITE_MORE) size = write_streams(storage.path, info, out.bytes, to_ngtcp2(now));
  if (size < 0) fail(static_cast<int>(size));
  if (size <= 0) return false;
  out.bytes.resize(static_cast<std::size_t>(size));
  out.local = SocketAddress(storage.path.local.addr, storage.path.local.addrlen);
  out.remote = SocketAddress(storage.path.remote.addr, storage.path.remote.addrlen);
  out.gso_size = 0;
  out.ecn = static_cast<std::uint8_t>(info.ecn & NGTCP2_ECN_MASK);
  return true;
}

ngtcp2_ssize QuicConnection::write_datagram(ngtcp2_path& path, ngtcp2_pkt_info& info, Bytes& out,
                                            ngtcp2_tstamp ts) {
  drop_oversized_datagrams();
  while (!datagrams_.empty()) {
    const ngtcp2_vec piece{datagrams_.front().data(), datagrams_.front().size()};
    int accepted = 0;
    const ngtcp2_ssize size =
        ngtcp2_conn_writev_datagram(conn_.get(), &path, &info, out.data(), out.size(), &accepted,
                                    NGTCP2_WRITE_DATAGRAM_FLAG_MORE, next_datagram_id_, &piece, 1, ts);
    if (accepted != 0) {
      ++next_datagram_id_;
      pop_datagram();
    }
    if (size != NGTCP2_ERR_WRITE_MORE) return size;
  }
  return NGTCP2_ERR_WRITE_MORE;
}

ngtcp2_ssize QuicConnection::write_streams(ngtcp2_path& path, ngtcp2_pkt_info& info, Bytes& out,
                                           ngtcp2_tstamp ts) {
  std::vector<StreamId> blocked;  // by the peer's flow control; asked again for the next packet
  for (;;) {
    // Lowest id first: the control stream goes before transfers (section 3).
    const auto at = std::find_if(streams_.begin(), streams_.end(), [&](const auto& entry) {
      return !entry.second.send_closed && entry.second.send.has_unsent() &&
             std::find(blocked.begin(), blocked.end(), entry.first) == blocked.end();
    });
    const bool some = at != streams_.end();
    SendBuffer::Unsent unsent{};
    std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
    if (some) {
      unsent = at->second.send.unsent();
      flags = NGTCP2_WRITE_STREAM_FLAG_MORE | (unsent.ends_stream ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0u);
    }
    ngtcp2_ssize taken = -1;
    const ngtcp2_ssize size =
        ngtcp2_conn_writev_stream(conn_.get(), &path, &info, out.data(), out.size(), &taken, flags,
                                  some ? at->first : -1, unsent.pieces.data(), unsent.count, ts);
    if (some && taken >= 0) at->second.send.mark_sent(static_cast<std::size_t>(taken));
    switch (size) {
      case NGTCP2_ERR_WRITE_MORE:
        continue;
      case NGTCP2_ERR_STREAM_DATA_BLOCKED:
        if (!some) return 0;
        blocked.push_back(at->first);
        continue;
      case NGTCP2_ERR_STREAM_SHUT_WR:
      case NGTCP2_ERR_STREAM_NOT_FOUND:
        if (!some) return 0;
        at->second.send_closed = true;
        continue;
      default:
        return size;
    }
  }
}

std::optional<StreamId> QuicConnection::open_stream(bool bidirectional) {
  if (state_ != State::active || !handshake_done_) return std::nullopt;
  StreamId stream = -1;
  const int rc = bidirectional ? ngtcp2_conn_open_bidi_stream(conn_.get(), &stream, nullptr)
                               : ngtcp2_conn_open_uni_stream(conn_.get(), &stream, nullptr);
  if (rc != 0) return std::nullopt;
  streams_[stream];
  return stream;
}

bool QuicConnection::write_stream(StreamId stream, ByteView data, bool fin) {
  if (state_ != State::active) return false;
  const auto at = streams_.find(stream);
  if (at == streams_.end() || at->second.send_closed || at->second.send.finished()) return false;
  if (data.size() > shared_.config.max_send_queue_bytes - queued_stream_bytes_) {
    close(CloseKind::overflow, /*error, section 26*/ 0x01, "the peer does not read fast enough");
    return false;
  }
  at->second.send.append(data);
  queued_stream_bytes_ += data.size();
  if (fin) at->second.send.finish();
  wants_write_ = true;
  return true;
}

void QuicConnection::reset_stream(StreamId stream, std::uint64_t code) {
  if (state_ != State::active) return;
  const auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  const bool both = ngtcp2_is_bidi_stream(stream) != 0;
  const bool local = ngtcp2_conn_is_local_stream(conn_.get(), stream) != 0;
  at->second.refused = true;
  at->second.send_closed = true;
  // Failure means out of memory, or a stream that ended by itself.
  if (both || local) (void)compat::shutdown_stream_write(conn_.get(), stream, code);
  if (both || !local) (void)compat::shutdown_stream_read(conn_.get(), stream, code);
  wants_write_ = true;
}

bool QuicConnection::wants_data(StreamId stream) const {
  const auto at = streams_.find(stream);
  return at == streams_.end() || !at->second.refused;
}

void QuicConnection::pause_stream(StreamId stream, bool paused) {
  const auto at = streams_.find(stream);
  if (state_ != State::active || at == streams_.end()) return;
  at->second.paused = paused;
  if (!paused) {
    const auto owed = static_cast<std::size_t>(at->second.owed);
    at->second.owed = 0;
    consumed(stream, owed);
  }
}

void QuicConnection::consumed(StreamId stream, std::size_t bytes) {
  if (state_ != State::active || bytes == 0) return;
  const auto at = streams_.find(stream);
  if (at != streams_.end() && at->second.paused) {
    at->second.owed += bytes;
    return;
  }
  ngtcp2_conn_extend_max_offset(conn_.get(), bytes);
  if (at != streams_.end()) (void)ngtcp2_conn_extend_max_stream_offset(conn_.get(), stream, bytes);
  wants_write_ = true;
}

std::size_t QuicConnection::max_datagram_payload() const {
  if (state_ != State::active || !handshake_done_) return 0;
  const ngtcp2_transport_params* peer = ngtcp2_conn_get_remote_transport_params(conn_.get());
  if (peer == nullptr || peer->max_datagram_frame_size <= kFrameOverhead) return 0;
  const std::size_t packet = ngtcp2_conn_get_path_max_tx_udp_payload_size(conn_.get());
  const std::size_t overhead = kPacketOverhead + kFrameOverhead + ngtcp2_conn_get_dcid(conn_.get())->datalen;
  if (packet <= overhead) return 0;
  const std::uint64_t frame = peer->max_datagram_frame_size - kFrameOverhead;
  return static_cast<std::size_t>(std::min<std::uint64_t>(packet - overhead, frame));
}

bool QuicConnection::send_datagram(ByteView data) {
  if (state_ != State::active || data.empty() || data.size() > max_datagram_payload()) return false;
  datagrams_.emplace_back(data.begin(), data.end());
  queued_datagram_bytes_ += data.size();
  while (queued_datagram_bytes_ > kDatagramQueueBytes) {
    pop_datagram();
    ++datagrams_dropped_;
  }
  wants_write_ = true;
  return true;
}

void QuicConnection::pop_datagram() {
  queued_datagram_bytes_ -= datagrams_.front().size();
  datagrams_.pop_front();
}

// A new path starts at 1200 bytes again; what was sized for the old one would block the queue.
void QuicConnection::drop_oversized_datagrams() {
  while (!datagrams_.empty() && datagrams_.front().size() > max_datagram_payload()) {
    pop_datagram();
    ++datagrams_dropped_;
  }
}

}  // namespace punktfunk::control
