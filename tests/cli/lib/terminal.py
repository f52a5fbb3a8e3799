#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run a command at a terminal of its own and type at it.

terminal.py ACTION... -- COMMAND ARG...

expect:TEXT  wait until it has written TEXT, after what was expected before
type:TEXT    type TEXT; ^C and the like are control characters
run:COMMAND  run a shell command meanwhile

What it writes goes to standard output.  Exits as the command does, 128 more
than the signal that ended it, or with 99 if something expected did not come.
"""
import os
import pty
import select
import signal
import subprocess
import sys
import time

PATIENCE = 10


class Terminal:
    def __init__(self, command):
        self.seen = b""
        self.used = 0
        self.open = True
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            for sig in signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE:
                signal.signal(sig, signal.SIG_DFL)
            os.execvp(command[0], command)

    def read(self, seconds):
        if not self.open:
            time.sleep(min(seconds, 0.02))
            return
        if not select.select([self.fd], [], [], seconds)[0]:
            return
        try:
            data = os.read(self.fd, 4096)
        except OSError:     # the other end is closed
            data = b""
        if not data:
            self.open = False
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        self.seen += data

    def expect(self, text):
        end = time.monotonic() + PATIENCE
        while True:
            at = self.seen.find(text.encode(), self.used)
            if at >= 0:
                self.used = at + len(text)
                return
            if not self.open or time.monotonic() > end:
                self.give_up("expected: " + text)
            self.read(0.05)

    def type(self, text):
        out = b""
        while text:
            if text[0] == "^" and len(text) > 1:
                out += bytes([ord(text[1]) & 0x1f])
                text = text[2:]
            else:
                out += text[0].encode()
                text = text[1:]
        os.write(self.fd, out)

    def give_up(self, why):
        print("\nterminal.py: " + why, file=sys.stderr)
        try:
            os.killpg(os.tcgetpgrp(self.fd), signal.SIGKILL)
        except OSError:
            pass
        os.kill(self.pid, signal.SIGKILL)
        sys.exit(99)

    def wait(self):
        end = time.monotonic() + PATIENCE
        while True:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > end:
                self.give_up("it does not end")
        while self.open and select.select([self.fd], [], [], 0)[0]:
            self.read(0)
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


def main():
    split = sys.argv.index("--")
    terminal = Terminal(sys.argv[split + 1:])
    for action in sys.argv[1:split]:
        verb, text = action.split(":", 1)
        if verb == "expect":
            terminal.expect(text)
        elif verb == "type":
            terminal.type(text)
        elif verb == "run":
            subprocess.run(text, shell=True, check=True)
        else:
            sys.exit("terminal.py: no action " + verb)
    sys.exit(terminal.wait())


main()
