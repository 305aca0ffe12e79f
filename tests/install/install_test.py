# SPDX-License-Identifier: MIT OR Apache-2.0
"""What embedders get: the core component is installed in a scratch prefix, the examples and a C++ program are built against
it in every way that is offered, and run.

    install_test.py SOURCE_FOLDER BUILD_FOLDER C_COMPILER CXX_COMPILER
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
CC, CXX = sys.argv[3], sys.argv[4]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
PATIENCE_S = 120

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(embedder LANGUAGES C CXX)
find_package(punktfunk-core 0.1 REQUIRED)
add_executable(shared "{data_plane}")
target_link_libraries(shared PRIVATE punktfunk::core)
add_executable(static "{data_plane}")
target_link_libraries(static PRIVATE punktfunk::core-static)
"""


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE_S,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="punktfunk-install-"))
        first = cls.folder / "first"
        run("cmake", "--install", BUILD, "--component", "core", "--prefix", first)
        # Nothing of the place it was installed to may be written into it.
        cls.prefix = cls.folder / "prefix"
        first.rename(cls.prefix)
        (pc,) = cls.prefix.rglob("punktfunk-core.pc")
        cls.libraries = pc.parent.parent
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent), LD_LIBRARY_PATH=str(cls.libraries))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def pkg_config(self, *options):
        return run("pkg-config", *options, env=self.environment).split()

    def build(self, compiler, source, package, *options):
        program = self.folder / f"{pathlib.Path(source).stem}-{package}"
        run(compiler, *options, *STRICT, source, "-o", program, *self.pkg_config("--cflags", "--libs", package))
        return program

    def needs(self, program):
        return re.findall(r"\(NEEDED\).*\[(.+)\]", run("readelf", "--dynamic", "--wide", program))

    def run_data_plane(self, program, **options):
        said = run(program, **options)
        self.assertRegex(said, r"^60 frames with \d+ bytes and 60 input events arrived unchanged\n$")

    def test_names(self):
        files = {str(path.relative_to(self.prefix)) for path in self.prefix.rglob("*") if not path.is_dir()}
        library = self.libraries.relative_to(self.prefix)
        for name in ("include/punktfunk_core.h", "include/punktfunk_core.hpp", f"{library}/libpunktfunk-core.a",
                     f"{library}/libpunktfunk-core.so", f"{library}/libpunktfunk-core.so.1",
                     f"{library}/pkgconfig/punktfunk-core.pc",
                     f"{library}/cmake/punktfunk-core/punktfunk-core-config.cmake"):
            self.assertIn(name, files)
        self.assertEqual([], [name for name in files if "pf_" in name], "our layers stay inside")
        for path in self.prefix.rglob("*"):
            if path.suffix in (".pc", ".cmake", ".h", ".hpp"):
                text = path.read_text(encoding="utf-8")
                self.assertNotIn(str(SOURCE), text, path)
                self.assertNotIn(str(self.folder), text, path)

    def test_shared_by_pkg_config(self):
        program = self.build(CC, SOURCE / "examples/data_plane.c", "punktfunk-core", "-std=c99")
        self.assertIn("libpunktfunk-core.so.1", self.needs(program))
        self.run_data_plane(program, env=self.environment)

    def test_static_by_pkg_config(self):
        program = self.build(CC, SOURCE / "examples/data_plane.c", "punktfunk-core-static", "-std=c99")
        self.assertNotIn("libpunktfunk-core.so.1", self.needs(program))
        self.run_data_plane(program)

    def test_both_by_cmake(self):
        project = self.folder / "project"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            CMAKE_PROJECT.format(data_plane=SOURCE / "examples/data_plane.c"), encoding="utf-8")
        run("cmake", "-S", project, "-B", project / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}",
            f"-DCMAKE_C_COMPILER={CC}", f"-DCMAKE_CXX_COMPILER={CXX}")
        run("cmake", "--build", project / "build")
        for name in ("shared", "static"):
            self.run_data_plane(project / "build" / name)

    def test_client_example(self):
        program = self.build(CC, SOURCE / "examples/client.c", "punktfunk-core", "-std=c99")
        state = self.folder / "state"
        used = subprocess.run([program], env=self.environment, capture_output=True, text=True, check=False)
        self.assertEqual(2, used.returncode)
        # The discard port of this machine, where nothing answers.
        alone = subprocess.run([program, state, "127.0.0.1", "9", "pair", "1234"], env=self.environment,
                               capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(1, alone.returncode, alone.stderr)
        self.assertRegex(alone.stdout, r"^ended \((timed out|connection lost|protocol error), code \d+\): .+\.\n$")
        self.assertTrue((state / "identity.pem").exists())

    def test_cxx_wrapper(self):
        program = self.build(CXX, SOURCE / "tests/install/wrapper.cc", "punktfunk-core", "-std=c++17")
        run(program, env=self.environment)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
