// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/http/request_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace punktfunk::host::http {
namespace {

using State = RequestReader::State;

const std::string kHead = "GET /a HTTP/1.1\r\nHost: localhost\r\n";

// 0: a whole request; -1: more is wanted; otherwise the status of the refusal.
int outcome_of(const std::string& bytes) {
  RequestReader reader{HttpLimits{}};
  reader.feed(bytes);
  if (reader.state() == State::whole) return 0;
  return reader.state() == State::refused ? reader.refusal().status : -1;
}

TEST(RequestReaderTest, ReadsByteByByteAsAtOnce) {
  const std::string text =
      "POST /a?b HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: 2\r\ncontent-length: 5\r\n\r\nhello";
  RequestReader reader{HttpLimits{}};
  EXPECT_EQ(reader.state(), State::idle);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_NE(reader.state(), State::whole);
    reader.feed(text.substr(i, 1));
    EXPECT_NE(reader.state(), State::refused) << i;
  }
  ASSERT_EQ(reader.state(), State::whole);
  const RawRequest request = reader.take();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b");
  EXPECT_EQ(request.body, "hello");
  EXPECT_EQ(*request.header("content-length"), "5");
  EXPECT_EQ(request.count("x-twice"), 2U);
  EXPECT_TRUE(reader.keep_alive());
  EXPECT_EQ(reader.state(), State::idle);
}

TEST(RequestReaderTest, WhatFollowsIsTheNextRequest) {
  RequestReader reader{HttpLimits{}};
  reader.feed(kHead + "\r\n" + kHead + "Connection: close\r\n\r\n" + kHead);
  ASSERT_EQ(reader.state(), State::whole);
  (void)reader.take();
  ASSERT_EQ(reader.state(), State::whole);
  (void)reader.take();
  EXPECT_FALSE(reader.keep_alive());
  EXPECT_EQ(reader.state(), State::head);
}

TEST(RequestReaderTest, RefusesWhatTwoProgramsMightReadDifferently) {
  const std::string post = "POST /a HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(outcome_of(kHead + "\r\n"), 0);
  EXPECT_EQ(outcome_of(post + "Content-Length: 1\r\n\r\nx"), 0);
  const std::pair<std::string, int> cases[] = {
      // Both, in either order: the classic of request smuggling.
      {post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411},
      {post + "Transfer-Encoding: xchunked\r\n\r\n", 411},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n", 411},
      {post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 411},
      {post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n", 400},
      {post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400},
      {post + "Content-Length: 1, 2\r\n\r\nx", 400},
      {post + "Content-Length: +1\r\n\r\nx", 400},
      {post + "Content-Length: -1\r\n\r\nx", 400},
      {post + "Content-Length: 0x1\r\n\r\nx", 400},
      {post + "Content-Length: 99999999999999999999999\r\n\r\nx", 400},
      {kHead + "Host: other\r\n\r\n", 400},
      {kHead + "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n", 400},
      {kHead + "Origin: https://a\r\nOrigin: https://b\r\n\r\n", 400},
      {"GET /a HTTP/1.1\r\n\r\n", 400},
      {"GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n", 505},
      {"GET /a HTTP/2.0\r\nHost: localhost\r\n\r\n", 400},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"GET /a\r\nHost: localhost\r\n\r\n", 400},
      {"GET  /a HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /a HTTP/1.1\nHost: localhost\n\n", 400},
      {kHead + "X: a\nY: b\r\n\r\n", 400},
      {kHead + "X y: a\r\n\r\n", 400},
      {kHead + ": a\r\n\r\n", 400},
      {kHead + "no colon\r\n\r\n", 400},
      {kHead + std::string("X: a\0b\r\n\r\n", 11), 400},
      {kHead + "Expect: 100-continue\r\n\r\n", 417},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(300, 'x'), 400},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(outcome_of(bytes), status) << bytes;
}

TEST(RequestReaderTest, LimitsHold) {
  const HttpLimits limits;
  const std::string start = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: ";
  EXPECT_EQ(outcome_of(start + "65536\r\n\r\n" + std::string(limits.body_bytes, 'x')), 0);
  EXPECT_EQ(outcome_of(start + "65537\r\n\r\n"), 413);
  EXPECT_EQ(outcome_of(kHead + "X: " + std::string(limits.head_bytes, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(outcome_of("GET /" + std::string(limits.head_bytes, 'x')), 431);
  EXPECT_EQ(outcome_of(std::string(limits.head_bytes + 1, 'G')), 431);
  std::string fields = kHead;
  for (std::size_t i = 1; i < limits.head_fields; ++i) fields += "a: b\r\n";
  EXPECT_EQ(outcome_of(fields + "\r\n"), 0);
  EXPECT_EQ(outcome_of(fields + "a: b\r\n\r\n"), 431);
}

}  // namespace
}  // namespace punktfunk::host::http
