// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/trust_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "control/identity/pin_store.h"
#include "control/identity/private_file.h"
#include "core/crypto/hash.h"

namespace punktfunk::control {

namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMinTypedDigits = 6;  // 24 bits: a person's few devices differ in them
// 4096 rows of at most 200 bytes are 0.8 MB; with the log and free pages nothing genuine passes this.
constexpr std::uintmax_t kMaxFileBytes = 16u << 20;
constexpr std::uint64_t kTouchSpacingSeconds = 60;

// "pfT1". Tells our files from other databases.
constexpr std::uint64_t kApplicationId = 0x70665431;
constexpr std::uint64_t kSchemaVersion = 1;
constexpr const char* kSchema =
    "PRAGMA application_id = 1885754417;"  // kApplicationId
    "PRAGMA user_version = 1;"             // kSchemaVersion
    "CREATE TABLE device ("
    "  fingerprint BLOB PRIMARY KEY NOT NULL,"
    "  name TEXT NOT NULL,"
    "  grants INTEGER NOT NULL,"
    "  lasts INTEGER NOT NULL,"
    "  until_unix_s INTEGER NOT NULL,"
    "  paired_unix_s INTEGER NOT NULL,"
    "  seen_unix_s INTEGER NOT NULL,"
    "  how INTEGER NOT NULL,"
    "  sum BLOB NOT NULL"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE starts (count INTEGER NOT NULL) STRICT;"
    "INSERT INTO starts VALUES (0);";
static_assert(kApplicationId == 1885754417 && kSchemaVersion == 1);

// Over everything in the row: SQLite sees damage to its own structure, but a bit that turned in a value would
// pass for other rights. No defence against who can write the file.
crypto::Digest sum_of(const Device& device) {
  Bytes all;
  append(all, as_bytes("punktfunk device 1"));
  append(all, device.fingerprint);
  for (const std::uint64_t number :
       {std::uint64_t{device.rights.grants}, static_cast<std::uint64_t>(device.rights.lasts),
        device.rights.until_unix_s, device.paired_unix_s, device.seen_unix_s,
        static_cast<std::uint64_t>(device.how)}) {
    append_le(all, number);
  }
  append(all, as_bytes(device.name));
  return crypto::sha256(all);
}

std::optional<Device> read_device(const SqlStatement& row) {
  const auto fingerprint = row.bytes(0);
  const auto name = row.text(1);
  std::array<std::uint64_t, 6> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto number = row.number(static_cast<int>(i) + 2);
    if (!number) return std::nullopt;
    numbers[i] = *number;
  }
  const auto sum = row.bytes(8);
  if (!fingerprint || !name || !sum) return std::nullopt;
  Device device;
  if (fingerprint->size() != device.fingerprint.size() || name->size() > kMaxNameBytes ||
      numbers[0] > ~std::uint32_t{0} || numbers[1] > static_cast<std::uint64_t>(access::Lasts::session) ||
      numbers[5] > static_cast<std::uint64_t>(PairedBy::imported)) {
    return std::nullopt;
  }
  std::copy(fingerprint->begin(), fingerprint->end(), device.fingerprint.begin());
  device.name = *name;
  device.rights = {static_cast<std::uint32_t>(numbers[0]), static_cast<access::Lasts>(numbers[1]),
                   numbers[2]};
  device.paired_unix_s = numbers[3];
  device.seen_unix_s = numbers[4];
  device.how = static_cast<PairedBy>(numbers[5]);
  const crypto::Digest expected = sum_of(device);
  if (!std::equal(sum->begin(), sum->end(), expected.begin(), expected.end())) return std::nullopt;
  device.name = device_name(device.name);
  return device;
}

