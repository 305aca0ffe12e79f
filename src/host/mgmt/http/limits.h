// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace punktfunk::host::http {

// What one caller, and all of them together, may take of the management server. Every one of them is far
// above what the console, the command line and a metrics collector need.
struct HttpLimits {
  std::size_t head_bytes = 8 * 1024;  // request line and headers
  std::size_t head_fields = 64;
  std::size_t body_bytes = 64 * 1024;
  // A browser opens 6 connections to one server; one address gets twice that and some. `connections` is for
  // other machines together: this one, which counts as one address, and the control socket come on top.
  std::size_t connections = 128;
  std::size_t connections_per_address = 16;
  std::size_t local_connections = 32;  // over the control socket
  std::size_t requests_per_connection = 1000;
  std::size_t event_streams = 32;  // of other machines together, as above
  std::size_t event_streams_per_address = 8;

  // Each for the whole of what it names, so that a byte now and then buys no time.
  Duration handshake = std::chrono::seconds(5);
  Duration head = std::chrono::seconds(5);
  Duration body = std::chrono::seconds(10);
  Duration write = std::chrono::seconds(10);  // one answer, or one portion of an event stream
  Duration idle = std::chrono::seconds(30);   // between requests
  Duration farewell = std::chrono::seconds(1);
  // Comments on a silent event stream: proxies give up after 30 s and more.
  Duration heartbeat = std::chrono::seconds(15);
  // The socket's send buffer: what a slow reader can make the kernel keep for it.
  int send_buffer_bytes = 128 * 1024;
};

}  // namespace punktfunk::host::http
