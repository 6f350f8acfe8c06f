"""The offset file of a standalone worker: Java's serialized form of a map from bytes to bytes.

Byte-compatible both ways. The file is replaced as a whole, so a crash leaves the old or the new
one; a missing or truncated file counts as empty.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.sdk.errors import ConnectError
from penstock.stores.offset_table import OffsetTable
from penstock.stores.ports import Entry

_MAGIC = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _ARRAY, _BLOCK, _END = 0x70, 0x71, 0x72, 0x73, 0x75, 0x77, 0x78
_MAP_CLASS = (
    b"\x72\x00\x11java.util.HashMap" + bytes.fromhex("0507dac1c31660d1030002")
    + b"\x46\x00\x0aloadFactor\x49\x00\x09threshold\x78\x70"
)  # fmt: skip
_BYTES_CLASS = b"\x72\x00\x02[B" + bytes.fromhex("acf317f8060854e00200007870")
_FIRST_HANDLE = 0x7E0000
_BYTES_CLASS_HANDLE = _FIRST_HANDLE + 2
_LOAD_FACTOR = 0.75
_FIXED_WIDTHS = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}

RawMap = Mapping[bytes | None, bytes | None]


class OffsetFile:
    """Offsets in memory and in a file, which is written anew with every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table = OffsetTable()
        self._lock = threading.Lock()

    @property
    def table(self) -> OffsetTable:
        return self._table

    def start(self) -> None:
        """Read the file. Raises ConnectError if it is none of a worker's."""
        self._table.apply(load(self._path).items())

    def stop(self) -> None:
        """Nothing to release."""

    def refresh(self, timeout_ms: int) -> None:
        """Nothing is ever outstanding."""

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        with self._lock:
            self._table.apply(entries)
            save(self._path, dict(self._table.entries()))


def load(path: Path) -> dict[bytes | None, bytes | None]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConnectError(f"The offset file {path} cannot be read: {error}") from error
    try:
        return decode(data)
    except EOFError:
        return {}
    except ValueError as error:
        raise ConnectError(
            f"{path} is no offset file ({error}); move it away or set another "
            "offset.storage.file.filename"
        ) from error


def save(path: Path, entries: RawMap) -> None:
    """Replace the file, durably."""
    target = Path(os.path.realpath(path))
    data = encode(entries)
    try:
        if target.exists() and not target.is_file():  # a device, such as /dev/null
            target.write_bytes(data)
            return
        _replace(target, data)
    except OSError as error:
        raise ConnectError(f"The offset file {path} cannot be written: {error}") from error


def _replace(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            beside.chmod(target.stat().st_mode & 0o7777)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def encode(entries: RawMap) -> bytes:
    capacity = 16
    while len(entries) > capacity * _LOAD_FACTOR:
        capacity *= 2
    threshold = int(capacity * _LOAD_FACTOR) if entries else 0  # no table is made for nothing
    parts = [_MAGIC, bytes((_OBJECT,)), _MAP_CLASS, struct.pack(">fi", _LOAD_FACTOR, threshold)]
    parts.append(struct.pack(">BBii", _BLOCK, 8, capacity, len(entries)))
    class_written = False
    for array in (array for entry in entries.items() for array in entry):
        if array is None:
            parts.append(bytes((_NULL,)))
            continue
        known = struct.pack(">BI", _REFERENCE, _BYTES_CLASS_HANDLE)
        parts.append(bytes((_ARRAY,)) + (known if class_written else _BYTES_CLASS))
        parts.append(struct.pack(">i", len(array)) + array)
        class_written = True
    return b"".join([*parts, bytes((_END,))])


def decode(data: bytes) -> dict[bytes | None, bytes | None]:
    """Raises EOFError when the data ends too early and ValueError when they are something else."""
    return _Reader(data).map()


class _Reader:
    """Follows the grammar of object streams as far as a map of byte arrays needs it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._handles: list[Any] = []

    def map(self) -> dict[bytes | None, bytes | None]:
        if self._take(4) != _MAGIC:
            raise ValueError("it does not start as a stream of Java objects does")
        if self._byte() != _OBJECT:
            raise ValueError("it holds no map")
        name, fields = self._class()
        if name != "java.util.HashMap":
            raise ValueError(f"expected a java.util.HashMap but found a {name}")
        self._handles.append(name)
        for kind in fields:
            self._take(_FIXED_WIDTHS[kind])
        if self._byte() != _BLOCK or self._byte() != 8:
            raise ValueError("the size of its map is missing")
        _, size = struct.unpack(">ii", self._take(8))
        return {self._bytes(): self._bytes() for _ in range(size)}

    def _class(self) -> tuple[str, str]:
        """Name and kinds of fields of the class that is described next, or was before."""
        code = self._byte()
        if code == _REFERENCE:
            return self._referred(tuple)
        if code != _CLASS:
            raise ValueError(f"a class was expected at byte {self._at - 1}")
        name = self._text()
        self._take(9)  # version and flags
        (count,) = struct.unpack(">H", self._take(2))
        self._handles.append(None)
        place = len(self._handles) - 1
        kinds = "".join(self._field() for _ in range(count))
        if self._byte() != _END or self._byte() != _NULL:
            raise ValueError(f"the class {name} is not plain")
        self._handles[place] = (name, kinds)
        return name, kinds

    def _field(self) -> str:
        kind = chr(self._byte())
        self._text()
        if kind not in _FIXED_WIDTHS:
            raise ValueError("its map has fields that are no numbers")
        return kind

    def _bytes(self) -> bytes | None:
        code = self._byte()
        if code == _NULL:
            return None
        if code == _REFERENCE:
            return self._referred(bytes)
        if code != _ARRAY:
            raise ValueError(f"bytes were expected at byte {self._at - 1}")
        if self._class()[0] != "[B":
            raise ValueError(f"an array of bytes was expected at byte {self._at}")
        self._handles.append(None)
        place = len(self._handles) - 1
        (size,) = struct.unpack(">i", self._take(4))
        self._handles[place] = self._take(size)
        return self._handles[place]

    def _referred(self, kind: Callable[..., Any]) -> Any:
        (handle,) = struct.unpack(">I", self._take(4))
        index = handle - _FIRST_HANDLE
        if not 0 <= index < len(self._handles) or type(self._handles[index]) is not kind:
            raise ValueError(f"a reference leads nowhere at byte {self._at - 4}")
        return self._handles[index]

    def _text(self) -> str:
        (size,) = struct.unpack(">H", self._take(2))
        return self._take(size).decode("utf-8", "replace")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, count: int) -> bytes:
        if count < 0:
            raise ValueError(f"a negative size at byte {self._at}")
        end = self._at + count
        if end > len(self._data):
            raise EOFError
        part = self._data[self._at : end]
        self._at = end
        return part
