// SPDX-License-Identifier: MIT OR Apache-2.0
// What the kernel may answer to a send, told by stand-ins for its calls (linked with --wrap): most of these
// errors cannot be provoked on a healthy machine.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>

#include "transport/udp/udp_socket.h"

namespace {

// One answer for each call: an errno, or the number of messages taken. Empty: the kernel is asked.
struct Answer {
  int error = 0;
  int taken = 0;
};
std::deque<Answer> answers;
std::deque<int> receive_errors;

int answer_next() {
  const Answer answer = answers.front();
  answers.pop_front();
  if (answer.error == 0) return answer.taken;
  errno = answer.error;
  return -1;
}

}  // namespace

extern "C" {
ssize_t __real_sendmsg(int fd, const msghdr* message, int flags);
int __real_sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags);
int __real_recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout);

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
  return answers.empty() ? __real_sendmsg(fd, message, flags) : answer_next();
}
int __wrap_sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return answers.empty() ? __real_sendmmsg(fd, messages, count, flags) : answer_next();
}
int __wrap_recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  if (receive_errors.empty()) return __real_recvmmsg(fd, messages, count, flags, timeout);
  errno = receive_errors.front();
  receive_errors.pop_front();
  return -1;
}
}

namespace punktfunk {
namespace {

class UdpErrors : public testing::Test {
 protected:
  UdpErrors() {
    answers.clear();
    receive_errors.clear();
    socket_ = UdpSocket::bind(*SocketAddress::parse("127.0.0.1", 0)).value();
  }
  // Ten datagrams of 100 bytes to itself.
  SendOutcome send(bool offload) {
    SendOptions options;
    options.allow_offload = offload;
    return socket_->send({}, socket_->local_address(), Bytes(1000), 100, options);
  }
  std::unique_ptr<UdpSocket> socket_;
};

struct Reason {
  int error;
  std::uint64_t TransportStats::*counter;
};
constexpr std::array kReasons{
    Reason{ENOBUFS, &TransportStats::dropped_no_buffers},
    Reason{ENOMEM, &TransportStats::dropped_no_buffers},
    Reason{EMSGSIZE, &TransportStats::dropped_too_large},
    Reason{ECONNREFUSED, &TransportStats::dropped_refused},
    Reason{EPERM, &TransportStats::dropped_forbidden},
    Reason{EACCES, &TransportStats::dropped_forbidden},
    Reason{ENETUNREACH, &TransportStats::dropped_unreachable},
    Reason{EHOSTUNREACH, &TransportStats::dropped_unreachable},
    Reason{EADDRNOTAVAIL, &TransportStats::dropped_unreachable},
    Reason{ENETDOWN, &TransportStats::dropped_unreachable},
    Reason{EPROTO, &TransportStats::dropped_other},
};

TEST_F(UdpErrors, RefusedSegmentedSendIsOneCountedDropOfAll) {
  for (const Reason& reason : kReasons) {
    SCOPED_TRACE(reason.error);
    const std::uint64_t before = socket_->stats().*reason.counter;
    answers = {{reason.error}};
    const SendOutcome outcome = send(true);
    EXPECT_EQ(outcome.sent, 0U);
    EXPECT_EQ(outcome.dropped, 10U);
    EXPECT_FALSE(outcome.would_block);
    EXPECT_EQ(socket_->stats().*reason.counter, before + 10);
    EXPECT_TRUE(socket_->gso_in_use());
    EXPECT_TRUE(answers.empty());
  }
  EXPECT_EQ(send(true).sent, 10U);
}

TEST_F(UdpErrors, RefusedSingleDatagramIsGivenUpAndTheRestGoes) {
  for (const Reason& reason : kReasons) {
    SCOPED_TRACE(reason.error);
    const std::uint64_t before = socket_->stats().*reason.counter;
    // Three go, one is refused, six go.
    answers = {{0, 3}, {reason.error}, {0, 6}};
    const SendOutcome outcome = send(false);
    EXPECT_EQ(outcome.sent, 9U);
    EXPECT_EQ(outcome.dropped, 1U);
    EXPECT_EQ(socket_->stats().*reason.counter, before + 1);
    EXPECT_TRUE(answers.empty());
  }
}

TEST_F(UdpErrors, ShortCountsAreContinued) {
  answers = {{0, 1}, {0, 2}, {0, 7}};
  const SendOutcome outcome = send(false);
  EXPECT_EQ(outcome.sent, 10U);
  EXPECT_EQ(outcome.dropped, 0U);
  EXPECT_TRUE(answers.empty());
}

TEST_F(UdpErrors, FullBufferWithoutPatienceDropsTheRest) {
  for (const bool offload : {true, false}) {
    const std::uint64_t before = socket_->stats().dropped_would_block;
    answers = {{EAGAIN}};
    const SendOutcome outcome = send(offload);
    EXPECT_EQ(outcome.dropped, 10U);
    EXPECT_TRUE(outcome.would_block);
    EXPECT_EQ(socket_->stats().dropped_would_block, before + 10);
  }
}

TEST_F(UdpErrors, InterruptedCallsAreRepeated) {
  for (const bool offload : {true, false}) {
    answers = {{EINTR}, {EINTR}, {0, 10}};
    EXPECT_EQ(send(offload).sent, 10U);
  }
}

TEST_F(UdpErrors, OffloadNotAllowedIsOneMessageEach) {
  EXPECT_EQ(send(false).sent, 10U);
  EXPECT_EQ(socket_->receive_batch().size(), 8U) << "a read takes eight messages; none was coalesced";
  EXPECT_TRUE(socket_->gso_in_use());
}

TEST_F(UdpErrors, PendingErrorsDoNotHideDatagrams) {
  ASSERT_EQ(send(true).sent, 10U);
  receive_errors = {ECONNREFUSED, EINTR, EMSGSIZE};
  EXPECT_EQ(socket_->receive_batch().size(), 10U);
  EXPECT_EQ(socket_->stats().receive_errors, 2U);
  // A storm of them ends the read, and the next one goes on.
  ASSERT_EQ(send(true).sent, 10U);
  receive_errors = {5, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED, ECONNREFUSED};
  EXPECT_TRUE(socket_->receive_batch().empty());
  EXPECT_EQ(socket_->receive_batch().size(), 10U);
}

}  // namespace
}  // namespace punktfunk
