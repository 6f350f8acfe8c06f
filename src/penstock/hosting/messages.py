"""What a worker and its host processes say to each other, as msgpack.

Commands and reports are those of the control plane; around them stand offsets, log lines, answers
to questions about plugins, and signs of life. Records never cross.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from penstock.cluster.messages import Command, Failure, Report, TaskId
from penstock.runtime.measures import TaskMeasures
from penstock.sdk.numbers import Float32

Pairs = list[tuple[dict[str, Any] | None, dict[str, Any] | None]]


# To a host --------------------------------------------------------------------------------------


class Setup(msgspec.Struct, frozen=True, tag=True):
    """The first message: what a host has to know before anything else."""

    plan: bytes
    levels: dict[str, int] = {}
    beat_seconds: float = 1.0
    lease: float | None = None
    measure_seconds: float = 5.0


class Lease(msgspec.Struct, frozen=True, tag=True):
    """The host may go on until then, in monotonic time, which processes share; then it ends."""

    until: float


class SetLevels(msgspec.Struct, frozen=True, tag=True):
    """Levels of loggers; the root logger's name is empty."""

    levels: dict[str, int]


class OffsetsFound(msgspec.Struct, frozen=True, tag=True):
    """Answers `ReadOffsets`, in the order in which it asked."""

    request: int
    offsets: list[dict[str, Any] | None]


class OffsetsStored(msgspec.Struct, frozen=True, tag=True):
    """Answers `StoreOffsets`: they are durable. Or `CopyOffsets`: they are on their way."""

    request: int


class OffsetRecordsMade(msgspec.Struct, frozen=True, tag=True):
    """Answers `MakeOffsetRecords`: keys and values to write to this topic."""

    request: int
    topic: str
    entries: list[tuple[bytes, bytes | None]]
    copied: bool = False


class OffsetsRefused(msgspec.Struct, frozen=True, tag=True):
    """Answers any of them: it could not be done."""

    request: int
    message: str


class StartConfirmed(msgspec.Struct, frozen=True, tag=True):
    """Answers `ConfirmStart`: the task may begin."""

    request: int


class StartRefused(msgspec.Struct, frozen=True, tag=True):
    """Answers `ConfirmStart`: the task is superseded, or nobody can tell."""

    request: int
    message: str


class Ask(msgspec.Struct, frozen=True, tag=True):
    """A question about plugins; `Answered` answers."""

    request: int
    question: str
    body: bytes


class ShowStack(msgspec.Struct, frozen=True, tag=True):
    """Ask what the Python stack of a task looks like; `StackShown` answers."""

    id: TaskId
    incarnation: int


ToHost = (
    Setup
    | Lease
    | SetLevels
    | OffsetsFound
    | OffsetsStored
    | OffsetRecordsMade
    | OffsetsRefused
    | StartConfirmed
    | StartRefused
    | Ask
    | ShowStack
    | Command
)


# From a host ------------------------------------------------------------------------------------


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The host is set up. This may be heard before the word of its birth."""

    pid: int


class ReadOffsets(msgspec.Struct, frozen=True, tag=True):
    """Committed offsets of partitions, for a task."""

    request: int
    id: TaskId
    incarnation: int
    partitions: list[dict[str, Any] | None]


class StoreOffsets(msgspec.Struct, frozen=True, tag=True):
    """Store offsets durably, for a task; refused once the task was given up on."""

    request: int
    id: TaskId
    incarnation: int
    offsets: Pairs
    timeout_ms: int


class ConfirmStart(msgspec.Struct, frozen=True, tag=True):
    """The producer of an exactly-once task is up: may it begin?"""

    request: int
    id: TaskId
    incarnation: int


class MakeOffsetRecords(msgspec.Struct, frozen=True, tag=True):
    """Offsets as records for a transaction; refused once the task was given up on."""

    request: int
    id: TaskId
    incarnation: int
    offsets: Pairs
    timeout_ms: int


class CopyOffsets(msgspec.Struct, frozen=True, tag=True):
    """A transaction with these is committed; `OffsetsStored` answers."""

    request: int
    id: TaskId
    incarnation: int
    offsets: Pairs


class LogLine(msgspec.Struct, frozen=True):
    """What a logger of a host was given."""

    logger: str
    level: int
    created: float
    context: str
    text: str
    trace: str | None = None


class Logged(msgspec.Struct, frozen=True, tag=True):
    """Lines for the worker's log; `dropped` were more than a host may write."""

    lines: list[LogLine]
    dropped: int = 0


class SecretLearned(msgspec.Struct, frozen=True, tag=True):
    """A setting is a password, as only the plugin knows; it may print it from now on."""

    secret: str


class PluginCall(msgspec.Struct, frozen=True):
    """A task is inside plugin code; `since` is monotonic time, which processes share."""

    id: TaskId
    incarnation: int
    what: str
    since: float


class Beat(msgspec.Struct, frozen=True, tag=True):
    """The host's interpreter runs; and the calls into plugins that take long."""

    calls: list[PluginCall] = []


class Measured(msgspec.Struct, frozen=True, tag=True):
    """What tasks have counted; of those that are not named, nothing is new."""

    tasks: list[TaskMeasures] = []


class StackShown(msgspec.Struct, frozen=True, tag=True):
    id: TaskId
    incarnation: int
    stack: str


class Answered(msgspec.Struct, frozen=True, tag=True):
    """The answer to a question, or the error it was answered with: class and message."""

    request: int
    body: bytes = b""
    error: tuple[str, str] | None = None
    failure: Failure | None = None


FromHost = (
    Ready
    | ReadOffsets
    | StoreOffsets
    | ConfirmStart
    | MakeOffsetRecords
    | CopyOffsets
    | Logged
    | SecretLearned
    | Beat
    | Measured
    | StackShown
    | Answered
    | Report
)


# Bytes ------------------------------------------------------------------------------------------

_FLOAT32 = 1
_FLOAT32_BYTES = struct.Struct("<d")  # it may be more precise than its type


def _plain(value: Any) -> Any:
    """Numbers of a width; of these only FLOAT32 is written differently from its like."""
    if isinstance(value, Float32):
        return msgspec.msgpack.Ext(_FLOAT32, _FLOAT32_BYTES.pack(value))
    for kind in (int, float, str):
        if isinstance(value, kind):
            return kind(value)
    raise TypeError(f"A value of type {type(value).__name__} cannot leave its process.")


def _from_extension(code: int, data: memoryview) -> Any:
    if code == _FLOAT32:
        return Float32(_FLOAT32_BYTES.unpack(data)[0])
    raise ValueError(f"Nothing is known of the extension {code}.")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_to_host: msgspec.msgpack.Decoder[ToHost] = msgspec.msgpack.Decoder(
    ToHost, ext_hook=_from_extension
)
_from_host: msgspec.msgpack.Decoder[FromHost] = msgspec.msgpack.Decoder(
    FromHost, ext_hook=_from_extension
)


def encoded(message: ToHost | FromHost) -> bytes:
    """Raises TypeError or OverflowError for a value that msgpack does not have."""
    return _encoder.encode(message)


def read_by_host(data: bytes) -> ToHost:
    return _to_host.decode(data)


def read_by_worker(data: bytes) -> FromHost:
    return _from_host.decode(data)
