// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "base/random.h"
#include "client/session/reconnect.h"
#include "client/session/stream_session.h"

namespace punktfunk::client {

struct LastingStreamOptions {
  // `host` is filled in here; `connect_budget` is that of one attempt.
  StreamOptions stream;
  // Tried in this order; the first that answered is tried first from then on.
  std::vector<SocketAddress> addresses;
  ReconnectSettings reconnect;
};

class LastingStreamListener : public StreamListener {
 public:
  // The next attempt goes to `host`. Calling thread, before anything else is reported of it.
  virtual void on_dialling(const SocketAddress& host) = 0;
  // `session` is that attempt's, valid until the next call of this kind or the end of run_lasting_stream().
  // Calling thread; the session's own threads may already report.
  virtual void on_attempt(StreamSession& session) = 0;
  // A session ended, or an attempt failed, and another one follows after `wait`. Calling thread. The
  // StreamListener's on_ended() is called for the final end only.
  virtual void on_interrupted(const endpoint::ClientEnd& end, Duration wait) = 0;
};

// Streams until the host or the user ends it: a connection that breaks is made anew, with the id of the lost
// session (section 9.1), so that the host hands the same display on. Blocks. `stop_requested` is asked at
// least every 50 ms; true leaves for good (close 0x51), and the end is `finished`. The first session's host
// is pinned for the following ones, also on first contact.
[[nodiscard]] endpoint::ClientEnd run_lasting_stream(LastingStreamOptions options,
                                                     const control::Identity& identity, RandomSource& random,
                                                     LastingStreamListener& listener,
                                                     const std::function<bool()>& stop_requested);

}  // namespace punktfunk::client
