# SPDX-License-Identifier: MIT OR Apache-2.0
"""Attacks on the programs as users start them: what their logs tell, and hosts that share an identity."""

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import time

import harness
from harness import E2eTest


def private_key_of(pem_file):
    """The lines of its base64, and the 32 secret bytes of the P-256 key in it (RFC 5915: version 1, an OCTET STRING)."""
    with open(pem_file, encoding="ascii") as file:
        text = re.search(r"-----BEGIN PRIVATE KEY-----\n(.*?)-----END", file.read(), re.S).group(1)
    der = base64.b64decode(text)
    scalar = re.search(rb"\x02\x01\x01\x04(?:\x20|\x21\x00)(.{32})", der, re.S).group(1)
    return [line for line in text.splitlines() if len(line) >= 20], scalar


class Logs(E2eTest):
    def test_a_whole_tour_at_the_finest_level_tells_no_secret(self):
        environment = {"PUNKTFUNK_LOG": "trace"}
        host = self.stage.host("--source", "synthetic", **environment)
        self.stage.environment = self.noisy(self.stage.environment)
        client, second = self.stage.client("first"), self.stage.client("second")

        # PINs: one that is wrong, and three that pair. Guesses that come too soon are asked again.
        pins = []
        for _ in range(3):
            pins.append(host.arm_pairing())
            harness.wait_until(lambda: client.pair(host, pins[-1])[0] == harness.OK or self.arm_again(host, pins),
                               "pairing is looked at again")
        wrong = host.arm_pairing()
        pins.append(wrong)
        self.assertNotEqual(harness.OK, second.pair(host, f"{(int(wrong) + 1) % 10000:04}")[0])
        self.assert_ok(*client.run(host, "--verify", "--count", 20))
        # A knock, let in.
        probe = second.start(host, "--first-contact", "--verify", "--count", 20)
        probe.wait_for_line("Waiting for approval")
        host.ctl("approve", host.pending()[0]["id"])
        self.assert_ok(probe.wait(), probe)
        host.status()
        # The management API, with its token, with a wrong one, and with the right one in the wrong place.
        base = re.search(r"https://[^;]+", host.wait_for_line("The management API is on")).group(0)
        token = harness.read_bytes(os.path.join(host.state_dir, "api-token")).decode().strip()
        for arguments in (["-H", f"Authorization: Bearer {token}"], ["-H", f"Authorization: Bearer {token[:-1]}"],
                          ["-H", f"Cookie: {token}"], ["-d", token], ["-u", f"admin:{token}"], []):
            for path in ("/api/v1/status", f"/api/v1/{token}", f"/api/v1/log?token={token}"):
                subprocess.run(["curl", "-sk", "-o", os.devnull, *arguments, base + path], timeout=harness.PATIENCE_S,
                               check=True)
        self.assertEqual(0, host.stop())

        told = self.stage.logs()
        self.assertIn("debug", told, "the level was not the finest")
        # A number of four digits may turn up by itself. A log that tells PINs tells all of them.
        leaked = [pin for pin in pins if re.search(rf"\b{pin}\b", told)]
        self.assertLessEqual(len(leaked), len(pins) // 2, leaked)
        for part in (token, token[:16], token[-16:]):
            self.assertNotIn(part, told)
        keys = [os.path.join(host.state_dir, "identity.pem"), client.identity_file, second.identity_file]
        for file in keys:
            lines, scalar = private_key_of(file)
            for line in lines:
                self.assertNotIn(line, told)
            self.assertNotIn(scalar.hex(), told.lower())
            self.assertNotIn(scalar[:8].hex(), told.lower())
        # Long runs of hex digits are fingerprints, which are public, or else keys.
        known = {harness.fingerprint_of(file) for file in keys}
        strangers = {run for run in re.findall(r"\b[0-9a-f]{24,}\b", told.lower())
                     if not any(fingerprint.startswith(run) for fingerprint in known)}
        self.assertEqual(set(), strangers)

    @staticmethod
    def noisy(environment):
        return lambda **changes: environment(**{"PUNKTFUNK_LOG": "trace", **changes})

    @staticmethod
    def arm_again(host, pins):
        pins[-1] = host.arm_pairing()
        return False


class OneIdentity(E2eTest):
    def test_of_two_started_at_once_with_one_state_folder_one_runs(self):
        for round_ in range(5):
            with self.subTest(round_):
                state = self.stage.path(f"shared-{round_}")
                hosts = [self.stage.start_host("--source", "synthetic", state_dir=state) for _ in range(2)]
                ready = []
                refused = []
                for host in hosts:
                    try:
                        ready.append(host.wait_ready())
                    except AssertionError:
                        refused.append(host)
                self.assertEqual((1, 1), (len(ready), len(refused)))
                self.assertEqual(1, refused[0].wait())
                self.assert_sentence(refused[0], "already")
                self.assertEqual(0, ready[0].status()["sessions"], "the one that runs can be reached")
                self.assertEqual(0, ready[0].stop())

    def test_a_copied_state_folder_is_the_same_host_twice(self):
        """Two hosts that are one to the clients: nothing tells them apart but where they are."""
        host, client = self.stage.serve("--source", "synthetic")
        self.assert_ok(*client.run(host, "--verify", "--count", 5))
        self.assertEqual(0, host.stop())
        copy = self.stage.path("copied")
        shutil.copytree(host.state_dir, copy)
        first = self.stage.host("--source", "synthetic", state_dir=host.state_dir, port=host.port)
        second = self.stage.host("--source", "synthetic", state_dir=copy)
        self.assertEqual(harness.fingerprint_of(os.path.join(first.state_dir, "identity.pem")),
                         harness.fingerprint_of(os.path.join(copy, "identity.pem")))
        # What a client knows of a host belongs to an address: the copy at another one is a host it does not know.
        known = harness.read_bytes(client.hosts_file)
        status, probe = client.run(second, "--verify", "--count", 5)
        self.assertEqual(harness.TRUST, status, probe.text)
        self.assert_sentence(probe, "does not know the host")
        self.assertEqual(known, harness.read_bytes(client.hosts_file))
        self.assert_ok(*client.run(first, "--verify", "--count", 5))


class ControlSocket(E2eTest):
    def test_slow_and_greedy_readers_end_and_others_are_served(self):
        """Only the owner can open it; a program of theirs that hangs must not take the host along."""
        host, client = self.stage.serve("--source", "synthetic")
        tap = self.stage.tap()
        probe = client.start(host, "--verify", "--seconds", 60, "--dump", tap.path)
        tap.wait_for(20_000)
        with contextlib.ExitStack() as stack:
            for sends in (b"", b'{"command": "sta', b"x" * 100_000, b'{"command": "status"}\n' * 50):
                peer = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                peer.settimeout(5)
                peer.connect(host.control_socket)
                with contextlib.suppress(OSError):
                    peer.sendall(sends)
            before = time.monotonic()
            tap.wait_for(20_000)
            self.assertLess(time.monotonic() - before, 5, "the stream goes on")
            harness.wait_until(lambda: self.sessions_of(host) == 1, "the socket is served again")
        self.assertLess(harness.resident_kib(host.pid), 300 * 1024)
        probe.signal(harness.signal.SIGTERM)
        probe.wait()

    @staticmethod
    def sessions_of(host):
        # Those before it in the queue have their time; then an answer may come too late for the one who asked.
        with contextlib.suppress(subprocess.CalledProcessError):
            return host.status()["sessions"]
        return None


if __name__ == "__main__":
    harness.main()
