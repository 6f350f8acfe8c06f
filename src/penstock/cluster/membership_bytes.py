"""What members of a worker group say to each other through the broker, as bytes.

Metadata: what a worker offers when it joins. Assignment: what the leader answers. Version 0 is the
eager protocol; 1 and 2 are cooperative and share one layout, with fields at the end that may be
missing.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn, TypeVar

import msgspec

from penstock.cluster.assignor_work import Work
from penstock.cluster.messages import TaskId
from penstock.cluster.protocol import Protocol
from penstock.runtime.java_order import hash_order
from penstock.sdk.errors import ConnectError

T = TypeVar("T")

NO_ERROR, CONFIG_MISMATCH = 0, 1
_CONNECTOR_ITSELF = -1
_UNDERFLOW = "java.nio.BufferUnderflowException"


class SchemaError(ConnectError):
    """Bytes that no worker writes, or a message that cannot be written."""

    java_class = "org.apache.kafka.common.protocol.types.SchemaException"


class Assignment(msgspec.Struct, frozen=True):
    """What a leader told a member; also what a member says it runs."""

    version: int
    leader: str | None
    leader_url: str | None
    offset: int  # of the config topic, that the assignment was made from
    connectors: Sequence[str] = ()
    tasks: Sequence[TaskId] = ()
    revoked_connectors: Sequence[str] = ()
    revoked_tasks: Sequence[TaskId] = ()
    delay_ms: int = 0
    error: int = NO_ERROR

    @property
    def failed(self) -> bool:
        return self.error != NO_ERROR

    def work(self) -> Work:
        return Work.of(self.connectors, self.tasks)


class Metadata(msgspec.Struct, frozen=True):
    """What a member says when it joins."""

    url: str | None
    offset: int  # of the next config record it will read; -1 if it read none
    allocation: Assignment | None = None


def offers(mode: Protocol, metadata: Metadata) -> list[tuple[str, bytes]]:
    """Protocol names and metadata, best first."""
    return [(p.protocol, write_metadata(p.version, metadata)) for p in mode.offered()]


RUNS_NOTHING = Assignment(1, None, None, -1)


# Writing ----------------------------------------------------------------------------------------


def write_metadata(version: int, metadata: Metadata) -> bytes:
    head = struct.pack(">h", version) + _string("url", metadata.url)
    head += struct.pack(">q", metadata.offset)
    if version == 0:
        return head
    if metadata.allocation is None:
        return head + struct.pack(">i", -1)
    # Always in the version that is being offered, whatever it was received in.
    allocation = write_assignment(version, metadata.allocation)
    return head + struct.pack(">i", len(allocation)) + allocation


def write_assignment(version: int, given: Assignment) -> bytes:
    head = struct.pack(">hh", version, given.error) + _string("leader", given.leader)
    head += _string("leader-url", given.leader_url) + struct.pack(">q", given.offset)
    assigned = _entries(_set_order(given.connectors), given.tasks)
    if version == 0:
        return head + assigned
    revoked = _entries(given.revoked_connectors, given.revoked_tasks)
    return head + assigned + revoked + struct.pack(">i", given.delay_ms)


def _string(field: str, text: str | None) -> bytes:
    if text is None:
        raise SchemaError(
            f"Error computing size for field '{field}': "
            f"Missing value for field '{field}' which has no default value."
        )
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def _entries(connectors: Iterable[str], tasks: Iterable[TaskId]) -> bytes:
    """One entry per connector: those assigned themselves first."""
    numbers: dict[str, list[int]] = {}
    for connector in connectors:
        numbers[connector] = [_CONNECTOR_ITSELF]
    for task in tasks:
        numbers.setdefault(task.connector, []).append(task.task)
    parts = [struct.pack(">i", len(numbers))]
    for connector, of_connector in numbers.items():
        parts.append(_string("connector", connector))
        parts.append(struct.pack(f">i{len(of_connector)}i", len(of_connector), *of_connector))
    return b"".join(parts)


def _set_order(connectors: Iterable[str]) -> list[str]:
    """A Java hash set made from a collection is made large enough at once."""
    names = list(connectors)
    buckets = 16
    while buckets < int(len(names) / 0.75) + 1:
        buckets *= 2
    return hash_order(names, buckets)


# Reading ----------------------------------------------------------------------------------------


def read_metadata(version: int, data: bytes) -> Metadata:
    """`version` is that of the protocol the group agreed on. Raises SchemaError."""
    reader = _Reader(data)
    _supported(reader.field("version", reader.short))
    if version == 0:
        return Metadata(
            reader.field("url", reader.text), reader.field("config-offset", reader.long)
        )
    url, offset = reader.field("url", reader.text), reader.field("config-offset", reader.long)
    allocation = reader.optional("allocation", reader.nullable_bytes, None)
    known = RUNS_NOTHING if allocation is None else read_assignment(version, allocation)
    return Metadata(url, offset, known)


def read_assignment(version: int, data: bytes) -> Assignment:
    """`version` is that of the protocol the group agreed on. Raises SchemaError."""
    reader = _Reader(data)
    own = reader.field("version", reader.short)
    _supported(own)
    field = reader.field if version == 0 else reader.required
    error = field("error", reader.short)
    leader, url = field("leader", reader.text), field("leader-url", reader.text)
    offset = field("config-offset", reader.long)
    if version == 0:
        connectors, tasks = reader.field("assignment", reader.entries)
        return Assignment(0, leader, url, offset, connectors, tasks, error=error)
    nothing: _Entries = ([], [])
    connectors, tasks = reader.optional("assignment", reader.nullable_entries, nothing)
    gone, gone_tasks = reader.optional("revoked", reader.nullable_entries, nothing)
    delay = reader.optional("delay", reader.int, 0)
    return Assignment(own, leader, url, offset, connectors, tasks, gone, gone_tasks, delay, error)


def _supported(version: int) -> None:
    """Higher versions are read as the layout known here."""
    if version < 0:
        raise SchemaError(f"Unsupported subscription version: {version}")


_Entries = tuple[list[str], list[TaskId]]


class _Reader:
    """Reads fields one after another; errors name the field, as Java's do."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def field(self, name: str, read: Callable[[], T]) -> T:
        try:
            return read()
        except SchemaError as error:
            raise SchemaError(f"Error reading field '{name}': {error.args[0]}") from None

    def required(self, name: str, read: Callable[[], T]) -> T:
        """A field among others that older writers may leave out; this one they may not."""
        return self.field(name, read if self._left() else lambda: self._missing(name))

    def optional(self, name: str, read: Callable[[], T], default: T) -> T:
        """A field that older writers leave out at the end."""
        return self.field(name, read) if self._left() else default

    def _missing(self, name: str) -> NoReturn:
        raise SchemaError(f"Missing value for field '{name}' which has no default value.")

    def short(self) -> int:
        return struct.unpack(">h", self._take(2))[0]

    def int(self) -> int:
        return struct.unpack(">i", self._take(4))[0]

    def long(self) -> int:
        return struct.unpack(">q", self._take(8))[0]

    def text(self) -> str:
        size = self.short()
        if size < 0:
            raise SchemaError(f"String length {size} cannot be negative")
        self._check("string of length", size)
        return self._take(size).decode("utf-8", "replace")

    def nullable_bytes(self) -> bytes | None:
        size = self.int()
        if size < 0:
            return None
        self._check("bytes of size", size)
        return self._take(size)

    def nullable_entries(self) -> _Entries:
        size = self.int()
        return ([], []) if size < 0 else self._entries(size)

    def entries(self) -> _Entries:
        return self._entries(self._size())

    def _entries(self, size: int) -> _Entries:
        self._check("array of size", size)
        connectors: list[str] = []
        tasks: list[TaskId] = []
        for _ in range(size):
            connector = self.field("connector", self.text)
            for number in self.field("tasks", self._numbers):
                if number == _CONNECTOR_ITSELF:
                    connectors.append(connector)
                else:
                    tasks.append(TaskId(connector, number))
        return connectors, tasks

    def _numbers(self) -> list[int]:
        size = self._size()
        self._check("array of size", size)
        return [self.int() for _ in range(size)]

    def _size(self) -> int:
        size = self.int()
        if size < 0:
            raise SchemaError(f"Array size {size} cannot be negative")
        return size

    def _left(self) -> int:
        return len(self._data) - self._at

    def _check(self, what: str, size: int) -> None:
        if size > self._left():
            raise SchemaError(f"Error reading {what} {size}, only {self._left()} bytes available")

    def _take(self, count: int) -> bytes:
        if count > self._left():
            raise SchemaError(_UNDERFLOW)
        part = self._data[self._at : self._at + count]
        self._at += count
        return part
