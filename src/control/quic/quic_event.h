// SPDX-License-Identifier: MIT OR Apache-2.0
// Events wait here until the QUIC library's call has returned: it must not be entered again from its
// callbacks.
#pragma once

#include <deque>
#include <variant>

#include "control/quic/quic_types.h"

namespace punktfunk::control {

struct HandshakeDoneEvent {
  PeerInfo peer;
};
struct StreamOpenedEvent {
  StreamId stream;
  bool bidirectional;
};
struct StreamDataEvent {
  StreamId stream;
  Bytes data;
  bool fin;
};
struct StreamResetEvent {
  StreamId stream;
  std::uint64_t code;
};
struct DatagramEvent {
  Bytes data;
};
struct PathChangedEvent {
  SocketAddress remote;
};
struct ClosedEvent {
  CloseInfo info;
};

struct QuicEvent {
  ConnectionId id;
  std::variant<HandshakeDoneEvent, StreamOpenedEvent, StreamDataEvent, StreamResetEvent, DatagramEvent,
               PathChangedEvent, ClosedEvent>
      what;
};
using EventQueue = std::deque<QuicEvent>;

}  // namespace punktfunk::control
