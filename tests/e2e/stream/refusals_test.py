# SPDX-License-Identifier: MIT OR Apache-2.0
"""What the host and the probe turn away: the status, the one sentence, and that nothing else changes."""

import os
import shutil
import signal
import socket
import stat
import subprocess

import harness
from harness import E2eTest, read_bytes


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


class Trust(E2eTest):
    def test_identity_files_are_private(self):
        host = self.stage.host("--source", "synthetic")
        client = self.stage.client()
        self.assert_ok(*client.pair(host))
        for path in (client.identity_file, client.hosts_file, os.path.join(host.state_dir, "identity.pem"),
                     os.path.join(host.state_dir, "trust.db"), os.path.join(host.state_dir, "control.sock")):
            self.assertEqual(0o600, mode_of(path), path)
        self.assertEqual(1, host.status()["paired_devices"])

    def test_wrong_pin_stores_nothing_and_spends_the_pin(self):
        host = self.stage.host("--source", "synthetic")
        client = self.stage.client()
        pin = host.arm_pairing()
        wrong = f"{(int(pin) + 1) % 10 ** len(pin):0{len(pin)}}"
        status, probe = client.pair(host, wrong)
        self.assertEqual(harness.TRUST, status, probe.text)
        self.assert_sentence(probe, "PIN")

        def try_right_pin():
            # Attempts that follow one another closely are turned away before the PIN is looked at.
            status, probe = client.pair(host, pin)
            self.assertEqual(harness.REFUSED, status, probe.text)
            return probe if "too" not in self.assert_sentence(probe) and "soon" not in probe.text else None
        probe = harness.wait_until(try_right_pin, "pairing attempts are looked at again")
        self.assert_sentence(probe, "pair")
        self.assertFalse(os.path.exists(client.hosts_file))
        self.assertEqual(0, host.status()["paired_devices"])

    def test_no_pin_armed(self):
        host = self.stage.host("--source", "synthetic")
        client = self.stage.client()
        status, probe = client.pair(host, "1234")
        self.assertEqual(harness.REFUSED, status, probe.text)
        self.assert_sentence(probe, "pair")
        self.assertFalse(os.path.exists(client.hosts_file))

    def test_client_that_does_not_know_the_host(self):
        host = self.stage.host("--source", "synthetic")
        status, probe = self.stage.client().run(host, "--seconds", 1)
        self.assertEqual(harness.TRUST, status, probe.text)
        self.assert_sentence(probe, "does not know the host", "--pair")

    def test_client_that_the_host_does_not_know(self):
        host = self.stage.host("--source", "synthetic", "--approval", "off")
        client = self.stage.client()
        client.know(host)
        status, probe = client.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status, probe.text)
        self.assert_sentence(probe, "not paired")
        self.assertEqual(0, host.status()["sessions"])

    def test_changed_host_identity_is_never_trusted_again(self):
        host, client = self.stage.serve("--source", "synthetic")
        self.assert_ok(*client.run(host, "--verify", "--count", 5))
        known = read_bytes(client.hosts_file)
        self.assertEqual(0, host.stop())
        os.remove(os.path.join(host.state_dir, "identity.pem"))
        other = self.stage.host("--source", "synthetic", state_dir=host.state_dir, port=host.port)
        self.assertEqual(host.port, other.port)
        for _ in range(2):
            status, probe = client.run(other, "--seconds", 1)
            self.assertEqual(harness.TRUST, status, probe.text)
            self.assert_sentence(probe, "changed")
            self.assertEqual(known, read_bytes(client.hosts_file))

    def test_nobody_listening(self):
        host, client = self.stage.serve("--source", "synthetic")
        self.assertEqual(0, host.stop())
        status, probe = client.run(host, "--timeout", 1, seconds=5)
        self.assertEqual(harness.TIMED_OUT, status, probe.text)
        self.assert_sentence(probe, "did not answer in time")

    def test_something_else_listening(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind((harness.LOOPBACK, 0))
            client = self.stage.client()
            port = silent.getsockname()[1]
            harness.write_pin_store(client.hosts_file, "ab" * 32, f"{harness.LOOPBACK}:{port}")
            status, probe = client.run(None, "--timeout", 1, port=port, seconds=5)
            self.assertEqual(harness.TIMED_OUT, status, probe.text)
            self.assert_sentence(probe, "did not answer in time")


class Modes(E2eTest):
    def test_impossible_modes_are_refused_and_the_host_serves_on(self):
        host, client = self.stage.serve()
        largest = "4294967295x4294967295@4294967295"
        modes = ("0x0@60", "100000x100000@60", "1280x720@100000", largest, "1280x720@0", "1281x721@60")
        for count, mode in enumerate(modes):
            with self.subTest(mode):
                status, probe = client.run(host, "--mode", mode, "--seconds", 1)
                if mode == "1281x721@60" and status == harness.OK:
                    # An odd size is served exactly or refused, never rounded.
                    self.assertEqual("1281x721", probe.figures["decoded_size"])
                    continue
                self.assertEqual(harness.REFUSED, status, probe.text)
                said = self.assert_sentence(probe).removeprefix("punktfunk-probe: ")
                self.assertIn(said, host.wait_for_line("No session", count=count + 1))
        status, probe = client.run(host, "--seconds", 0.5)
        self.assert_ok(status, probe)
        self.assertLess(harness.resident_kib(host.pid), 300 * 1024)


class Start(E2eTest):
    def assert_refuses_to_start(self, host, *parts):
        self.assertEqual(1, host.wait())
        return self.assert_sentence(host, *parts)

    def test_port_in_use(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind((harness.LOOPBACK, 0))
            port = other.getsockname()[1]
            self.assert_refuses_to_start(self.stage.start_host("--source", "synthetic", port=port), str(port))

    def test_port_of_another_host(self):
        first = self.stage.host("--source", "synthetic")
        self.assert_refuses_to_start(self.stage.start_host("--source", "synthetic", port=first.port), str(first.port))
        self.assertEqual(0, first.status()["sessions"])

    def test_second_host_with_the_same_state(self):
        first = self.stage.host("--source", "synthetic")
        second = self.stage.start_host("--source", "synthetic", state_dir=first.state_dir)
        self.assert_refuses_to_start(second, "already runs")
        self.assertEqual(0, first.status()["sessions"], "the first still answers")

    def test_sway_missing(self):
        empty = self.stage.path("empty")
        os.mkdir(empty)
        self.assert_refuses_to_start(self.stage.start_host(PATH=empty), "install the package sway")

    def test_sway_that_cannot_start(self):
        programs = self.stage.path("programs")
        os.mkdir(programs)
        os.symlink("/bin/false", os.path.join(programs, "sway"))
        host, client = self.stage.serve(PATH=programs + ":" + os.environ["PATH"])
        status, probe = client.run(host, "--seconds", 1)
        self.assertEqual(harness.REFUSED, status, probe.text)
        self.assert_sentence(probe, "sway")
        self.stage.wait_no_display()

    def test_damaged_files_stop_the_host_and_stay_as_they_are(self):
        for name, content in (("identity.pem", b"no key at all\n"), ("identity.pem", b""), ("clients.json", b""),
                              ("clients.json", b"{\"version\": 1, "),
                              ("clients.json", b"{\"version\": 2, \"peers\": []}"),
                              ("trust.db", b""), ("trust.db", b"SQLite format 3\0" + b"x" * 5000)):
            with self.subTest(name=name, content=content):
                state_dir = self.stage.path("damaged")
                os.mkdir(state_dir, 0o700)
                path = os.path.join(state_dir, name)
                with open(path, "wb") as file:
                    file.write(content)
                self.assert_refuses_to_start(self.stage.start_host("--source", "synthetic", state_dir=state_dir), path)
                self.assertEqual(content, read_bytes(path))
                shutil.rmtree(state_dir)

    def test_damaged_files_stop_the_probe_and_stay_as_they_are(self):
        for name, content in (("identity.pem", b"no key at all\n"), ("hosts.json", b"[]")):
            with self.subTest(name):
                client = self.stage.client(name.replace(".", "-"))
                os.mkdir(client.state_dir, 0o700)
                path = os.path.join(client.state_dir, name)
                with open(path, "wb") as file:
                    file.write(content)
                status, probe = client.run(None, "--seconds", 1, port=9)
                self.assertEqual(harness.FAILED, status)
                self.assert_sentence(probe, path)
                self.assertEqual(content, read_bytes(path))

    def test_identity_open_to_others_is_closed(self):
        host, client = self.stage.serve("--source", "synthetic")
        self.assertEqual(0, host.stop())
        path = os.path.join(host.state_dir, "identity.pem")
        os.chmod(path, 0o644)
        again = self.stage.host("--source", "synthetic", state_dir=host.state_dir, port=host.port)
        self.assertEqual(0o600, mode_of(path))
        self.assert_ok(*client.run(again, "--verify", "--count", 5))

    def test_state_folder_that_cannot_be_made(self):
        file = self.stage.path("file")
        with open(file, "wb"):
            pass
        host = self.stage.start_host("--source", "synthetic", state_dir=os.path.join(file, "state"))
        self.assert_refuses_to_start(host, file)

    def test_address_that_is_not_this_machines(self):
        # Of the block set aside for documentation (RFC 5737).
        host = self.stage.start_host("--source", "synthetic", bind="192.0.2.1")
        self.assert_refuses_to_start(host, "192.0.2.1")

    def test_address_that_is_none(self):
        self.assert_refuses_to_start(self.stage.start_host("--source", "synthetic", bind="localhost"), "localhost")

    def test_probe_that_cannot_write_its_files(self):
        host, client = self.stage.serve("--source", "synthetic")
        target = self.stage.path("nowhere/file")
        for options, more in ((["--dump", target], {}), ([], {"json_file": target})):
            with self.subTest(options):
                status, probe = client.run(host, "--verify", "--count", 5, *options, **more)
                self.assertEqual(harness.FAILED, status, probe.text)
                self.assert_sentence(probe, target)

    def test_foot_missing(self):
        # Everything the machine has, but no terminal.
        programs = self.stage.path("programs")
        os.mkdir(programs)
        for folder in ("/usr/local/bin", "/usr/bin", "/bin"):
            for name in os.listdir(folder):
                if name != "foot" and not os.path.lexists(os.path.join(programs, name)):
                    os.symlink(os.path.join(folder, name), os.path.join(programs, name))
        path = os.environ["PUNKTFUNK_BIN"] + ":" + programs
        host, client = self.stage.serve(PATH=path)
        status, probe = client.run(host, "--seconds", 2)
        self.assert_ok(status, probe)
        self.assertIn("foot", host.wait_for_line("did not start"))

    def test_start_program_that_fails(self):
        host, client = self.stage.serve(start=["exit 3", f"punktfunk-test-pattern --log {self.stage.pattern_log}"])
        status, probe = client.run(host, "--seconds", 2)
        self.assert_ok(status, probe)
        self.assertGreater(probe.figures["frames"], 60)

    def test_wrong_usage_of_the_probe(self):
        for options in (["--mode", "1280x720"], ["--mode", "-1x720@60"], ["--loss", "101"], ["--pair", "12a4"],
                        ["--seconds", "0"], ["--no-such-option"]):
            with self.subTest(options):
                status, probe = self.stage.client().run(None, *options, port=9)
                self.assertEqual(harness.USAGE, status, probe.text)
                self.assertTrue(probe.text.strip())

    def test_control_without_a_host(self):
        answer = subprocess.run([harness.program("punktfunk-host"), "ctl", "--state-dir", self.stage.folder, "pair"],
                                capture_output=True, text=True, timeout=10, check=False)
        self.assertEqual((3, ""), (answer.returncode, answer.stdout))
        self.assertRegex(answer.stderr, r"^punktfunk-host: No host runs .*[.]\n$")


class Stop(E2eTest):
    def test_each_stop_signal_ends_an_idle_host(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                host = self.stage.host("--source", "synthetic")
                self.assertEqual(0, host.stop(number))


if __name__ == "__main__":
    harness.main()
