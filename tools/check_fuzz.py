#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Checks that fuzzing reaches every parser of the wire. Prints each one that no target names and exits with 1 if there is any.

    tools/check_fuzz.py [ROOT]

  1. Every type of src/core/wire that has a static decode() or from_event(), and every free function there that reads bytes
     into an optional, is named in a target of fuzz/. Naming a function that returns a variant names the types in it.
  2. Every target that fuzz/CMakeLists.txt lists has a corpus.
"""
import os
import re
import sys

TYPE = re.compile(r"^\s*\[\[nodiscard\]\] static std::optional<(\w+)> (?:decode|from_event)\(", re.M)
FUNCTION = re.compile(r"^\[\[nodiscard\]\] std::optional<(\w+)> (\w+)\(ByteView \w+\);", re.M)
VARIANT = re.compile(r"^using (\w+) =\s*std::variant<([^>]*)>;", re.M)
TARGET = re.compile(r"^punktfunk_fuzz_target\((\w+)", re.M)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def parsers(folder):
    """Each parser with its header and the names that reach it."""
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".h"):
            continue
        text = text_of(os.path.join(folder, name))
        functions = FUNCTION.findall(text)
        reached_by = {parser: {parser} for parser in TYPE.findall(text) + [function for _, function in functions]}
        for variant, members in VARIANT.findall(text):
            readers = {function for result, function in functions if result == variant}
            for member in re.findall(r"\w+", members):
                reached_by.setdefault(member, {member}).update(readers)
        for parser, names in reached_by.items():
            yield parser, name, names


def main(root):
    fuzz = os.path.join(root, "fuzz")
    sources = "\n".join(text_of(os.path.join(fuzz, name)) for name in sorted(os.listdir(fuzz)) if name.endswith((".cc", ".h")))
    words = set(re.findall(r"\w+", sources))
    bad = [f"src/core/wire/{header}: no fuzz target names {parser}"
           for parser, header, names in parsers(os.path.join(root, "src/core/wire")) if not names & words]
    for target in TARGET.findall(text_of(os.path.join(fuzz, "CMakeLists.txt"))):
        corpus = os.path.join(fuzz, "corpus", target)
        if not os.path.isdir(corpus) or not os.listdir(corpus):
            bad.append(f"fuzz/corpus/{target}: the target has no corpus")
    for line in bad:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
