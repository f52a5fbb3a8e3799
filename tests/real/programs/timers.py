# SPDX-License-Identifier: LGPL-2.1-or-later
"""Interval timers, handlers that interrupt, waits for signals, timeouts."""
import os
import select
import signal
import subprocess
import sys
import time

ticks = 0


def tick(number, frame):
    global ticks
    ticks += 1
    if ticks >= 100:
        signal.setitimer(signal.ITIMER_REAL, 0)


signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
while ticks < 100:
    time.sleep(0.05)
# one may come just before the timer is stopped
print("ticks", ticks >= 100, signal.getitimer(signal.ITIMER_REAL))

# a call that a handler cuts short
class Cut(Exception):
    pass


def cut(number, frame):
    raise Cut


signal.signal(signal.SIGALRM, cut)
read, write = os.pipe()
for what in (lambda: os.read(read, 1), lambda: select.select([read], [], [], 9),
             lambda: time.sleep(9), signal.pause, lambda: os.wait()):
    child = os.fork()
    if not child:
        time.sleep(9)
        os._exit(0)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        what()
        print("not cut short")
    except Cut:
        print("cut short")
    os.kill(child, signal.SIGKILL)
    print(os.waitpid(child, 0)[1])

# signals that are waited for, and their order and values
wanted = {signal.SIGUSR1, signal.SIGUSR2, signal.SIGRTMIN, signal.SIGRTMIN + 1}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
for number in (signal.SIGRTMIN + 1, signal.SIGUSR2, signal.SIGRTMIN,
               signal.SIGUSR1, signal.SIGRTMIN, signal.SIGUSR1):
    os.kill(os.getpid(), number)
got = []
while True:
    info = signal.sigtimedwait(wanted, 0.05)
    if info is None:
        break
    got.append((int(info.si_signo), info.si_code, info.si_pid == os.getpid()))
print(got)
print("nothing:", signal.sigtimedwait(wanted, 0.2))

# CPU time, and signals that are ignored or blocked
signal.signal(signal.SIGVTALRM, tick)
signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
before = ticks
while ticks == before:
    pass
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, wanted)
for _ in range(50):
    os.kill(os.getpid(), signal.SIGUSR1)
print("ignored")
for command in (["timeout", "0.1", "sleep", "9"], ["timeout", "9", "true"],
                ["timeout", "-s", "INT", "0.1", "sleep", "9"],
                ["sh", "-c", "kill -ALRM $$"]):
    print(command, subprocess.run(command).returncode)
sys.stdout.flush()
signal.signal(signal.SIGUSR1, signal.SIG_DFL)
os.kill(os.getpid(), signal.SIGUSR1)
