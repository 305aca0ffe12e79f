#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The checks of tools/ must find what they are for: each runs on a small tree with one thing wrong."""
import os
import subprocess
import sys
import tempfile
import unittest

TOOLS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools")
LICENCE = "// SPDX-License-Identifier: MIT OR " + "Apache-2.0\n"


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="style checks ")
        self.addCleanup(self.folder.cleanup)
        for name in ["src/base/bytes.h", "src/core/wire/varint.h", "src/core/media/packet.h", "src/host/session.h",
                     "src/client/session.h", "src/endpoint/endpoint.h", "src/host/encode/encoder.h",
                     "src/host/encode/x264/x264.h", "src/host/encode/vaapi/vaapi.h", "src/transport/datagram.h"]:
            self.write(name, "#pragma once\n")

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(LICENCE + text)

    def run_check(self, tool):
        done = subprocess.run([sys.executable, os.path.join(TOOLS, tool), self.folder.name],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    def assert_found(self, tool, place, words):
        status, output = self.run_check(tool)
        self.assertEqual(status, 1, output)
        self.assertEqual(len(output.splitlines()), 1, output)
        self.assertTrue(output.startswith(place + ": "), output)
        self.assertIn(words, output)


class Layers(Tree):
    def assert_refused(self, includer, include, words):
        self.write(includer, f"\n#include {include}\n")
        self.assert_found("check_layers.py", f"{includer}:3", words)

    def assert_accepted(self, includer, include):
        self.write(includer, f"#include {include}\n")
        self.assertEqual(self.run_check("check_layers.py"), (0, ""))

    def test_clean_tree(self):
        self.assertEqual(self.run_check("check_layers.py"), (0, ""))

    def test_upwards(self):
        self.assert_refused("src/base/text.cc", '"core/wire/varint.h"', "base must not include core")

    def test_core_into_transport(self):
        self.assert_refused("src/core/media/a.cc", '"transport/datagram.h"', "core must not include transport")

    def test_siblings(self):
        self.assert_refused("src/control/a.cc", '"transport/datagram.h"', "control must not include transport")

    def test_host_into_client(self):
        self.assert_refused("src/host/a.cc", '"client/session.h"', "host must not include client")

    def test_client_into_host(self):
        self.assert_refused("src/client/a.cc", '"host/session.h"', "client must not include host")

    def test_order_inside_core(self):
        self.assert_refused("src/core/wire/a.cc", '"core/media/packet.h"', "core/wire must not include core/media")

    def test_core_uses_no_threads(self):
        self.assert_refused("src/core/media/a.cc", "<thread>", "core must not use <thread>")

    def test_core_uses_no_sockets(self):
        self.assert_refused("src/core/media/a.h", "<sys/socket.h>", "core must not use <sys/socket.h>")

    def test_backend_named_outside_its_registry(self):
        self.assert_refused("src/host/session.cc", '"host/encode/x264/x264.h"', "only a registry of host/encode")

    def test_backend_named_by_another(self):
        self.assert_refused("src/host/encode/vaapi/a.cc", '"host/encode/x264/x264.h"', "only a registry")

    def test_backend_named_by_a_program(self):
        self.assert_refused("apps/host/main.cc", '"host/encode/x264/x264.h"', "only a registry")

    def test_relative_include(self):
        self.assert_refused("src/core/media/a.cc", '"../wire/varint.h"', "not a file under src/")

    def test_missing_file(self):
        self.assert_refused("src/core/media/a.cc", '"core/media/gone.h"', "not a file under src/")

    def test_unknown_layer(self):
        self.assert_refused("src/extra/a.cc", '"base/bytes.h"', "no known layer")

    def test_registry_names_backends(self):
        self.assert_accepted("src/host/encode/encoder_registry.cc", '"host/encode/x264/x264.h"')

    def test_moonlight_uses_host(self):
        self.assert_accepted("src/moonlight/a.cc", '"host/session.h"')

    def test_downwards(self):
        self.assert_accepted("src/host/a.cc", '"endpoint/endpoint.h"')

    def test_backend_includes_itself(self):
        self.assert_accepted("src/host/encode/x264/x264.cc", '"host/encode/x264/x264.h"')


class Source(Tree):
    def assert_refused(self, name, line, words):
        self.write(name, f"{line}\n")
        self.assert_found("check_source.py", f"{name}:2", words)

    def test_clean_tree(self):
        self.assertEqual(self.run_check("check_source.py"), (0, ""))

    def test_missing_licence(self):
        path = os.path.join(self.folder.name, "src/base/a.cc")
        with open(path, "w", encoding="utf-8") as file:
            file.write("int x;\n")
        self.assert_found("check_source.py", "src/base/a.cc:1", "licence")

    def test_long_file(self):
        self.write("src/base/a.cc", "int x;\n" * 700)
        self.assert_found("check_source.py", "src/base/a.cc:701", "split the file")

    def test_machine_path(self):
        self.assert_refused("docs/a.md", "see " + "/ho" + "me/somebody/notes", "absolute path")

    def test_web_address_is_no_path(self):
        self.write("docs/a.md", "https://example.org" + "/ho" + "me/page\n")
        self.assertEqual(self.run_check("check_source.py"), (0, ""))

    def test_conflict_marker(self):
        self.assert_refused("docs/a.md", "<" * 7 + " HEAD", "conflict")

    def test_reminder_without_issue(self):
        self.assert_refused("src/base/a.cc", "// TO" + "DO later", "issue number")

    def test_trailing_space(self):
        self.assert_refused("src/base/a.cc", "int x; ", "space at the end")


class Fuzz(Tree):
    MESSAGE = "  [[nodiscard]] static std::optional<Rumble> decode(ByteView payload);\n"
    VARIANT = ("using Output = std::variant<LightBar>;\n"
               "[[nodiscard]] std::optional<Output> decode_output(ByteView payload);\n")

    def setUp(self):
        super().setUp()
        self.write("fuzz/CMakeLists.txt", "punktfunk_fuzz_target(datagrams LIBRARIES pf_wire)\n")
        self.write("fuzz/datagrams.cc", "check<Rumble>(); decode_output(bytes);\n")
        self.write("fuzz/corpus/datagrams/seed-000", "")
        self.write("src/core/wire/rumble.h", self.MESSAGE)
        self.write("src/core/wire/output.h", self.VARIANT)

    def test_clean_tree(self):
        self.assertEqual(self.run_check("check_fuzz.py"), (0, ""))

    def test_message_without_target(self):
        self.write("src/core/wire/cursor.h", self.MESSAGE.replace("Rumble", "Cursor"))
        self.assert_found("check_fuzz.py", "src/core/wire/cursor.h", "no fuzz target names Cursor")

    def test_function_without_target(self):
        self.write("src/core/wire/pen.h", "[[nodiscard]] std::optional<Pen> read_pen(ByteView bytes);\n")
        self.assert_found("check_fuzz.py", "src/core/wire/pen.h", "no fuzz target names read_pen")

    def test_target_without_corpus(self):
        self.write("fuzz/CMakeLists.txt", "punktfunk_fuzz_target(datagrams)\npunktfunk_fuzz_target(pens)\n")
        self.assert_found("check_fuzz.py", "fuzz/corpus/pens", "no corpus")


if __name__ == "__main__":
    unittest.main()
