"""The surroundings of a file task, in which time passes only by resting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from penstock.connectors.file.config import FileSourceConfig
from penstock.connectors.file.source import FileStreamSourceTask
from penstock.sdk.record import SourceRecord


class Context:
    connector, task, stopping, transaction = "lines", 0, False, None

    def __init__(self, offset: Mapping[str, Any] | None = None) -> None:
        self.properties: dict[str, str] = {}
        self.committed = offset
        self.rests: list[float] = []
        self.stop_at_rest = False
        self.woken = Event()
        self.during_rest: Callable[[], object] = lambda: None

    def offset(self, partition: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.committed

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        return [self.committed for _ in partitions]

    def sleep(self, seconds: float) -> bool:
        self.rests.append(seconds)
        self.during_rest()
        return self.stop_at_rest

    def rest(self, seconds: float) -> bool:
        if self.woken.is_set():
            self.woken.clear()
            return False
        return self.sleep(seconds)

    def wake(self) -> None:
        self.woken.set()


def source(
    file: object, context: Context | None = None, **properties: object
) -> FileStreamSourceTask:
    given = {"file": file, "topic": "t", **{k.replace("_", "."): v for k, v in properties.items()}}
    return FileStreamSourceTask(FileSourceConfig.parse(given), context or Context())


def values(records: Sequence[SourceRecord]) -> list[str]:
    return [record.value for record in records]


def positions(records: Sequence[SourceRecord]) -> list[int]:
    return [(record.source_offset or {})["position"] for record in records]


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)
