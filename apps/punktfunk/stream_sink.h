// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "client/session/stream_session.h"

namespace punktfunk::cli {

// Where the elementary stream goes: a file, standard output, or a player's standard input. It gets whole
// access units from a keyframe on; after a gap it waits for the next keyframe, so that what reads it never
// sees a torn picture. write() comes from the decode thread and waits for a slow reader, at most until
// stop(): meanwhile the session's queue drops, and the gap is what write() sees next.
class StreamSink {
 public:
  // `path` "-" is standard output. An existing file is replaced.
  [[nodiscard]] static Result<std::unique_ptr<StreamSink>> to_file(const std::string& path);
  // `command` goes to the shell; "mpv" and "ffplay" alone get the options that make them start at once.
  [[nodiscard]] static Result<std::unique_ptr<StreamSink>> to_player(const std::string& command);
  // Ends the player: its input ends, then it is asked to, then it is made to.
  ~StreamSink();
  StreamSink(const StreamSink&) = delete;
  StreamSink& operator=(const StreamSink&) = delete;

  // A new session: its frames are counted from the start again.
  void restart() { has_restarted_ = true; }
  // True: wanted, a keyframe is missing here.
  [[nodiscard]] bool write(ByteView au, const client::FrameReport& report);
  // write() gives up. Any thread.
  void stop() { stopped_ = true; }

  // The reader is gone or the disk is full: nothing more can be written.
  [[nodiscard]] bool is_closed() const { return closed_; }
  // After is_closed(): why, as a sentence; empty when a player was ended by its user.
  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  StreamSink(UniqueFd fd, std::string name, pid_t player)
      : fd_(std::move(fd)), name_(std::move(name)), player_(player) {}
  void write_all(ByteView bytes);

  UniqueFd fd_;
  std::string name_;
  pid_t player_;  // -1 = none
  bool waits_for_keyframe_ = true;
  std::atomic<bool> has_restarted_ = false;
  std::uint32_t next_index_ = 0;
  std::string complaint_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<std::uint64_t> bytes_ = 0;
};

}  // namespace punktfunk::cli