SqlOutcome write_device(SqlDatabase& database, const Device& device) {
  SqlStatement insert =
      database.prepare("INSERT OR REPLACE INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  insert.bind(1, device.fingerprint);
  insert.bind(2, std::string_view(device.name));
  insert.bind(3, std::uint64_t{device.rights.grants});
  insert.bind(4, static_cast<std::uint64_t>(device.rights.lasts));
  insert.bind(5, device.rights.until_unix_s);
  insert.bind(6, device.paired_unix_s);
  insert.bind(7, device.seen_unix_s);
  insert.bind(8, static_cast<std::uint64_t>(device.how));
  insert.bind(9, sum_of(device));
  (void)insert.step();
  return insert.outcome();
}

bool is_older(const Device& a, const Device& b) {
  return std::pair(a.paired_unix_s, a.fingerprint) < std::pair(b.paired_unix_s, b.fingerprint);
}

tl::unexpected<Error> cannot_use(const std::filesystem::path& file, const std::string& why) {
  return fail("Cannot use the list of trusted devices in " + file.string() + ": " + why + ".");
}

tl::unexpected<Error> cannot_use(const std::filesystem::path& file, int error) {
  return cannot_use(file, std::system_category().message(error) +
                              ". Check the permissions of the file and its folder, and the disk");
}

constexpr const char* kDamaged =
    "the file is damaged. Restore it from a backup, or move it away and pair the devices again";

// On the folder, so that it holds before there is a file.
Result<UniqueFd> lock_folder(const std::filesystem::path& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return cannot_use(folder, errno);
  // Some network file systems have no such locks; SQLite's own then has to do.
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    return fail("Another punktfunk-host already runs with the state directory " + folder.string() +
                "; stop it, or give this one its own with --state-dir.");
  }
  return fd;
}

// Whether there is one; if so it is a file of ours alone.
Result<bool> check_file(const std::filesystem::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return false;
    return cannot_use(file, errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return cannot_use(file, errno);
  if (!S_ISREG(info.st_mode)) return cannot_use(file, "it is not a regular file. Move it away");
  if (static_cast<std::uintmax_t>(info.st_size) > kMaxFileBytes)
    return cannot_use(file, "it is too large to be genuine. Restore it from a backup, or move it away");
  // SQLite takes an empty file for a new database, and everybody would be forgotten.
  if (info.st_size == 0) return cannot_use(file, kDamaged);
  if ((info.st_mode & 0077) != 0) {
    if (::fchmod(fd.get(), 0600) != 0)
      return cannot_use(file, "others may read it, and its mode cannot be changed to 0600. Change its owner");
    spdlog::warn("{} was open to other users; its mode is now 0600", file.string());
  }
  return true;
}

std::vector<Device> taken_over(const PinStore& old) {
  std::vector<Device> devices;
  for (const PinnedPeer& peer : old.list()) {
    Device device;
    device.fingerprint = peer.fingerprint;
    device.name = device_name(peer.name);
    device.paired_unix_s = peer.added_unix_s & ~(std::uint64_t{1} << 63);  // SQLite's integers have a sign
    device.how = PairedBy::imported;
    devices.push_back(std::move(device));
  }
  return devices;
}

// Complete under its name, or not there at all.
Result<void> create_file(const std::filesystem::path& file, const std::vector<Device>& devices) {
  const std::filesystem::path unfinished = file.string() + ".new";
  for (const char* left_behind : {"", "-journal"}) ::unlink((unfinished.string() + left_behind).c_str());
  {
    const UniqueFd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd.valid()) return cannot_use(file, errno);
  }
  const auto build = [&]() -> SqlOutcome {
    SqlDatabase database;
    if (const auto opened = database.open(unfinished); !opened.ok()) return opened;
    if (const auto set = database.run("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL"); !set.ok())
      return set;
    SqlTransaction transaction(database);
    if (!transaction.outcome().ok()) return transaction.outcome();
    if (const auto made = database.run(kSchema); !made.ok()) return made;
    for (const Device& device : devices) {
      if (const auto written = write_device(database, device); !written.ok()) return written;
    }
    return transaction.commit();
  };
  if (const SqlOutcome built = build(); !built.ok()) {
    for (const char* left_behind : {"", "-journal"}) ::unlink((unfinished.string() + left_behind).c_str());
    return cannot_use(file, built.why());
  }
  const UniqueFd folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (::rename(unfinished.c_str(), file.c_str()) != 0 || !folder.valid() || ::fsync(folder.get()) != 0)
    return cannot_use(file, errno);
  return {};
}

