// SPDX-License-Identifier: MIT OR Apache-2.0
#include "host/mgmt/control_socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <string>

#include "scratch_folder.h"

namespace punktfunk::host {
namespace {

using namespace std::chrono_literals;

class ControlSocketTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "control.sock"; }
  std::unique_ptr<ControlSocket> listen(Duration patience = kControlPatience) {
    auto socket = ControlSocket::listen(
        path(), [](const std::string& request) { return "answer to " + request; }, patience);
    EXPECT_TRUE(socket.has_value());
    return std::move(*socket);
  }
  UniqueFd connect() const {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().native().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // True when the other end closes within `limit`.
  static bool is_closed(const UniqueFd& fd, std::chrono::milliseconds limit) {
    pollfd entry{fd.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&entry, 1, static_cast<int>(limit.count())) == 1 && ::recv(fd.get(), &byte, 1, 0) <= 0;
  }
  test::ScratchFolder folder_;
};

TEST_F(ControlSocketTest, AnswersMayBeLongAndAreBounded) {
  const auto socket = ControlSocket::listen(
      path(), [](const std::string& size) { return std::string(std::stoul(size), 'x'); });
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(ask_running_host(path(), "60000").value(), std::string(60'000, 'x'));
  EXPECT_FALSE(ask_running_host(path(), "70000").has_value());
}

TEST_F(ControlSocketTest, Answers) {
  const auto socket = listen();
  EXPECT_EQ(ask_running_host(path(), "status").value(), "answer to status");
  EXPECT_EQ(ask_running_host(path(), "pair").value(), "answer to pair");
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(ControlSocketTest, ARequestGetsOneSpellOfTimeHoweverItDrips) {
  const auto socket = listen(100ms);
  const UniqueFd drip = connect();
  // Each byte comes well within the patience; all of them together do not.
  int bytes = 0;
  while (bytes < 500 && !is_closed(drip, 10ms)) {
    (void)!::send(drip.get(), "x", 1, MSG_NOSIGNAL);
    ++bytes;
  }
  EXPECT_LT(bytes, 500);
  EXPECT_EQ(ask_running_host(path(), "status").value(), "answer to status");
}

TEST_F(ControlSocketTest, AnOverlongRequestIsNotRead) {
  const auto socket = listen();
  const UniqueFd fd = connect();
  const std::string line(5000, 'x');
  EXPECT_GT(::send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL), 0);
  EXPECT_TRUE(is_closed(fd, 5s));
}

TEST_F(ControlSocketTest, StopsAlthoughSomebodyHoldsIt) {
  auto socket = listen(std::chrono::hours(1));
  const UniqueFd silent = connect();
  // Served before the one that follows, hence being waited for or still in the queue; either way the end
  // comes.
  const UniqueFd behind = connect();
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(is_closed(silent, 5s));
}

TEST_F(ControlSocketTest, OneHostForEachStateDirectory) {
  const auto socket = listen();
  const auto second = ControlSocket::listen(path(), [](const std::string&) { return std::string(); });
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("already runs"), std::string::npos);
}

TEST_F(ControlSocketTest, ALeftOverSocketIsReplacedAndAnAbsentHostIsNamed) {
  const auto absent = ask_running_host(path(), "status");
  ASSERT_FALSE(absent.has_value());
  EXPECT_NE(absent.error().message.find(path().string()), std::string::npos);
  {
    // A killed host leaves its socket file behind.
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().native().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  const auto socket = listen();
  EXPECT_EQ(ask_running_host(path(), "status").value(), "answer to status");
}

}  // namespace
}  // namespace punktfunk::host
