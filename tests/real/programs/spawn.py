# SPDX-License-Identifier: LGPL-2.1-or-later
"""posix_spawn, over and over, with everything that it can do."""
import os
import signal
import sys

TRUE, SH = "/bin/true", "/bin/sh"
statuses = []

for _ in range(60):
    pid = os.posix_spawn(TRUE, ["true"], os.environ)
    statuses.append(os.waitpid(pid, 0)[1])
print(sum(statuses), len(statuses))

pids = {}                   # many at once
for i in range(30):
    pids[os.posix_spawn(SH, ["sh", "-c", "exit %d" % i], os.environ)] = i
ends = {}
while pids:
    pid, status = os.wait()
    ends[pids.pop(pid)] = os.waitstatus_to_exitcode(status)
print(sorted(ends.items()))

sys.stdout.flush()
for i in range(10):
    actions = [(os.POSIX_SPAWN_OPEN, 1, "out%d" % i,
                os.O_WRONLY | os.O_CREAT, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
    pid = os.posix_spawn(SH, ["sh", "-c", "echo out; echo err >&2; kill -9 $$"],
                         {"A": "b"}, file_actions=actions, setpgroup=0,
                         setsigmask=[signal.SIGTERM],
                         setsigdef=[signal.SIGPIPE])
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
for name in ("/no/such/program", "/etc/passwd"):
    try:
        os.posix_spawn(name, [name], os.environ)
    except OSError as error:
        print(name, error.strerror)
for _ in range(20):         # the shell's own way, vfork
    print(os.system("exit 4"), end=" ")
print()
sys.stdout.flush()
os.execv(SH, ["sh", "-c", "echo the end; exit 77"])