bool is_hex_prefix(std::string_view text) {
  return text.size() >= kMinTypedDigits && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string_view describe(PairedBy how) {
  switch (how) {
    case PairedBy::pin:
      return "PIN";
    case PairedBy::approval:
      return "approval";
    case PairedBy::first_use:
      return "first use";
    case PairedBy::imported:
      return "an earlier version";
  }
  return "";
}

std::string device_name(std::string_view text) {
  std::string name = clean_text(text, kMaxNameBytes);
  return name.empty() ? "Unnamed device" : name;
}

Result<Fingerprint> find_device(const std::vector<Device>& devices, std::string_view typed) {
  const Device* found = nullptr;
  for (const Device& device : devices) {
    const bool fits = device.name == typed ||
                      (is_hex_prefix(typed) && fingerprint_hex(device.fingerprint).starts_with(typed));
    if (!fits) continue;
    if (found != nullptr)
      return fail("\"" + clean_text(typed, 64) +
                  "\" fits more than one device; give more digits of the fingerprint.");
    found = &device;
  }
  if (found == nullptr)
    return fail("No paired device has the name or fingerprint \"" + clean_text(typed, 64) +
                "\"; look at punktfunk-host ctl clients.");
  return found->fingerprint;
}

Result<TrustStore> TrustStore::open(const std::filesystem::path& state_folder) {
  if (auto made = make_private_folder(state_folder); !made) return tl::unexpected(made.error());
  auto lock = lock_folder(state_folder);
  if (!lock) return tl::unexpected(lock.error());
  TrustStore store(state_folder / kFileName, std::move(*lock));
  const auto there = check_file(store.file_);
  if (!there) return tl::unexpected(there.error());
  const std::filesystem::path old_file = state_folder / kOldFileName;
  std::error_code error;
  const bool has_old_file = std::filesystem::exists(std::filesystem::symlink_status(old_file, error));
  if (!*there) {
    const auto old = PinStore::open(old_file);
    if (!old) return tl::unexpected(old.error());
    if (auto made = create_file(store.file_, taken_over(*old)); !made) return tl::unexpected(made.error());
    if (!old->list().empty())
      spdlog::info("Took over {} paired devices from {}.", old->list().size(), old_file.string());
  }
  if (auto loaded = store.load(); !loaded) return tl::unexpected(loaded.error());
  // Its devices are in the store, or were taken out of it since.
  if (has_old_file && ::rename(old_file.c_str(), (state_folder / kOldFileTakenOver).c_str()) != 0)
    spdlog::warn("{} is not read any more, but could not be renamed.", old_file.string());
  return store;
}

Result<void> TrustStore::load() {
  const auto check = [&](const SqlOutcome& outcome) -> Result<void> {
    if (!outcome.ok()) return cannot_use(file_, outcome.why());
    return {};
  };
  if (auto done = check(database_.open(file_)); !done) return done;
  const auto number_of = [&](const char* sql) -> std::optional<std::uint64_t> {
    SqlStatement query = database_.prepare(sql);
    return query.step() == SqlStatement::Step::row ? query.number(0) : std::nullopt;
  };
  // The lock comes first: what is read from here on cannot change any more.
  if (auto done = check(database_.run("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
                                      "PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT"));
      !done) {
    return done;
  }
  if (number_of("PRAGMA application_id") != kApplicationId)
    return cannot_use(file_, "it is another program's database, or damaged. Move it away");
  const auto version = number_of("PRAGMA user_version");
  if (version && *version > kSchemaVersion)
    return cannot_use(file_, "a newer version of punktfunk wrote it. Update this host");
  if (version != kSchemaVersion) return cannot_use(file_, kDamaged);
  {
    SqlStatement whole = database_.prepare("PRAGMA integrity_check(1)");
    if (whole.step() != SqlStatement::Step::row || whole.text(0) != "ok") return cannot_use(file_, kDamaged);
  }
  SqlStatement rows = database_.prepare(
      "SELECT fingerprint, name, grants, lasts, until_unix_s, paired_unix_s, seen_unix_s, how, sum "
      "FROM device");
  SqlStatement::Step step{};
  while ((step = rows.step()) == SqlStatement::Step::row) {
    auto device = read_device(rows);
    if (!device || devices_.size() == kMaxDevices || contains(device->fingerprint))
      return cannot_use(file_, kDamaged);
    devices_.push_back(std::move(*device));
  }
  if (step == SqlStatement::Step::failed) return check(rows.outcome());
  std::sort(devices_.begin(), devices_.end(), is_older);
  // Writes, so that a folder or disk that takes no changes shows now and not when a device is to be removed.
  SqlTransaction transaction(database_);
  if (auto done = check(transaction.outcome()); !done) return done;
  if (auto done = check(database_.run("UPDATE starts SET count = count + 1")); !done) return done;
  return check(transaction.commit());
}

TrustStore::~TrustStore() {
  if (touched_.empty()) return;
  SqlTransaction transaction(database_);
  if (transaction.outcome().ok() && write_touched().ok()) (void)transaction.commit();
}

Device* TrustStore::locate(const Fingerprint& fingerprint) {
  Device* found = nullptr;
  for (Device& device : devices_) {
    if (equal_constant_time(device.fingerprint, fingerprint)) found = &device;
  }
  return found;
}

const Device* TrustStore::find(const Fingerprint& fingerprint) const {
  return const_cast<TrustStore*>(this)->locate(fingerprint);
}

tl::unexpected<Error> TrustStore::cannot_store(const SqlOutcome& outcome) const {
  return fail("The change was not stored in " + file_.string() + " and does not count: " + outcome.why() +
              ".");
}

Result<Device> TrustStore::get(const Fingerprint& fingerprint) const {
  if (const Device* known = find(fingerprint)) return *known;
  return fail("No paired device has the fingerprint " + fingerprint_hex(fingerprint).substr(0, 16) +
              "…; look at punktfunk-host ctl clients.");
}

SqlOutcome TrustStore::write(const Device& device) { return write_device(database_, device); }

SqlOutcome TrustStore::write_touched() {
  for (const Fingerprint& fingerprint : touched_) {
    const Device* device = find(fingerprint);
    if (device == nullptr) continue;
    if (const auto written = write(*device); !written.ok()) return written;
  }
  return {};
}

Result<void> TrustStore::replace(const Device& device) {
  SqlTransaction transaction(database_);
  if (!transaction.outcome().ok()) return cannot_store(transaction.outcome());
  if (const auto written = write_touched(); !written.ok()) return cannot_store(written);
  if (const auto written = write(device); !written.ok()) return cannot_store(written);
  if (const auto done = transaction.commit(); !done.ok()) return cannot_store(done);
  touched_.clear();
  return {};
}

Result<Device> TrustStore::put(Device device) {
  device.name = device_name(device.name);
  Device* known = locate(device.fingerprint);
  if (known == nullptr && devices_.size() >= kMaxDevices) {
    return fail("The device was not stored: " + file_.string() +
                " holds as many as it may. Unpair devices that are no longer used.");
  }
  if (auto stored = replace(device); !stored) return tl::unexpected(stored.error());
  if (known != nullptr) {
    *known = device;
  } else {
    devices_.push_back(device);
  }
  std::sort(devices_.begin(), devices_.end(), is_older);
  return device;
}

Result<Device> TrustStore::remove(const Fingerprint& fingerprint) {
  auto removed = get(fingerprint);
  if (!removed) return removed;
  SqlTransaction transaction(database_);
  if (!transaction.outcome().ok()) return cannot_store(transaction.outcome());
  SqlStatement erase = database_.prepare("DELETE FROM device WHERE fingerprint = ?1");
  erase.bind(1, fingerprint);
  if (erase.step() != SqlStatement::Step::done) return cannot_store(erase.outcome());
  if (const auto done = transaction.commit(); !done.ok()) return cannot_store(done);
  std::erase_if(devices_, [&](const Device& device) { return device.fingerprint == fingerprint; });
  return removed;
}

Result<std::size_t> TrustStore::remove_all() {
  SqlTransaction transaction(database_);
  if (!transaction.outcome().ok()) return cannot_store(transaction.outcome());
  if (const auto erased = database_.run("DELETE FROM device"); !erased.ok()) return cannot_store(erased);
  if (const auto done = transaction.commit(); !done.ok()) return cannot_store(done);
  touched_.clear();
  return std::exchange(devices_, {}).size();
}

void TrustStore::touch(const Fingerprint& fingerprint, std::uint64_t unix_s) {
  Device* known = locate(fingerprint);
  if (known == nullptr || known->seen_unix_s == unix_s) return;
  known->seen_unix_s = unix_s;
  if (std::find(touched_.begin(), touched_.end(), fingerprint) == touched_.end())
    touched_.push_back(fingerprint);
  // A clock that was set back writes once more.
  if (unix_s - touches_written_unix_s_ < kTouchSpacingSeconds) return;
  touches_written_unix_s_ = unix_s;
  // No wait for the disk: what a power cut takes of this is not missed. The log stays whole all the same.
  (void)database_.run("PRAGMA synchronous = NORMAL");
  SqlOutcome outcome;
  {
    SqlTransaction transaction(database_);
    outcome = transaction.outcome();
    if (outcome.ok()) outcome = write_touched();
    if (outcome.ok()) outcome = transaction.commit();
  }
  (void)database_.run("PRAGMA synchronous = FULL");
  if (outcome.ok()) {
    touched_.clear();
  } else if (!std::exchange(touch_failed_, true)) {
    spdlog::warn("When devices were last seen was not stored in {}: {}.", file_.string(), outcome.why());
  }
}

}  // namespace punktfunk::control
