"""Names and versions of the protocols workers of a group agree on."""

from __future__ import annotations

import enum


class Protocol(enum.Enum):
    """How a group rebalances: setting of `connect.protocol`, name in the group, version."""

    EAGER = ("eager", "default", 0)
    COMPATIBLE = ("compatible", "compatible", 1)
    SESSIONED = ("sessioned", "sessioned", 2)

    def __init__(self, mode: str, protocol: str, version: int) -> None:
        self.mode = mode
        self.protocol = protocol
        self.version = version

    @classmethod
    def of_mode(cls, mode: str) -> Protocol:
        """By the setting, in any case."""
        for protocol in cls:
            if protocol.mode == mode.lower():
                return protocol
        raise ValueError(f"Unknown Connect protocol compatibility mode: {mode}")

    @classmethod
    def of_protocol(cls, name: str) -> Protocol:
        """By the name members offer."""
        for protocol in cls:
            if protocol.protocol == name.lower():
                return protocol
        raise ValueError(f"Not found Connect protocol compatibility mode for protocol: {name}")

    @classmethod
    def of_version(cls, version: int) -> Protocol:
        for protocol in cls:
            if protocol.version == version:
                return protocol
        raise ValueError(f"Unknown Connect protocol version: {version}")

    def offered(self) -> list[Protocol]:
        """What a worker of this mode offers, best first."""
        return [protocol for protocol in reversed(Protocol) if protocol.version <= self.version]
