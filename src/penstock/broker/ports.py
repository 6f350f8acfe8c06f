"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import itertools
import os
import socket

from penstock.broker.errors import BrokerError
from penstock.broker.settings import HOST

_LOWEST, _COUNT = 14_000, 16_000  # below what systems give to outgoing connections
_FAR = 9_889


def _first_step(pid: int) -> int:
    """Processes that begin one after the other have their first ports far apart."""
    return pid * _FAR % _COUNT


_steps = itertools.count(_first_step(os.getpid()))


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; they stay free only as long as nobody else takes them.

    A process gets the next ones each time, so that none comes twice before it is listened on.
    """
    ports = (_LOWEST + step % _COUNT for step in itertools.islice(_steps, _COUNT))
    found = list(itertools.islice(filter(_is_free, ports), count))
    if len(found) < count:
        raise BrokerError(f"There are no {count} free ports from {_LOWEST} on {HOST}.")
    return found


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def check_free(port: int) -> None:
    """Raise if something listens on `port` already, or may not."""
    if not 1 <= port <= 65535:
        raise BrokerError(f"Port {port} cannot be used: ports go from 1 to 65535.")
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise BrokerError(
            f"Port {port} on {HOST} cannot be used ({reason}); choose another port."
        ) from error
