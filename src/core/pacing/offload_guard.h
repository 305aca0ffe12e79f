// SPDX-License-Identifier: MIT OR Apache-2.0
// Finds out whether segmentation offload costs packets. With it the kernel or the network card makes the
// datagrams of one send; some drivers, tunnels and virtual switches lose or damage such sends, and some
// queues do not take them as one burst. Nothing tells the sender so but the loss at the other end, so loss
// with offload is compared with loss without, in turns. Loss that comes and goes by itself (Wi-Fi,
// congestion) does not follow the turns, so a single turn that does not fit acquits:
//
//   watching ──two lossy windows──▶ without, with, without, with, without ──all of them fit──▶ off
//      ▲                                               │
//      └──────────── rest ◀──────── one does not fit ──┘
//
// Where offload never worked and lost most of everything, the first turn without decides. Off lasts for the
// session: going back would put the picture at risk again to save a little processor time.
#pragma once

#include <cstdint>

namespace punktfunk::media {

// One per session, one thread. Time is counted in the client's loss windows (750 ms, section 17).
class OffloadGuard {
 public:
  // Below this, what the parity in force repairs anyway is not worth a trial.
  static constexpr double kSuspicious = 0.02;
  // From here on most frames are lost: one window is reason enough for a trial, and if there was no good
  // window with offload yet, its first turn is proof enough. (After a good one it may have been an outage.)
  static constexpr double kDisastrous = 0.5;
  // A turn without offload fits when every window of it has at most a quarter of the loss with offload; a
  // turn with it, when every window is suspicious. Spells of 6 % loss a sixth of the time did not pass all
  // five turns in 250 hours of 1000 packets a window; 6 % that follow offload nearly always do (see the
  // tests).
  static constexpr double kBetterBy = 4;
  static constexpr int kTurns = 5;
  static constexpr int kWindowsPerTurn = 2;
  // After a switch one window holds packets of both ways, and losses that settle 120 ms late (section 13.6).
  static constexpr int kWindowsToSettle = 1;
  // After an acquittal: a minute.
  static constexpr int kWindowsOfRest = 80;
  // Loss of a few packets says nothing: windows with less than this are passed over.
  static constexpr std::uint64_t kMinSent = 100;

  struct Window {
    std::uint64_t sent = 0;      // datagrams handed to the socket since the last window
    std::uint64_t dropped = 0;   // of those, not taken by the kernel (ENOBUFS and the like)
    std::uint64_t received = 0;  // as the client counts
    double loss = 0;             // 0 … 1, as the client counts
  };
  // True when this window turned offload off; once at most.
  [[nodiscard]] bool on_window(const Window& window);

  // How to send now.
  [[nodiscard]] bool use_offload() const { return !off_ && turn_ % 2 == 0; }
  // The verdict: off until the session ends.
  [[nodiscard]] bool is_off() const { return off_; }

 private:
  void watch(double loss);
  [[nodiscard]] bool fits(double loss) const;
  void enter(int turn);

  bool off_ = false;
  bool has_worked_ = false;  // there was a window with offload and without loss
  int turn_ = 0;             // 0 watching; 1, 3, 5 without offload; 2, 4 with it
  int windows_ = 0;          // of this turn; while watching, lossy ones in a row
  int settle_ = 0;
  int rest_ = 0;
  double with_ = 0;  // smallest loss of a window with offload, of those that began or belong to the trial
};

}  // namespace punktfunk::media
