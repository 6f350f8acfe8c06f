"""One account of everything that goes wrong: where, to which record, why, and what helps.

Made where an error is caught (`witness`). Status traces, log lines and our own resources tell it.
"""

from __future__ import annotations

import msgspec


class ErrorEvent(msgspec.Struct, frozen=True):
    """What is known of one error; None where it does not apply or nobody can tell."""

    connector: str
    task: int | None
    exception: str  # the Java class of what started it
    cause: str
    at_ms: int
    stage: str | None = None
    component: str | None = None  # class of the converter, transformation or task
    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    source_partition: str | None = None  # as JSON
    source_offset: str | None = None
    field: str | None = None  # of the record, or the setting
    hint: str | None = None  # its name in the list of hints
    remedy: str | None = None
    retriable: bool = False

    @property
    def sentence(self) -> str | None:
        """What a trace does not say by itself; None if that is nothing."""
        if self.stage is None and self.remedy is None:
            return None
        told = [self._what(), None if self.remedy is None else f"What helps: {self.remedy}"]
        return " ".join(part for part in told if part)

    def _what(self) -> str:
        if self.stage is None and self.topic is None:
            return ""
        stage = "" if self.stage is None else f" in stage {self.stage}"
        by = "" if self.component is None else f" by {self.component}"
        return f"{self._record()} failed{stage}{by}: {self.cause.rstrip(' .:')}."

    def _record(self) -> str:
        if self.offset is not None:
            return f"The record {self.topic}-{self.partition} at offset {self.offset}"
        if self.source_partition is not None:
            place = f"source partition {self.source_partition} at {self.source_offset}"
            return f"The record for topic {self.topic} from {place}"
        return "The task"
