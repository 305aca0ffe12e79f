// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/request_reader.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <string>
#include <utility>

namespace punktfunk::host::http {

namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;

// Two of these would let one program act on the first and another on the second.
constexpr std::array<std::string_view, 8> kSingle = {"host",          "content-length", "content-type",
                                                     "authorization", "origin",         "transfer-encoding",
                                                     "last-event-id", "sec-fetch-site"};

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

Response too_many_headers() {
  return Response::error(431, "headers_too_large", "The headers of the request are too many or too long.");
}

Response bad_request() {
  return Response::error(400, "bad_request", "The request is not well-formed HTTP/1.1.");
}

// Beast's state machine, with our own keeping of what it finds: it counts fields as they come, and leaves no
// copies of credentials in containers that cannot be wiped.
class Parser final : public beast_http::basic_parser<true> {
 public:
  explicit Parser(const HttpLimits& limits) : limits_(limits) {
    eager(true);
    header_limit(static_cast<std::uint32_t>(limits.head_bytes));
    body_limit(limits.body_bytes);
  }

  RawRequest request;
  std::optional<Response> refusal;

 private:
  using Text = boost::beast::string_view;

  void on_request_impl(beast_http::verb, Text method, Text target, int version, error_code& ec) override {
    request.method = std::string(view(method));
    request.target = std::string(view(target));
    if (version != 11) {
      refuse(Response::error(505, "version_not_supported", "The request must be of HTTP/1.1."), ec);
    }
  }

  void on_field_impl(beast_http::field, Text name, Text value, error_code& ec) override {
    if (request.headers.size() == limits_.head_fields) return refuse(too_many_headers(), ec);
    request.headers.push_back({lower(view(name)), std::string(view(value))});
  }

  void on_header_impl(error_code& ec) override {
    for (const std::string_view name : kSingle) {
      if (request.count(name) > 1) return refuse(bad_request(), ec);
    }
    if (request.count("host") != 1) return refuse(bad_request(), ec);
    if (request.count("transfer-encoding") != 0) {
      return refuse(
          Response::error(411, "length_required", "A body must come with Content-Length, not in chunks."),
          ec);
    }
    if (request.count("expect") != 0) {
      return refuse(Response::error(417, "expectation_failed", "Send the body without asking first."), ec);
    }
  }

  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(Text part, error_code&) override {
    request.body.append(part.data(), part.size());  // body_limit() bounds the sum
    return part.size();
  }
  void on_finish_impl(error_code&) override {}
  // Never reached: a body in chunks is refused with the headers, and we read no answers.
  void on_response_impl(int, Text, int, error_code&) override {}
  void on_chunk_header_impl(std::uint64_t, Text, error_code& ec) override { refuse(bad_request(), ec); }
  std::size_t on_chunk_body_impl(std::uint64_t, Text, error_code& ec) override {
    refuse(bad_request(), ec);
    return 0;
  }

  void refuse(Response response, error_code& ec) {
    refusal = std::move(response);
    ec = beast_http::error::bad_value;
  }

  const HttpLimits& limits_;
};

}  // namespace

struct RequestReader::Impl {
  explicit Impl(const HttpLimits& given) : limits(given) { parser.emplace(limits); }
  ~Impl() { explicit_bzero(pending.data(), pending.size()); }

  void parse() {
    while (!pending.empty() && !parser->refusal && !parser->is_done()) {
      error_code ec;
      const std::size_t used = parser->put(boost::asio::buffer(pending), ec);
      consume(used);
      if (ec == beast_http::error::need_more) return;
      if (ec) return fail(ec);
      if (used == 0) return;
    }
  }

  // Credentials pass through here: nothing of them stays behind.
  void consume(std::size_t bytes) {
    std::copy(pending.begin() + static_cast<std::ptrdiff_t>(bytes), pending.end(), pending.begin());
    const std::size_t left = pending.size() - bytes;
    explicit_bzero(pending.data() + left, bytes);
    pending.resize(left);
  }

  void fail(const error_code& ec) {
    if (parser->refusal) return;
    if (ec == beast_http::error::header_limit) {
      parser->refusal = too_many_headers();
    } else if (ec == beast_http::error::body_limit) {
      parser->refusal = Response::error(413, "body_too_large", "The body of the request is too long.");
    } else {
      parser->refusal = bad_request();
    }
  }

  HttpLimits limits;
  std::optional<Parser> parser;
  std::string pending;  // not yet taken by the parser
  bool keep_alive = false;
};

RequestReader::RequestReader(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::state() const {
  if (impl_->parser->refusal) return State::refused;
  if (impl_->parser->is_done()) return State::whole;
  if (impl_->parser->is_header_done()) return State::body;
  return impl_->parser->got_some() || !impl_->pending.empty() ? State::head : State::idle;
}

void RequestReader::feed(std::string_view bytes) {
  // Grown by hand: what a reallocation leaves behind may hold a credential.
  if (impl_->pending.capacity() < impl_->pending.size() + bytes.size()) {
    std::string larger;
    larger.reserve(std::max(2 * impl_->pending.capacity(), impl_->pending.size() + bytes.size()));
    larger = impl_->pending;
    explicit_bzero(impl_->pending.data(), impl_->pending.size());
    impl_->pending = std::move(larger);
  }
  impl_->pending.append(bytes);
  impl_->parse();
}

RawRequest RequestReader::take() {
  RawRequest request = std::move(impl_->parser->request);
  impl_->keep_alive = impl_->parser->keep_alive();
  impl_->parser.emplace(impl_->limits);
  impl_->parse();
  return request;
}

bool RequestReader::keep_alive() const { return impl_->keep_alive; }
Response RequestReader::refusal() const { return *impl_->parser->refusal; }

}  // namespace punktfunk::host::http
