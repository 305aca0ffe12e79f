// SPDX-License-Identifier: MIT OR Apache-2.0
#include "control/identity/sqlite.h"

#include <sqlite3.h>

#include <limits>

namespace punktfunk::control {

namespace {
// More than any value of ours; a hostile file must not make us allocate more.
constexpr int kMaxValueBytes = 64 * 1024;
// A second host with the same file is refused at once; this is for a backup program that reads it just now.
constexpr int kBusyWaitMs = 500;
}  // namespace

std::string SqlOutcome::why() const {
  switch (code & 0xFF) {  // the primary code; the rest is detail
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return "it cannot be written. Make the file and its folder writable for the user who runs the host";
    case SQLITE_CANTOPEN:
      return "it cannot be opened. Check the permissions of the file and of its folder";
    case SQLITE_FULL:
      return "the disk is full. Free some space and try again";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program uses it. Close that program and try again";
    case SQLITE_IOERR:
      return "the disk reports errors, or is full. Check the disk and try again";
    case SQLITE_NOMEM:
      return "there is too little memory. Close other programs and try again";
    default:
      // SQLITE_CORRUPT and SQLITE_NOTADB; our statements themselves are right, so any other too.
      return "the file is damaged (" + std::string(sqlite3_errstr(code)) +
             "). Restore it from a backup, or move it away and pair the devices again";
  }
}

void SqlStatement::Finalise::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void SqlStatement::bind(int at, std::uint64_t number) {
  if (code_ == SQLITE_OK)
    code_ = sqlite3_bind_int64(statement_.get(), at, static_cast<sqlite3_int64>(number));
}

void SqlStatement::bind(int at, std::string_view text) {
  if (code_ != SQLITE_OK) return;
  code_ = sqlite3_bind_text64(statement_.get(), at, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void SqlStatement::bind(int at, ByteView bytes) {
  if (code_ != SQLITE_OK) return;
  code_ = sqlite3_bind_blob64(statement_.get(), at, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

SqlStatement::Step SqlStatement::step() {
  if (code_ != SQLITE_OK) return Step::failed;
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return Step::row;
  if (result == SQLITE_DONE) return Step::done;
  code_ = result;
  return Step::failed;
}

std::optional<std::uint64_t> SqlStatement::number(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_INTEGER) return std::nullopt;
  const sqlite3_int64 value = sqlite3_column_int64(statement_.get(), column);
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::string> SqlStatement::text(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_TEXT) return std::nullopt;
  const unsigned char* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(text),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::optional<Bytes> SqlStatement::bytes(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_BLOB) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return bytes == nullptr ? Bytes() : Bytes(bytes, bytes + size);
}

void SqlDatabase::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

SqlOutcome SqlDatabase::open(const std::filesystem::path& file) {
  sqlite3* opened = nullptr;
  // An absolute path, so that no name is read as a URI.
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);
  const int result =
      sqlite3_open_v2(error ? file.c_str() : path.c_str(), &opened,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  database_.reset(opened);  // also after a failure
  if (result != SQLITE_OK) return {result};
  // Where the file cannot be written SQLite opens it all the same.
  if (sqlite3_db_readonly(opened, "main") != 0) return {SQLITE_READONLY};
  sqlite3_busy_timeout(opened, kBusyWaitMs);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
  for (const auto& [option, value] :
       {std::pair{SQLITE_DBCONFIG_DEFENSIVE, 1}, std::pair{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        std::pair{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, std::pair{SQLITE_DBCONFIG_ENABLE_VIEW, 0}}) {
    if (const int set = sqlite3_db_config(opened, option, value, nullptr); set != SQLITE_OK) return {set};
  }
  return run("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY");
}

SqlOutcome SqlDatabase::run(const char* sql) {
  return {sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr)};
}

SqlStatement SqlDatabase::prepare(const char* sql) {
  SqlStatement statement;
  sqlite3_stmt* prepared = nullptr;
  statement.code_ = sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr);
  statement.statement_.reset(prepared);
  return statement;
}

}  // namespace punktfunk::control
