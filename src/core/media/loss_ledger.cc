// SPDX-License-Identifier: MIT OR Apache-2.0
#include "core/media/loss_ledger.h"

namespace punktfunk::media {

void LossLedger::close(const LossRecord& record) {
  Entry& entry = entries_[record.frame % kFrames];
  if (entry.used && !entry.settled) settle(entry);
  entry = {record, true, false};
  ++unsettled_;
}

bool LossLedger::on_late(const wire::MediaHeader& header) {
  Entry& entry = entries_[header.frame % kFrames];
  if (!entry.used || entry.record.frame != header.frame) return false;
  LossRecord& record = entry.record;
  if (header.shard >= header.k) {
    if (record.parity > 0) --record.parity;
    return false;
  }
  const auto place =
      static_cast<std::size_t>(place_of(std::uint64_t{header.base} + header.shard, record.total));
  if (record.missing[place] > 0) --record.missing[place];
  // Every data shard of a complete frame was either received or rebuilt, and the replay window lets no packet
  // through twice: a data shard that comes now was rebuilt. The count guards against shards sent twice.
  if (record.rebuilt == 0) return false;
  --record.rebuilt;
  return true;
}

void LossLedger::settle(std::uint64_t newest_capture_us, TimePoint now, Duration age) {
  if (unsettled_ == 0) return;
  const auto age_us =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(age).count());
  for (Entry& entry : entries_) {
    if (!entry.used || entry.settled) continue;
    if (newest_capture_us > entry.record.capture_us + age_us || now - entry.record.finished >= age)
      settle(entry);
  }
}

void LossLedger::settle(Entry& entry) {
  lost_.head += entry.record.missing[static_cast<std::size_t>(ShardPlace::head)];
  lost_.mid += entry.record.missing[static_cast<std::size_t>(ShardPlace::mid)];
  lost_.tail += entry.record.missing[static_cast<std::size_t>(ShardPlace::tail)] + entry.record.parity;
  entry.settled = true;
  --unsettled_;
}

}  // namespace punktfunk::media
