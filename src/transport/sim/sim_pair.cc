// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transport/sim/sim_pair.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace punktfunk::sim {

namespace {
// Handed out by one receive_batch(): what a coalesced UDP read brings.
constexpr std::size_t kBatch = 64;
}  // namespace

class SimPair::Socket final : public DatagramSocket {
 public:
  Socket(SimPair& pair, NodeId node)
      : pair_(pair), node_(node), local_(address_of(node)), peer_(address_of(1 - node)) {}

  int fd() const override { return -1; }
  const SocketAddress& local_address() const override { return local_; }

  std::span<const ReceivedDatagram> receive_batch() override {
    batch_.clear();
    for (; batch_.size() < kBatch && !arrived_.empty(); arrived_.pop_front())
      batch_.push_back(std::move(arrived_.front()));
    datagrams_.clear();
    ++stats_.receive_calls;
    for (Bytes& bytes : batch_) {
      datagrams_.push_back({.bytes = bytes, .local = &local_, .remote = &peer_});
      ++stats_.received_datagrams;
      stats_.received_bytes += bytes.size();
    }
    return datagrams_;
  }

  SendOutcome send(const SocketAddress&, const SocketAddress& remote, ByteView datagrams,
                   std::size_t segment_bytes, const SendOptions&) override {
    SendOutcome outcome;
    if (datagrams.empty()) return outcome;
    ++stats_.send_calls;
    const std::size_t segment = std::clamp<std::size_t>(segment_bytes, 1, datagrams.size());
    for (std::size_t at = 0; at < datagrams.size(); at += segment) {
      const ByteView one = datagrams.subspan(at, std::min(segment, datagrams.size() - at));
      if (!(remote == peer_)) {
        ++outcome.dropped;
        ++stats_.dropped_unreachable;
        continue;
      }
      pair_.network_.send(pair_.now_, node_, 1 - node_, one);
      ++outcome.sent;
      ++stats_.sent_datagrams;
      stats_.sent_bytes += one.size();
    }
    return outcome;
  }

  TransportStats stats() const override { return stats_; }

  void arrive(Bytes&& bytes) { arrived_.push_back(std::move(bytes)); }

 private:
  static SocketAddress address_of(NodeId node) {
    return *SocketAddress::parse(node == 0 ? "198.51.100.1" : "198.51.100.2", 1);
  }

  SimPair& pair_;
  const NodeId node_;
  const SocketAddress local_, peer_;
  std::deque<Bytes> arrived_;
  std::vector<Bytes> batch_;  // what datagrams_ points into
  std::vector<ReceivedDatagram> datagrams_;
  TransportStats stats_;
};

SimPair::SimPair(std::uint64_t seed, const LinkOptions& first_to_second, const LinkOptions& second_to_first,
                 TimePoint start)
    : network_(seed),
      now_(start),
      sockets_{std::make_shared<Socket>(*this, 0), std::make_shared<Socket>(*this, 1)} {
  network_.set_link(0, 1, first_to_second);
  network_.set_link(1, 0, second_to_first);
}

SimPair::~SimPair() = default;

std::shared_ptr<DatagramSocket> SimPair::first() const { return sockets_[0]; }
std::shared_ptr<DatagramSocket> SimPair::second() const { return sockets_[1]; }

void SimPair::advance(TimePoint at) {
  now_ = std::max(now_, at);
  while (auto datagram = network_.receive(now_)) sockets_[datagram->to]->arrive(std::move(datagram->bytes));
}

}  // namespace punktfunk::sim
