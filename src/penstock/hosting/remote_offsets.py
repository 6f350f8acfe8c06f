"""Source offsets as a host sees them: the worker keeps them, and is asked per batch."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from penstock.cluster.messages import StartTask
from penstock.hosting.messages import (
    CopyOffsets,
    FromHost,
    MakeOffsetRecords,
    OffsetRecordsMade,
    OffsetsFound,
    OffsetsRefused,
    OffsetsStored,
    Pairs,
    ReadOffsets,
    StartConfirmed,
    StartRefused,
    StoreOffsets,
)
from penstock.hosting.ports import Properties
from penstock.runtime.ports import OffsetPair, OffsetRecords, OffsetStore
from penstock.sdk.errors import ConnectError, DataError

READ_TIMEOUT_MS = 90_000  # the worker gives up before
COPY_TIMEOUT_MS = 10_000
MARGIN_MS = 1000  # the worker's own answer shall come first

log = logging.getLogger(__name__)

Answer = (
    OffsetsFound
    | OffsetsStored
    | OffsetRecordsMade
    | OffsetsRefused
    | StartConfirmed
    | StartRefused
)


class OffsetLink:
    """Sends questions to the worker and hands its answers to the threads that wait."""

    def __init__(self, send: Callable[[FromHost], None]) -> None:
        self._send = send
        self._numbers = itertools.count(1)
        self._waiting: dict[int, _Waiting] = {}

    def answered(self, answer: Answer) -> None:
        waiting = self._waiting.get(answer.request)
        if waiting is not None:
            waiting.answer = answer
            waiting.event.set()

    def ask(self, make: Callable[[int], FromHost], timeout_ms: int) -> Answer:
        """Raises TimeoutError, ConnectError, and TypeError for what cannot be sent."""
        number = next(self._numbers)
        waiting = self._waiting[number] = _Waiting()
        try:
            self._send(make(number))
            if not waiting.event.wait(timeout_ms / 1000) or waiting.answer is None:
                raise TimeoutError(f"The worker did not answer in {timeout_ms} ms.")
        finally:
            del self._waiting[number]
        if isinstance(waiting.answer, OffsetsRefused | StartRefused):
            raise ConnectError(waiting.answer.message)
        return waiting.answer


class _Waiting:
    def __init__(self) -> None:
        self.event = threading.Event()
        self.answer: Answer | None = None


class RemoteOffsets:
    """The `OffsetStores` of one task."""

    def __init__(self, link: OffsetLink, start: StartTask) -> None:
        self._link = link
        self._start = start

    def of(self, connector: str, properties: Properties) -> OffsetStore:
        return RemoteStore(self._link, self._start)


class RemoteStore:
    """The `OffsetStore` of one task's connector."""

    def __init__(self, link: OffsetLink, start: StartTask) -> None:
        self._link = link
        self._id, self._incarnation = start.id, start.incarnation

    def read(
        self, partitions: Sequence[Mapping[str, Any] | None]
    ) -> list[Mapping[str, Any] | None]:
        wanted = [None if each is None else dict(each) for each in partitions]

        def question(number: int) -> ReadOffsets:
            return ReadOffsets(number, self._id, self._incarnation, wanted)

        answer = self._link.ask(question, READ_TIMEOUT_MS)
        assert isinstance(answer, OffsetsFound)
        return list(answer.offsets)

    def write(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> None:
        def question(number: int) -> StoreOffsets:
            pairs = _pairs(offsets)
            return StoreOffsets(number, self._id, self._incarnation, pairs, timeout_ms)

        self._tell(question, timeout_ms + MARGIN_MS)

    def as_records(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> OffsetRecords:
        def question(number: int) -> MakeOffsetRecords:
            pairs = _pairs(offsets)
            return MakeOffsetRecords(number, self._id, self._incarnation, pairs, timeout_ms)

        answer = self._tell(question, timeout_ms + MARGIN_MS)
        assert isinstance(answer, OffsetRecordsMade)
        return OffsetRecords(answer.topic, answer.entries, answer.copied)

    def follow(self, offsets: Sequence[OffsetPair]) -> None:
        """Waits for an answer, so that a later copy never comes before an earlier one."""

        def question(number: int) -> CopyOffsets:
            return CopyOffsets(number, self._id, self._incarnation, _pairs(offsets))

        try:
            self._tell(question, COPY_TIMEOUT_MS)
        except Exception as error:
            log.warning("The worker's copy of the latest offsets is missing: %s", error)

    def _tell(self, question: Callable[[int], FromHost], timeout_ms: int) -> Answer:
        try:
            return self._link.ask(question, timeout_ms)
        except (TypeError, OverflowError) as error:
            raise DataError(
                f"Offsets may only contain primitive types as values: {error}"
            ) from error


def _pairs(offsets: Sequence[OffsetPair]) -> Pairs:
    return [(_copied(partition), _copied(offset)) for partition, offset in offsets]


def _copied(members: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if members is None:
        return None
    if not isinstance(members, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DataError("Offsets must be specified as a Map")
    return {name: primitive(value) for name, value in members.items()}


def primitive(value: Any) -> Any:
    """The value, unless msgpack would quietly make something else of it. Raises TypeError."""
    if value is None or isinstance(value, bool | int | float | str | bytes | bytearray):
        return value
    raise TypeError(f"a {type(value).__name__} is none")
