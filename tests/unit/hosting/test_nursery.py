"""The process that forks task hosts ends quietly when its worker is gone."""

from __future__ import annotations

import socket
import subprocess
import sys

from penstock.hosting.nursery import BORN, FORK, MESSAGE, READY

HOSTS = 8
NURSERY = """
import socket, sys, time
from penstock.hosting.nursery import serve
serve(socket.socket(fileno=int(sys.argv[1])), lambda channel: time.sleep(60))
"""


def test_the_deaths_of_hosts_after_the_worker_are_no_error() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stderr=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    with ours:
        assert MESSAGE.unpack(ours.recv(MESSAGE.size))[0] == READY
        for number in range(HOSTS):
            channel, output = socket.socketpair()
            descriptors = [channel.fileno(), output.fileno()]
            socket.send_fds(ours, [MESSAGE.pack(FORK, number, 0, 0)], descriptors)
            assert MESSAGE.unpack(ours.recv(MESSAGE.size))[0] == BORN
            channel.close()
            output.close()
    _, told = process.communicate(timeout=100)
    assert (process.returncode, told) == (0, "")
