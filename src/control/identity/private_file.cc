// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/private_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/log.h"
#include "base/unique_fd.h"

namespace punktfunk::control {
namespace {

std::string reason(int error) { return std::error_code(error, std::generic_category()).message(); }

tl::unexpected<Error> read_failure(const std::filesystem::path& file, const std::string& why) {
  return fail("Cannot read " + file.string() + ": " + why + ". Check the file and its permissions.");
}

tl::unexpected<Error> write_failure(const std::filesystem::path& file, int error) {
  return fail("Cannot write " + file.string() + ": " + reason(error) +
              ". Check that the folder is writable and the disk is not full.");
}

// 0 or errno.
int write_and_sync(int fd, ByteView content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content = content.subspan(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Result<void> make_private_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  error.clear();  // that it is not there is no failure
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  if (error || (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)) {
    return fail("Cannot create the folder " + folder.string() + ": " +
                (error ? error.message() : reason(errno)) +
                ". Check the permissions of the folder above it.");
  }
  return {};
}

Result<std::optional<Bytes>> read_private_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::optional<Bytes>();
    return read_failure(file, reason(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return read_failure(file, reason(errno));
  if (!S_ISREG(info.st_mode)) return read_failure(file, "it is not a regular file");
  if ((info.st_mode & 0077) != 0) {
    if (::fchmod(fd.get(), 0600) != 0) {
      return read_failure(file, "others may read it and its mode cannot be changed to 0600");
    }
    spdlog::warn("{} was open to other users; its mode is now 0600", file.string());
  }
  if (static_cast<std::uint64_t>(info.st_size) > max_bytes)
    return read_failure(file, "it is too large to be genuine");
  // One byte more than expected, so that growth during the read shows. Reserved first: a reallocation would
  // leave a copy of a secret behind.
  Bytes content(static_cast<std::size_t>(info.st_size) + 1);
  std::size_t length = 0;
  while (length < content.size()) {
    const ssize_t got = ::read(fd.get(), content.data() + length, content.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return read_failure(file, reason(errno));
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length == content.size()) return read_failure(file, "it changed while it was read");
  content.resize(length);
  return std::optional<Bytes>(std::move(content));
}

Result<bool> write_private_file(const std::filesystem::path& file, ByteView content, IfExists if_exists) {
  const std::filesystem::path folder =
      file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  if (auto made = make_private_folder(folder); !made) return tl::unexpected(made.error());

  std::string temporary = (folder / ("." + file.filename().string() + ".XXXXXX")).string();
  const UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // mode 0600
  if (!fd.valid()) return write_failure(file, errno);
  int error = write_and_sync(fd.get(), content);
  bool written = true;
  if (error == 0 && if_exists == IfExists::replace) {
    if (::rename(temporary.c_str(), file.c_str()) != 0) error = errno;
  } else if (error == 0) {
    // link() fails where rename() would replace.
    if (::link(temporary.c_str(), file.c_str()) != 0) {
      written = false;
      if (errno != EEXIST) error = errno;
    }
    ::unlink(temporary.c_str());
  }
  if (error != 0) {
    ::unlink(temporary.c_str());
    return write_failure(file, error);
  }
  // The name must survive a power cut too.
  const UniqueFd folder_fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder_fd.valid() || ::fsync(folder_fd.get()) != 0) return write_failure(file, errno);
  return written;
}

}  // namespace punktfunk::control
