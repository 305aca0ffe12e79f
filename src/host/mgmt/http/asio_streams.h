// SPDX-License-Identifier: MIT OR Apache-2.0
// The two carriers of a connection: TLS over TCP, and the control socket. Not for public headers: Asio's TLS
// takes seconds to compile.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "host/mgmt/http/byte_stream.h"

namespace punktfunk::host::http {

// TLS 1.2 and above with the host's certificate. The other side may show one of its own, and must then prove
// that it holds the key; nothing else of it is looked at, since paired devices are known by the fingerprint.
[[nodiscard]] Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(
    const control::Identity& identity);

// `context` outlives the stream.
[[nodiscard]] std::unique_ptr<ByteStream> make_tls_stream(boost::asio::ip::tcp::socket socket,
                                                          boost::asio::ssl::context& context);
[[nodiscard]] std::unique_ptr<ByteStream> make_local_stream(
    boost::asio::local::stream_protocol::socket socket);

[[nodiscard]] SocketAddress to_address(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace punktfunk::host::http
