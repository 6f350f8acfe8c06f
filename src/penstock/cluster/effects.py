"""What a control plane wants done; the driver does it and tells what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.cluster.changes import Change
from penstock.cluster.events import Event, Pairs
from penstock.cluster.messages import Command, State


class Reply(msgspec.Struct, frozen=True):
    """Answer a request."""

    request: int
    value: Any = None
    error: Exception | None = None


class Validate(msgspec.Struct, frozen=True):
    """Check a configuration; the result is what clients are shown of it."""

    request: int
    config: Mapping[str, str | None]


class WriteConfig(msgspec.Struct, frozen=True):
    """Write to the config log, all or nothing, and read it back before the result is told."""

    request: int
    changes: tuple[Change, ...]


class Send(msgspec.Struct, frozen=True):
    """Give the task hosts a command; its properties still have references to secrets."""

    command: Command


class Announce(msgspec.Struct, frozen=True):
    """Tell operators, in the log: a warning, unless it was to be expected."""

    text: str
    expected: bool = False


class WriteStatus(msgspec.Struct, frozen=True):
    """Write to the status log; a state of None removes the status."""

    connector: str
    number: int
    state: State | None
    generation: int = 0
    trace: str | None = None
    version: str | None = None


class WriteTopic(msgspec.Struct, frozen=True):
    """Note in the status log that a connector uses a topic, or no longer does."""

    connector: str
    topic: str
    task: int | None
    used: bool = True


class Rejoin(msgspec.Struct, frozen=True):
    """Let the group agree anew on who runs what; tells the number of tasks of each connector."""

    configured: Mapping[str, int]


class LeaveGroup(msgspec.Struct, frozen=True):
    """Stop everything, then be no member of the group until `Rejoin`."""


class Refresh(msgspec.Struct, frozen=True):
    """Read the config log to its end; `Synced` with this attempt tells how it went."""

    attempt: int
    timeout_seconds: float


class ClaimLog(msgspec.Struct, frozen=True):
    """Keep earlier leaders from writing to the config log; `Claimed` tells how it went."""

    generation: int


class RotateKey(msgspec.Struct, frozen=True):
    """Write a new session key; `KeyWritten` tells how it went."""

    algorithm: str
    size_bits: int | None


class PrepareOffsets(msgspec.Struct, frozen=True):
    """Check and normalise offsets an operator gave; None stands for all there are, forgotten."""

    request: int
    connector: str
    config: Mapping[str, str | None]
    offsets: Pairs | None


class WriteOffsets(msgspec.Struct, frozen=True):
    """Store offsets; None as an offset forgets it."""

    request: int
    connector: str
    config: Mapping[str, str | None]
    offsets: Pairs
    reset: bool


class ReadConfig(msgspec.Struct, frozen=True):
    """Read the config log to its end, for a request."""

    request: int
    timeout_seconds: float


class FenceProducers(msgspec.Struct, frozen=True):
    """Keep the producers of so many tasks of a connector from writing."""

    request: int
    connector: str
    config: Mapping[str, str | None]
    tasks: int


class AskToFence(msgspec.Struct, frozen=True):
    """Let the leader fence off a connector's earlier producers."""

    request: int
    url: str | None
    connector: str


class AskLeader(msgspec.Struct, frozen=True):
    """Pass task configurations on to the leader."""

    request: int
    url: str | None
    connector: str
    configs: tuple[Mapping[str, str], ...]


class ChangeLevel(msgspec.Struct, frozen=True):
    """Set a logger's level in this worker."""

    logger: str
    level: str


class Wake(msgspec.Struct, frozen=True):
    """Let an event happen later."""

    after_seconds: float
    event: Event


Effect = (
    Reply
    | Validate
    | WriteConfig
    | Send
    | WriteStatus
    | WriteTopic
    | Rejoin
    | LeaveGroup
    | Refresh
    | ClaimLog
    | RotateKey
    | PrepareOffsets
    | WriteOffsets
    | ReadConfig
    | FenceProducers
    | AskToFence
    | AskLeader
    | ChangeLevel
    | Announce
    | Wake
)
