# SPDX-License-Identifier: MIT OR Apache-2.0
"""A logind for tests, on the bus named by DBUS_SYSTEM_BUS_ADDRESS.

Prints "ready", then "lock WHAT MODE" and "unlock WHAT MODE" as they come. "sleep" and "wake" on standard input are said on.
"""

import os
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.login1.Manager"


def say(*words):
    print(*words, flush=True)


class Logind(dbus.service.Object):
    @dbus.service.method(MANAGER, in_signature="ssss", out_signature="h")
    def Inhibit(self, what, _who, _why, mode):
        ours, theirs = os.pipe()
        say("lock", what, mode)

        def ended(*_):
            say("unlock", what, mode)
            os.close(ours)
            return False
        # The holder gives the lock back by closing its end.
        GLib.io_add_watch(ours, GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, ended)
        answer = dbus.types.UnixFd(theirs)
        os.close(theirs)
        return answer

    @dbus.service.signal(MANAGER, signature="b")
    def PrepareForSleep(self, start):
        pass


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.SystemBus()
    name = dbus.service.BusName("org.freedesktop.login1", bus)
    logind = Logind(name, "/org/freedesktop/login1")
    loop = GLib.MainLoop()

    def on_input(*_):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        logind.PrepareForSleep(line.strip() == "sleep")
        return True
    GLib.io_add_watch(sys.stdin, GLib.PRIORITY_DEFAULT, GLib.IOCondition.IN | GLib.IOCondition.HUP, on_input)
    say("ready")
    loop.run()


if __name__ == "__main__":
    main()
