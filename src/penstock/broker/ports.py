"""Free TCP ports on the loopback interface."""

from __future__ import annotations

import os
import socket

from penstock.broker.errors import BrokerError
from penstock.broker.settings import HOST


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on; they stay free only as long as nobody else takes them."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


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
