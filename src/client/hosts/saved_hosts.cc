// SPDX-License-Identifier: MIT OR Apache-2.0
#include "client/hosts/saved_hosts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>

#include "base/socket_address.h"
#include "base/text.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "client/hosts/saved_hosts_file.h"
#include "control/identity/private_file.h"

namespace punktfunk::client {

namespace {

// A change takes milliseconds; whoever holds the lock longer is stopped or hangs.
constexpr Duration kLockPatience = std::chrono::seconds(5);
constexpr auto kLockPoll = std::chrono::milliseconds(5);

// Of two addresses as text: the same one in another spelling counts.
bool same_address(const std::string& a, const std::string& b) {
  if (a == b) return true;
  const auto left = SocketAddress::parse(a, 0);
  const auto right = SocketAddress::parse(b, 0);
  return left && right && *left == *right;
}

bool has_address(const SavedHost& host, const std::string& address) {
  return std::any_of(host.addresses.begin(), host.addresses.end(),
                     [&](const std::string& own) { return same_address(own, address); });
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// `host`'s name, with a number behind it where another host has it.
std::string unique_name(const std::vector<SavedHost>& hosts, const SavedHost& host) {
  const auto is_taken = [&](const std::string& name) {
    return std::any_of(hosts.begin(), hosts.end(), [&](const SavedHost& other) {
      return other.fingerprint != host.fingerprint && equal_ignoring_case(other.name, name);
    });
  };
  std::string name = host.name;
  for (unsigned number = 2; is_taken(name); ++number) {
    const std::string suffix = " (" + std::to_string(number) + ")";
    name = clean_text(host.name, SavedHost::kMaxNameBytes - suffix.size()) + suffix;
  }
  return name;
}

Result<std::vector<SavedHost>> read_hosts(const std::filesystem::path& file) {
  auto read = control::read_private_file(file, kMaxSavedHostsBytes);
  if (!read) return tl::unexpected(read.error());
  if (!read->has_value()) return std::vector<SavedHost>();
  auto hosts = parse_saved_hosts(**read);
  if (hosts) return *std::move(hosts);
  return fail("The list of known hosts in " + file.string() + " cannot be used: " + hosts.error() +
              ". Restore it from a backup, or move it aside with \"punktfunk hosts --start-over\" and pair "
              "with each host again.");
}

// Held until it is destroyed, also by a process that ends without that.
Result<UniqueFd> lock_beside(const std::filesystem::path& file) {
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (auto made = control::make_private_folder(folder); !made) return tl::unexpected(made.error());
  const std::string name = file.string() + ".lock";
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd.valid()) {
    return fail("The list of known hosts was not changed, because " + name + " cannot be opened (" +
                strerror(errno) + "); check that the folder is writable.");
  }
  const TimePoint give_up = monotonic_now() + kLockPatience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail("The list of known hosts was not changed, because " + name + " cannot be locked (" +
                  strerror(errno) + "); keep it on a file system that has locks.");
    if (monotonic_now() >= give_up)
      return fail("The list of known hosts was not changed, because another program holds " + name +
                  "; end it and try again.");
    std::this_thread::sleep_for(kLockPoll);
  }
  return fd;
}

// rename() would replace a file that its owner made read-only.
bool is_write_protected(const std::filesystem::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 && (info.st_mode & S_IWUSR) == 0;
}

void update(SavedHost& known, const SavedHost& seen) {
  std::vector<std::string> addresses = seen.addresses;
  for (const std::string& address : known.addresses) {
    if (!has_address(seen, address)) addresses.push_back(address);
  }
  known.addresses = std::move(addresses);
  known.port = seen.port;
  if (!seen.id.empty()) known.id = seen.id;
  if (seen.management_port != 0) known.management_port = seen.management_port;
  if (!seen.macs.empty()) known.macs = seen.macs;
  if (seen.last_mode) known.last_mode = seen.last_mode;
  if (known.added_unix_s == 0) known.added_unix_s = seen.added_unix_s;
  known.last_seen_unix_s = std::max(known.last_seen_unix_s, seen.last_seen_unix_s);
}

// A host that proved itself at an address has taken it over from whoever had it before. A last address stays:
// it may come back, and the fingerprint decides in the end.
void take_address_from_others(std::vector<SavedHost>& hosts, const SavedHost& seen) {
  if (seen.addresses.empty()) return;
  for (SavedHost& other : hosts) {
    if (other.fingerprint == seen.fingerprint || other.port != seen.port || other.addresses.size() < 2)
      continue;
    std::erase_if(other.addresses, [&](const std::string& address) {
      return other.addresses.size() > 1 && same_address(address, seen.addresses.front());
    });
  }
}

}  // namespace

std::string changed_identity_sentence(std::string_view name) {
  const bool is_plain = name.find_first_of(" '\"\\$&;()<>|*?`~#") == std::string_view::npos;
  const std::string host = is_plain ? std::string(name) : "'" + std::string(name) + "'";
  return "The identity of the host " + host +
         " changed: it was reinstalled, another machine has its address, or somebody is in between. If you "
         "know why, run \"punktfunk forget " +
         host + "\" and pair again.";
}

