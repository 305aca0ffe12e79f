#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""A kind of input, message or stream that nobody classed for a grant breaks the build.

    grants_test.py COMPILER

Adds one to a copy of the header and compiles the classes with it, as the build does.
"""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMPILER = "c++"
KINDS = [  # header, what it is put behind, the new kind
    ("core/wire/input_event.h", "  scroll = 16,\n", "  gesture = 17,\n"),
    ("core/wire/rich_input.h", "  pen = 5\n", "  , eye = 6\n"),
    ("core/wire/datagram.h", "  hdr_meta = 0x09,\n", "  camera = 0x0A,\n"),
    ("core/wire/control_frame.h", "  pad_feature = 0x52,\n", "  run_program = 0x53,\n"),
    ("core/wire/control_frame.h", "transfer = 2, ", "printer = 4, "),
]


class Grants(unittest.TestCase):
    def compile(self, header=None, behind="", added=""):
        """What the compiler says of the classes, with a kind added to one header."""
        with tempfile.TemporaryDirectory() as folder:
            for name in filter(None, ("core/session/grants.h", header)):
                target = os.path.join(folder, name)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with open(os.path.join(ROOT, "src", name), encoding="utf-8") as file:
                    text = file.read()
                if name == header:
                    self.assertEqual(1, text.count(behind), header)
                    text = text.replace(behind, behind + added)
                with open(target, "w", encoding="utf-8") as file:
                    file.write(text)
            source = os.path.join(folder, "main.cc")
            with open(source, "w", encoding="utf-8") as file:
                file.write('#include "core/session/grants.h"\n')
            done = subprocess.run(
                [COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", folder,
                 "-I", os.path.join(ROOT, "src"), source],
                capture_output=True, text=True, timeout=120, check=False)
            self.assertEqual(done.returncode != 0, bool(done.stderr))
            return done.stderr

    def test_as_it_is(self):
        self.assertEqual("", self.compile())

    def test_unclassed_kinds_do_not_compile(self):
        for header, behind, added in KINDS:
            with self.subTest(added.strip()):
                said = self.compile(header, behind, added)
                self.assertIn(added.split("=")[0].strip(" ,"), said)
                self.assertIn("switch", said)


if __name__ == "__main__":
    COMPILER = sys.argv.pop(1)
    unittest.main()
