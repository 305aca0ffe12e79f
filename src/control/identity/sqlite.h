// SPDX-License-Identifier: MIT OR Apache-2.0
// SQLite as the trust store uses it: one connection, one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace punktfunk::control {

// What a call came to: SQLite's result code, 0 = fine.
struct SqlOutcome {
  int code = 0;
  [[nodiscard]] bool ok() const { return code == 0; }
  // A clause for people: what was wrong and what to do about it.
  [[nodiscard]] std::string why() const;
};

class SqlStatement {
 public:
  // Parameters count from 1, columns from 0. Bound bytes are copied.
  void bind(int at, std::uint64_t number);
  void bind(int at, std::string_view text);
  void bind(int at, ByteView bytes);
  enum class Step { row, done, failed };
  [[nodiscard]] Step step();
  [[nodiscard]] SqlOutcome outcome() const { return {code_}; }

  // Of the present row. nullopt: a value of another type, or a negative number.
  [[nodiscard]] std::optional<std::uint64_t> number(int column) const;
  [[nodiscard]] std::optional<std::string> text(int column) const;
  [[nodiscard]] std::optional<Bytes> bytes(int column) const;

 private:
  friend class SqlDatabase;
  struct Finalise {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalise> statement_;
  int code_ = 0;
};

class SqlDatabase {
 public:
  // An existing file, to read and write; a file that can only be read is an error. Nothing in the file may
  // run code: no views, triggers or functions of its own are obeyed.
  [[nodiscard]] SqlOutcome open(const std::filesystem::path& file);
  // One statement or several, without parameters and rows.
  [[nodiscard]] SqlOutcome run(const char* sql);
  // The outcome is the statement's.
  [[nodiscard]] SqlStatement prepare(const char* sql);

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

// A transaction: everything in it or, unless commit() succeeds, nothing.
class SqlTransaction {
 public:
  explicit SqlTransaction(SqlDatabase& database)
      : database_(database), outcome_(database.run("BEGIN IMMEDIATE")), open_(outcome_.ok()) {}
  ~SqlTransaction() {
    if (open_) (void)database_.run("ROLLBACK");
  }
  SqlTransaction(const SqlTransaction&) = delete;
  SqlTransaction& operator=(const SqlTransaction&) = delete;

  // Whether it could begin.
  [[nodiscard]] SqlOutcome outcome() const { return outcome_; }
  [[nodiscard]] SqlOutcome commit() {
    const SqlOutcome done = database_.run("COMMIT");
    open_ = !done.ok();
    return done;
  }

 private:
  SqlDatabase& database_;
  SqlOutcome outcome_;
  bool open_;
};

}  // namespace punktfunk::control
