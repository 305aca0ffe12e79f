// SPDX-License-Identifier: MIT OR Apache-2.0
#include <atomic>
#include <thread>

#include "server_fixture.h"

namespace punktfunk::host::http::test {
namespace {

using namespace std::chrono_literals;

class EventStreamTest : public ServerTest {
 protected:
  // A stream whose beginning was read.
  RawClient watch(RawClient client, const std::string& headers = {}) {
    client.send(request("GET", "/api/v1/events", headers));
    EXPECT_EQ(status_of(client.read_until("\r\n\r\n")), 200);
    beginning_ = client.read_until("\n\n");
    return client;
  }
  std::string beginning_;
};

TEST_F(EventStreamTest, TellsWhatHappensFromNowOn) {
  start();
  sample_.events.publish("before", 1);
  RawClient client = watch(tls(&*device_));
  EXPECT_EQ(beginning_, "retry: 2000\nid: 1\n\n");
  sample_.events.publish("session_started", {{"id", 5}});
  EXPECT_EQ(client.read_until("\n\n"), "id: 2\nevent: session_started\ndata: {\"id\":5}\n\n");
  sample_.events.publish("b", nullptr);
  EXPECT_EQ(client.read_until("\n\n"), "id: 3\nevent: b\ndata: null\n\n");
}

TEST_F(EventStreamTest, ResumesAndSaysWhatWasMissed) {
  start();
  for (int i = 1; i <= 100; ++i) sample_.events.publish("e", i);  // the ring holds 64: 37 … 100
  RawClient resumed = watch(local(), "Last-Event-ID: 98\r\n");
  EXPECT_EQ(resumed.read_until("\n\n"), "id: 99\nevent: e\ndata: 99\n\n");
  EXPECT_EQ(resumed.read_until("\n\n"), "id: 100\nevent: e\ndata: 100\n\n");
  RawClient late = watch(local(), "Last-Event-ID: 20\r\n");
  EXPECT_EQ(late.read_until("\n\n"), "event: missed\ndata: {\"after\":20}\n\n");
  EXPECT_EQ(late.read_until("\n\n"), "id: 37\nevent: e\ndata: 37\n\n");
  // A number that no event of this host ever had.
  RawClient strange = watch(local(), "Last-Event-ID: x'\r\n");
  EXPECT_EQ(strange.read_until("\n\n"), "event: missed\ndata: {\"after\":0}\n\n");
}

TEST_F(EventStreamTest, EveryReaderGetsEveryEventInOrder) {
  start();
  RawClient clients[] = {watch(tls(&*device_)), watch(local())};
  std::atomic<int> read[2] = {0, 0};
  const auto read_all = [&](std::size_t which) {
    for (int i = 1; i <= 3000; ++i) {
      EXPECT_TRUE(clients[which].read_until("\n\n").starts_with("id: " + std::to_string(i) + "\n"));
      read[which] = i;
    }
  };
  std::thread first(read_all, 0U);
  std::thread second(read_all, 1U);
  for (int i = 1; i <= 3000; ++i) {
    sample_.events.publish("e", i);
    // Never further ahead than the ring remembers.
    wait_until([&] { return read[0] >= i - 32 && read[1] >= i - 32; });
  }
  first.join();
  second.join();
}

TEST_F(EventStreamTest, ASilentStreamIsKeptAlive) {
  limits_.heartbeat = 20ms;
  start();
  RawClient client = watch(local());
  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
  EXPECT_EQ(client.read_until("\n\n"), ":\n\n");
  sample_.events.publish("e", 1);
  EXPECT_NE(client.read_until("data: 1\n\n"), "");
}

TEST_F(EventStreamTest, WhoDoesNotKeepUpIsTold) {
  limits_.write = 20s;
  limits_.send_buffer_bytes = 4096;
  start();
  RawClient client = watch(local());
  // Far more than the socket and one portion hold, and than the ring remembers.
  for (int i = 0; i < 2000; ++i) sample_.events.publish("e", std::string(4000, 'x'));
  EXPECT_NE(client.read_until("event: closed\ndata: {\"reason\":\"too_slow\"}\n\n"), "");
  EXPECT_TRUE(client.ends_within(10s));
}

TEST_F(EventStreamTest, WhoDoesNotReadAtAllIsDropped) {
  limits_.write = 200ms;
  limits_.send_buffer_bytes = 4096;
  start();
  RawClient client = watch(local());
  // More than the socket holds, less than the ring.
  for (int i = 0; i < 20; ++i) sample_.events.publish("e", std::string(8000, 'x'));
  wait_until([&] { return server_->counts().timeouts == 1; });
  EXPECT_EQ(status_of(ask(local(), request("GET", "/api/v1/health"))), 200);
}

TEST_F(EventStreamTest, UnpairingEndsTheStreamBeforeAnotherEvent) {
  start();
  RawClient client = watch(tls(&*device_));
  sample_.events.publish("e", 1);
  EXPECT_NE(client.read_until("data: 1\n\n"), "");
  trusts_device_ = false;
  sample_.events.publish("secret", 2);
  EXPECT_EQ(client.read_until("\n\n"), "event: closed\ndata: {\"reason\":\"access_withdrawn\"}\n\n");
  EXPECT_TRUE(client.ends_within(10s));
}

TEST_F(EventStreamTest, ReadersAreBoundedAndCountedOut) {
  limits_.event_streams_per_address = 2;
  start();
  RawClient first = watch(local());
  {
    const RawClient second = watch(local());
    const std::string refused = ask(local(), request("GET", "/api/v1/events"));
    EXPECT_EQ(status_of(refused), 503);
    EXPECT_NE(refused.find("too_many_streams"), std::string::npos);
    // Another door has places of its own.
    const RawClient other = watch(tls(&*device_));
  }
  // The place is free once the server has seen the second one go.
  wait_until([&] {
    RawClient third = local();
    third.send(request("GET", "/api/v1/events"));
    return status_of(third.read_until("\r\n\r\n")) == 200;
  });
}

TEST_F(EventStreamTest, AReaderThatTalksIsCutOff) {
  start();
  RawClient client = watch(local());
  client.send(request("GET", "/api/v1/health"));
  EXPECT_TRUE(client.ends_within(10s));
}

}  // namespace
}  // namespace punktfunk::host::http::test
