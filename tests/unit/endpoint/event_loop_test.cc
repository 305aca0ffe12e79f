// SPDX-License-Identifier: MIT OR Apache-2.0
#include "endpoint/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/unique_fd.h"
#include "endpoint/host_endpoint.h"
#include "node_world.h"
#include "transport/udp/udp_socket.h"

namespace punktfunk::endpoint {

namespace {

// Long enough for a loaded machine; reached only by a broken loop.
constexpr auto kPatience = seconds(20);

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    inside = UniqueFd(ends[0]);
    outside = UniqueFd(ends[1]);
  }
  void send(const std::string& text) {
    EXPECT_EQ(::send(outside.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  std::string receive() {
    char buffer[64];
    const ssize_t got = ::recv(inside.get(), buffer, sizeof(buffer), MSG_DONTWAIT);
    return got < 0 ? std::string() : std::string(buffer, static_cast<std::size_t>(got));
  }
  template <class T>
  static bool arrives(std::future<T>& future) {
    return future.wait_for(kPatience) == std::future_status::ready;
  }

  UniqueFd inside;
  UniqueFd outside;
};

TEST_F(EventLoopTest, RunsPostedWorkOnItsThreadInOrder) {
  EventLoop loop;
  loop.start(
      "loop", inside.get(), [] {}, [] { return std::nullopt; });
  std::vector<int> order;
  std::promise<std::thread::id> done;
  auto where = done.get_future();
  for (int i = 0; i < 100; ++i) loop.post([&order, i] { order.push_back(i); });
  loop.post([&] { done.set_value(std::this_thread::get_id()); });
  ASSERT_TRUE(arrives(where));
  EXPECT_NE(where.get(), std::this_thread::get_id());
  loop.stop();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST_F(EventLoopTest, ReadsAgainWhatOneTurnLeft) {
  // One datagram a turn: the others must not wait for a new one to arrive.
  std::vector<std::string> got;
  std::promise<void> done;
  auto all = done.get_future();
  for (const char* text : {"a", "b", "c", "d"}) send(text);
  EventLoop loop;
  loop.start(
      "loop", inside.get(),
      [&] {
        got.push_back(receive());
        if (got.size() == 4) done.set_value();
      },
      [] { return std::nullopt; });
  ASSERT_TRUE(arrives(all));
  loop.stop();
  EXPECT_EQ(got, (std::vector<std::string>{"a", "b", "c", "d"}));
}

TEST_F(EventLoopTest, WakesAtTheDeadlineAndAtAnEarlierOne) {
  std::promise<TimePoint> done;
  auto woken = done.get_future();
  std::optional<TimePoint> deadline;  // touched on the loop only
  bool fired = false;
  EventLoop loop;
  loop.start(
      "loop", inside.get(), [] {},
      [&]() -> std::optional<TimePoint> {
        const TimePoint now = monotonic_now();
        if (deadline && now >= *deadline && !fired) {
          fired = true;
          done.set_value(now);
          deadline.reset();
        }
        return deadline;
      });
  const TimePoint soon = monotonic_now() + milliseconds(30);
  loop.post([&] { deadline = monotonic_now() + minutes(10); });
  loop.post([&] { deadline = soon; });
  ASSERT_TRUE(arrives(woken));
  EXPECT_GE(woken.get(), soon);
  loop.stop();
}

TEST_F(EventLoopTest, ADeadlineThatIsPastStillLetsOthersRun) {
  std::promise<void> done;
  auto ran = done.get_future();
  EventLoop loop;
  loop.start(
      "loop", inside.get(), [] {}, [] { return std::optional<TimePoint>(monotonic_now() - seconds(1)); });
  loop.post([&] { done.set_value(); });
  ASSERT_TRUE(arrives(ran));
  loop.stop();
}

TEST_F(EventLoopTest, StopsOnceAndDropsWhatComesLater) {
  EventLoop loop;
  EXPECT_FALSE(loop.is_started());
  bool ran = false;
  loop.start(
      "loop", inside.get(), [] {}, [] { return std::nullopt; });
  loop.stop();
  loop.stop();
  loop.post([&] { ran = true; });
  EXPECT_FALSE(ran);
  // The socket is still its owner's.
  send("x");
  EXPECT_EQ(receive(), "x");
}

TEST_F(EventLoopTest, WorkWithAnExceptionEndsOnlyTheLoop) {
  EventLoop loop;
  loop.start(
      "loop", inside.get(), [] {}, [] { return std::nullopt; });
  loop.post([] { throw std::bad_alloc(); });
  loop.stop();
}

TEST(HostEndpointTest, OneThatWasNeverStartedGoesAwayAtOnce) {
  SystemRandom random;
  const auto identity = control::Identity::create_ephemeral("punktfunk-host").value();
  NodeWorld world;
  auto socket = UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0), {});
  ASSERT_TRUE(socket.has_value());
  auto endpoint = HostEndpoint::create({}, **socket, identity, *world.clients, random, world.sessions);
  ASSERT_TRUE(endpoint.has_value());
  const TimePoint before = monotonic_now();
  endpoint->reset();
  EXPECT_LT(monotonic_now() - before, seconds(3));
}

}  // namespace

}  // namespace punktfunk::endpoint
