# SPDX-License-Identifier: MIT OR Apache-2.0
"""Hosts announce themselves and are found: with a real Avahi daemon on a bus and a network of the test's own.

The test starts itself again in a namespace where it may make networks; nothing it does is seen outside.
"""

import json
import os
import re
import subprocess
import sys

import harness
from harness import E2eTest, Process

ADDRESS = "192.168.77.1"
INSIDE = "PUNKTFUNK_INSIDE_NAMESPACE"
BUS = "/run/test-bus"

BUS_CONFIG = f"""<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={BUS}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/></policy>
</busconfig>"""

AVAHI_CONFIG = """[server]
host-name=tester
use-ipv6=no
[publish]
publish-workstation=no
"""


def run(*command):
    subprocess.run(command, check=True, timeout=harness.PATIENCE_S)


def make_network():
    run("mount", "-t", "tmpfs", "none", "/run")
    # The daemon gives its folder to its own user, and the namespace knows but one.
    for name, fields in (("passwd", ":x:0:0:"), ("group", ":x:0:")):
        with open(f"/etc/{name}", encoding="utf-8") as file:
            lines = [line for line in file if not line.startswith("avahi:")]
        with open(f"/run/{name}", "w", encoding="utf-8") as file:
            file.writelines(lines)
            file.write(f"avahi{fields}" + (":/run:/bin/false\n" if name == "passwd" else "\n"))
        run("mount", "--bind", f"/run/{name}", f"/etc/{name}")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "pf0", "type", "veth", "peer", "name", "pf1")
    run("ip", "addr", "add", f"{ADDRESS}/24", "dev", "pf0")
    run("ip", "link", "set", "pf0", "up")
    run("ip", "link", "set", "pf1", "up")
    for name, text in (("bus.conf", BUS_CONFIG), ("avahi.conf", AVAHI_CONFIG)):
        with open(f"/run/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={BUS}"


def start_bus():
    bus = Process("the bus", ["dbus-daemon", "--config-file=/run/bus.conf", "--nofork", "--print-address"], os.environ)
    bus.wait_for_line("unix:")
    return bus


def start_avahi():
    avahi = Process("avahi", ["avahi-daemon", "-f", "/run/avahi.conf", "--no-drop-root", "--no-chroot", "--no-rlimits"],
                    os.environ)
    avahi.wait_for_line("Server startup complete")
    return avahi


class Discovery(E2eTest):
    def setUp(self):
        super().setUp()
        self.client = self.stage.client()

    def host(self, *options, **more):
        return self.stage.host("--source", "synthetic", *options, bind=ADDRESS, **more)

    def punktfunk(self, *arguments, status=harness.OK):
        argv = [harness.program("punktfunk"), "--json", "--state-dir", self.client.state_dir, *map(str, arguments)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=self.stage.environment(), check=False)
        self.assertEqual(status, done.returncode, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def discovered(self):
        return {host["name"]: host for host in self.punktfunk("discover", "--seconds", 0.4)["hosts"]}

    def wait_for(self, condition, what):
        return harness.wait_until(lambda: condition(self.discovered()), what)

    def test_a_host_is_found_paired_by_name_and_followed(self):
        host = self.host("--name", "Test tower")
        host.wait_for_line("Announced on the network as \"Test tower\"")
        found = self.wait_for(lambda hosts: hosts.get("Test tower"), "the host is found")
        identity = os.path.join(host.state_dir, "identity.pem")
        self.assertEqual(harness.fingerprint_of(identity), found["announced_fingerprint"])
        self.assertEqual([ADDRESS], found["addresses"])
        self.assertEqual(host.port, found["port"])
        self.assertRegex(found["id"], "^[0-9a-f]{32}$")
        self.assertTrue(found["os"])
        self.assertEqual((True, False, True, True),
                         (found["online"], found["paired"], found["needs_pairing"], found["compatible"]))

        self.punktfunk("pair", "test TOWER", "--pin", host.arm_pairing())
        self.assertTrue(self.discovered()["Test tower"]["paired"])
        (saved,) = self.punktfunk("hosts")["hosts"]
        self.assertEqual(("Test tower", found["id"]), (saved["name"], saved["id"]))

        # It comes back elsewhere: what it announces leads there, and the saved identity must still be shown.
        self.assertEqual(0, host.stop())
        self.wait_for(lambda hosts: not hosts["Test tower"]["online"], "the host is gone")
        moved = self.host("--name", "Test tower", state_dir=host.state_dir)
        self.assertNotEqual(host.port, moved.port)
        self.wait_for(lambda hosts: hosts["Test tower"]["online"], "the host is back")
        self.punktfunk("connect", "Test tower", "--seconds", 0.2, "--output", "/dev/null", "--timeout", 0.5, "--quiet")
        self.assertEqual(moved.port, self.punktfunk("hosts")["hosts"][0]["port"])

        # The same installation with another identity is shown as that, and not connected to.
        self.assertEqual(0, moved.stop())
        os.remove(identity)
        self.host("--name", "Test tower", state_dir=host.state_dir, port=moved.port)
        self.wait_for(lambda hosts: hosts["Test tower"]["identity_changed"], "the change is shown")
        answer = self.punktfunk("connect", "Test tower", status=harness.TRUST)
        self.assertIn("punktfunk forget", answer["message"])

    def test_names_that_are_taken_and_hosts_that_stay_silent(self):
        self.host("--name", "Twin").wait_for_line("Announced")
        open_to_all = self.host("--name", "Twin", "--trust-first-use")
        open_to_all.wait_for_line("Announced on the network as \"Twin #2\"")
        self.host("--name", "Silent", "--no-mdns")
        loopback = self.stage.host("--source", "synthetic", "--name", "Local")
        hosts = self.wait_for(lambda hosts: {"Twin", "Twin #2"} <= hosts.keys() and hosts, "both are found")
        self.assertEqual({"Twin", "Twin #2"}, hosts.keys())
        self.assertNotEqual(hosts["Twin"]["id"], hosts["Twin #2"]["id"])
        self.assertEqual([True, False], [hosts[name]["needs_pairing"] for name in ("Twin", "Twin #2")])
        self.assertNotRegex(loopback.text, "nnounced")

    def test_a_daemon_that_goes_away_and_comes_back(self):
        global avahi
        host = self.host("--name", "Patient")
        host.wait_for_line("Announced")
        avahi.signal(15)
        avahi.wait()
        host.wait_for_line("is not announced on its network.*systemctl start avahi-daemon")
        answer = self.punktfunk("discover", "--seconds", 1, status=harness.FAILED)
        self.assertIn("systemctl start avahi-daemon", answer["message"])
        # Everything else works: pairing and streaming by address.
        at = f"{ADDRESS}:{host.port}"
        self.punktfunk("pair", at, "--pin", host.arm_pairing())
        self.punktfunk("connect", at, "--seconds", 0.2, "--output", "/dev/null", "--quiet")
        late = self.host("--name", "Late")
        late.wait_for_line("is not announced")
        avahi.kill()
        avahi = start_avahi()
        host.wait_for_line("Announced on the network", count=2)
        late.wait_for_line("Announced on the network as \"Late\"")
        self.wait_for(lambda hosts: "Late" in hosts and hosts[at]["online"], "both are found")
        self.assertEqual(1, len(re.findall("is not announced", host.text)), "one warning")
        self.assertEqual(1, len(re.findall("is not announced", late.text)), "one warning")

    def test_no_bus_at_all(self):
        host = self.stage.host("--source", "synthetic", bind=ADDRESS, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/run/none")
        host.wait_for_line("is not announced on its network.*start it")
        self.punktfunk("pair", f"{ADDRESS}:{host.port}", "--pin", host.arm_pairing())
        self.assertEqual(0, host.stop())


avahi = None


def setUpModule():
    global avahi, bus
    make_network()
    bus = start_bus()
    avahi = start_avahi()


def tearDownModule():
    for process in (avahi, bus):
        process.signal(15)
        process.wait()
        process.kill()


if __name__ == "__main__":
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--map-root-user", "--net", "--mount", sys.executable, *sys.argv])
    harness.main()
