# SPDX-License-Identifier: LGPL-2.1-or-later
"""Threads that compute, read files and run programs; queues between them."""
import hashlib
import os
import queue
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

lock = threading.Lock()
total = 0


def digest(n):
    data = bytes(range(256)) * n
    return hashlib.sha256(data).hexdigest()[:12]


def run(n):
    done = subprocess.run(["sh", "-c", "cat; echo err >&2; exit %d" % n],
                          input=b"input %d\n" % n, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    return done.returncode, done.stdout, done.stderr


def count(n):
    global total
    for _ in range(n):
        with lock:
            total += 1


with ThreadPoolExecutor(8) as pool:
    print(list(pool.map(digest, range(1, 200, 10))))
    print(list(pool.map(run, range(12))))

for _ in range(10):         # short threads, many of them
    threads = [threading.Thread(target=count, args=(200,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("total", total)

todo, done = queue.Queue(), queue.Queue()


def worker():
    while True:
        item = todo.get()
        if item is None:
            return
        done.put(item * item)


workers = [threading.Thread(target=worker) for _ in range(4)]
for thread in workers:
    thread.start()
for i in range(500):
    todo.put(i)
for _ in workers:
    todo.put(None)
for thread in workers:
    thread.join()
print("sum", sum(done.get() for _ in range(500)))

with subprocess.Popen(["sort", "-r"], stdin=subprocess.PIPE) as sort:
    sys.stdout.flush()
    sort.communicate(b"".join(b"%03d\n" % i for i in range(50)))

pid = os.fork()             # a fork in a program that had threads
if not pid:
    os._exit(17)
print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print("to standard error", file=sys.stderr)
sys.exit(5)
