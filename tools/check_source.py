#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks every text file of the project. Prints each violation as file:line and exits with 1 if there is any.

    tools/check_source.py [ROOT]

  1. Source files and scripts name the licence in their first two lines.
  2. No file of ours has more than MOST_LINES lines.
  3. No absolute path of somebody's machine, no merge conflict marker, no tab in C++, no trailing space.
  4. A reminder to come back to a place carries an issue number: the word, then (#12).
"""
import os
import re
import subprocess
import sys

LICENCE = "SPDX-License-Identifier: MIT OR Apache-2.0"
MOST_LINES = 700
CPP = (".h", ".cc", ".inc")
SCRIPT = (".py", ".sh")
# Not written by hand, or other people's.
NOT_OURS = ("third_party/", "docs/protocol/", "tests/golden/", "fuzz/corpus/", "LICENSE-")
BINARY = (".png", ".jpg", ".ico", ".bin", ".gz", ".der", ".pem")
# Put together from pieces, so that this file does not contain what it looks for.
HOME = re.compile(r"(?<![\w./~:-])/(?:" + "|".join(["work", "home", "root", "Users"]) + r")/\w")
CONFLICT = re.compile(r"^(<{7}|>{7}|\|{7}) ")
REMINDER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME)\b(?!\(#\d+\))")


def project_files(root):
    """Tracked files and new ones that git does not ignore; all files where there is no git."""
    try:
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        names = [name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(at, name), root)
                 for at, folders, files in os.walk(root)
                 for name in files
                 if not at.startswith((os.path.join(root, "build"), os.path.join(root, ".git")))]
    return sorted(set(name for name in names if os.path.isfile(os.path.join(root, name))))


def needs_licence(name, first_line):
    return name.endswith(CPP + SCRIPT) or first_line.startswith("#!")


def check(name, lines):
    if needs_licence(name, lines[0] if lines else "") and not any(LICENCE in line for line in lines[:2]):
        yield 1, f"the licence line is missing: {LICENCE}"
    if len(lines) > MOST_LINES:
        yield MOST_LINES + 1, f"{len(lines)} lines are more than {MOST_LINES}: split the file by subject"
    for number, line in enumerate(lines, 1):
        if HOME.search(line):
            yield number, "an absolute path of one machine"
        if CONFLICT.match(line):
            yield number, "a merge conflict marker"
        if name.endswith(CPP + SCRIPT):
            if "\t" in line:
                yield number, "a tab: indent with spaces"
            if line != line.rstrip():
                yield number, "space at the end of the line"
            if REMINDER.search(line):
                yield number, "a reminder without an issue number: write it as an issue"


def main():
    default = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else default
    count = 0
    for name in project_files(root):
        if name.startswith(NOT_OURS) or name.endswith(BINARY):
            continue
        try:
            with open(os.path.join(root, name), encoding="utf-8") as file:
                lines = file.read().split("\n")
        except UnicodeDecodeError:
            continue  # a binary file with another ending
        if lines and not lines[-1]:
            lines.pop()
        for number, text in check(name, lines):
            print(f"{name}:{number}: {text}")
            count += 1
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
