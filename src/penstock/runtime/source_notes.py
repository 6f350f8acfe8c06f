"""What a source task is told of its records and commits; nothing it raises goes further."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from penstock.sdk.record import RecordMetadata, SourceRecord
from penstock.sdk.source import SourceTask

log = logging.getLogger(__name__)

Note = tuple[SourceRecord, RecordMetadata | None]


class SourceNotes:
    """Tells one task; of commits never from within its own `poll`."""

    def __init__(self, task: SourceTask[Any]) -> None:
        self._task = task
        self._polling = False
        self._owed: list[Note] = []
        self._commit_owed = False
        self.wants_records = _overrides(task, "commit_record")

    def record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        """At once."""
        try:
            self._task.commit_record(record, metadata)
        except Exception:
            log.exception("The task failed to take note of a record that was sent.")

    def committed(self, records: Iterable[Note] = ()) -> None:
        """Of a commit, and before it of the records that came with it."""
        self._owed += records
        self._commit_owed = True
        if not self._polling:
            self.settle()

    @property
    def is_polling(self) -> bool:
        return self._polling

    @contextmanager
    def polling(self) -> Generator[None]:
        """What a commit meanwhile would tell is told at the end."""
        self._polling = True
        try:
            yield
        finally:
            self._polling = False
            self.settle()

    def settle(self) -> None:
        if not self._commit_owed:
            return
        self._commit_owed = False
        owed, self._owed = self._owed, []
        for record, metadata in owed:
            self.record(record, metadata)
        try:
            self._task.commit()
        except Exception:
            log.exception("The task failed to take note of a commit.")


def _overrides(task: SourceTask[Any], method: str) -> bool:
    return getattr(type(task), method) is not getattr(SourceTask, method)
