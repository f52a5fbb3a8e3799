#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the demonstration traces: threads, children and signals.

It knows nothing of tracing.  What it prints is the same in every run on one
machine, and its exit status is 7.
"""
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 60
results = {}
handled = 0
pong_read, pong_write = os.pipe()


def on_signal(number, frame):
    global handled
    handled += 1
    os.write(pong_write, b".")


def writer():
    with tempfile.TemporaryFile() as file:
        for i in range(ROUNDS):
            os.write(file.fileno(), b"line %d of the writer\n" % i)
            time.sleep(0.005)
        file.seek(0)
        results["writer"] = hashlib.sha256(file.read()).hexdigest()[:16]


def reader():
    total = 0
    for i in range(3 * ROUNDS):
        with open(os.__file__, "rb") as file:
            total += len(file.read())
        time.sleep(0.005)
    results["reader"] = total


def signals():
    for i in range(2 * ROUNDS):
        signal.pthread_kill(main, signal.SIGUSR1)
        os.read(pong_read, 1)       # wait until it was handled
        time.sleep(0.005)


def children():
    said = []
    for i in range(4):
        done = subprocess.run(["sort", "-n"], input=b"3\n1\n2\n",
                              stdout=subprocess.PIPE)
        said.append(done.stdout.decode().split())
        done = subprocess.run(["sh", "-c", "kill -TERM $$"])
        said.append(done.returncode)
    results["children"] = said


main = threading.main_thread().ident
signal.signal(signal.SIGUSR1, on_signal)
threads = [threading.Thread(target=f)
           for f in (reader, writer, signals, children)]
for thread in threads:
    thread.start()
for thread in threads:
    # Not for ever: a signal that comes just before it waits is handled after.
    while thread.is_alive():
        thread.join(0.1)

print("this machine is", os.uname().nodename)
sys.stdout.flush()
subprocess.run(["uname", "-n"])
for name in sorted(results):
    print(name, results[name])
print("signals handled:", handled)
sys.exit(7)
