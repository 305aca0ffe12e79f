# SPDX-License-Identifier: MIT OR Apache-2.0
"""The header, the shared library and the pinned layout name the same things, and the header stands alone.

    symbols_test.py SOURCE_FOLDER SHARED_LIBRARY C_COMPILER CXX_COMPILER
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, LIBRARY, CC, CXX = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
HEADER = (SOURCE / "include/punktfunk_core.h").read_text(encoding="utf-8")
CODE = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.S)


def exported():
    """Every symbol the library gives away, with its version suffix removed."""
    listed = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", LIBRARY], check=True,
                            capture_output=True, text=True).stdout
    return {line.split()[0].split("@")[0] for line in listed.splitlines()}


def structs():
    """{name: [field]} of every struct of the header."""
    found = {}
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\n\} \1;", CODE, re.S):
        found[name] = re.findall(r"(?:\(\*(?=\w+\)\())?(\w+)(?:\)\([^;]*\)|\[\w+\])?;", body)
    return found


class Header(unittest.TestCase):
    def test_declares_what_is_exported(self):
        declared = set(re.findall(r"PUNKTFUNK_API[^;(]*?\b(punktfunk_\w+)\(", CODE))
        self.assertGreater(len(declared), 40)
        self.assertEqual(declared, exported())

    def test_every_field_is_pinned(self):
        layout = (SOURCE / "tests/abi/layout_v1.c").read_text(encoding="utf-8")
        pinned = set(re.findall(r"^FIELD\((\w+), (\w+),", layout, re.M))
        self.assertGreater(len(structs()), 10)
        self.assertEqual({(name, field) for name, fields in structs().items() for field in fields}, pinned)
        self.assertEqual(set(structs()), set(re.findall(r"^SIZE\((\w+),", layout, re.M)))

    def test_structs_begin_with_their_size(self):
        for name, fields in structs().items():
            self.assertEqual("struct_size", fields[0], name)

    def compile(self, compiler, language, include, *options):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "alone." + language)
            source.write_text(f"#include <{include}>\n", encoding="utf-8")
            done = subprocess.run([compiler, *options, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only",
                                   "-I", SOURCE / "include", source], capture_output=True, text=True, check=False)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_stands_alone_in_c(self):
        for standard in ("c99", "c11", "c17"):
            self.compile(CC, "c", "punktfunk_core.h", "-std=" + standard, "-Wstrict-prototypes", "-Wconversion")

    def test_stands_alone_in_cxx(self):
        for standard in ("c++11", "c++17", "c++20"):
            self.compile(CXX, "cc", "punktfunk_core.h", "-std=" + standard, "-Wshadow", "-Wconversion", "-Wold-style-cast")
        for standard in ("c++17", "c++20"):
            self.compile(CXX, "cc", "punktfunk_core.hpp", "-std=" + standard, "-Wshadow", "-Wconversion")


class Library(unittest.TestCase):
    def test_needs_nothing_of_a_desktop(self):
        dynamic = subprocess.run(["readelf", "--dynamic", "--wide", LIBRARY], check=True, capture_output=True,
                                 text=True).stdout
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic)
        self.assertTrue(needed)
        for name in needed:
            self.assertNotRegex(name, "avcodec|avutil|wayland|xkb|yuv|x11|xcb|pipewire|gtk|SDL")
        major = re.search(r"define PUNKTFUNK_ABI_MAJOR (\d+)", HEADER).group(1)
        self.assertEqual(["libpunktfunk-core.so." + major], re.findall(r"\(SONAME\).*\[(.+)\]", dynamic))
        self.assertNotIn("TEXTREL", dynamic)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