Result<SavedHosts> SavedHosts::open(const std::filesystem::path& file) {
  auto hosts = read_hosts(file);
  if (!hosts) return tl::unexpected(hosts.error());
  SavedHosts saved(file);
  saved.hosts_ = *std::move(hosts);
  return saved;
}

Result<std::filesystem::path> SavedHosts::set_aside(const std::filesystem::path& file,
                                                    std::uint64_t now_unix_s) {
  const auto lock = lock_beside(file);
  if (!lock) return tl::unexpected(lock.error());
  std::filesystem::path aside = file;
  aside += ".damaged-" + std::to_string(now_unix_s);
  std::error_code error;
  std::filesystem::rename(file, aside, error);
  if (error)
    return fail("The list of known hosts in " + file.string() + " was not moved aside (" + error.message() +
                "); check that it is there and its folder is writable.");
  return aside;
}

const SavedHost* SavedHosts::find(const control::Fingerprint& fingerprint) const {
  const auto at = std::find_if(hosts_.begin(), hosts_.end(), [&](const SavedHost& host) {
    return equal_constant_time(host.fingerprint, fingerprint);
  });
  return at == hosts_.end() ? nullptr : &*at;
}

const SavedHost* SavedHosts::find(std::string_view name_or_address) const {
  const auto address = HostAddress::parse(name_or_address);
  const SavedHost* best = nullptr;
  int best_rank = 0;
  for (const SavedHost& host : hosts_) {
    int rank = 0;
    if (equal_ignoring_case(host.name, name_or_address)) {
      rank = 3;
    } else if (address && has_address(host, address->host)) {
      if (address->port) {
        rank = *address->port == host.port ? 2 : 0;
      } else {
        rank = host.port == kDefaultPort ? 2 : 1;
      }
    }
    const bool is_better = rank > best_rank ||
                           (rank != 0 && rank == best_rank && host.last_seen_unix_s > best->last_seen_unix_s);
    if (!is_better) continue;
    best = &host;
    best_rank = rank;
  }
  return best;
}

Result<void> SavedHosts::remember(const SavedHost& host) {
  return change([&](std::vector<SavedHost>& hosts) -> Result<void> {
    const SavedHost seen = cleaned(host);
    const auto known = std::find_if(hosts.begin(), hosts.end(), [&](const SavedHost& other) {
      return other.fingerprint == seen.fingerprint;
    });
    if (known != hosts.end()) {
      update(*known, seen);
      *known = cleaned(std::move(*known));
      take_address_from_others(hosts, seen);
      return {};
    }
    for (const SavedHost& other : hosts) {
      if (!seen.addresses.empty() && other.port == seen.port && has_address(other, seen.addresses.front()))
        return fail(changed_identity_sentence(other.name));
    }
    if (hosts.size() >= kMaxHosts) {
      return fail("The host was not added, because the list in " + file_.string() +
                  " is full; remove hosts no longer used with \"punktfunk forget HOST\".");
    }
    hosts.push_back(seen);
    hosts.back().name = unique_name(hosts, seen);
    return {};
  });
}

Result<void> SavedHosts::rename(const control::Fingerprint& fingerprint, std::string_view name) {
  return change([&](std::vector<SavedHost>& hosts) -> Result<void> {
    const std::string wanted = clean_text(name, SavedHost::kMaxNameBytes);
    if (wanted.empty()) return fail("The host was not renamed: a name needs at least one visible character.");
    for (SavedHost& host : hosts) {
      if (host.fingerprint != fingerprint && equal_ignoring_case(host.name, wanted))
        return fail("The host was not renamed, because another host is called \"" + wanted +
                    "\"; choose another name.");
    }
    for (SavedHost& host : hosts) {
      if (host.fingerprint != fingerprint) continue;
      host.name = wanted;
      return {};
    }
    return fail("The host was not renamed, because it is no longer in the list.");
  });
}

Result<bool> SavedHosts::forget(const control::Fingerprint& fingerprint) {
  bool removed = false;
  const auto done = change([&](std::vector<SavedHost>& hosts) -> Result<void> {
    removed =
        std::erase_if(hosts, [&](const SavedHost& host) { return host.fingerprint == fingerprint; }) != 0;
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return removed;
}

Result<void> SavedHosts::change(const Change& change) {
  const auto lock = lock_beside(file_);
  if (!lock) return tl::unexpected(lock.error());
  auto hosts = read_hosts(file_);
  if (!hosts) return tl::unexpected(hosts.error());
  std::vector<SavedHost> changed = *hosts;
  if (auto done = change(changed); !done) return done;
  if (changed != *hosts) {
    if (is_write_protected(file_))
      return fail("The list of known hosts was not changed, because " + file_.string() +
                  " is write-protected; make it writable with chmod u+w.");
    const std::string text = saved_hosts_text(changed);
    const auto written = control::write_private_file(file_, as_bytes(text), control::IfExists::replace);
    if (!written) return tl::unexpected(written.error());
  }
  hosts_ = std::move(changed);
  return {};
}

}  // namespace punktfunk::client
