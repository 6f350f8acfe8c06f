"""Follows a file, or standard input: each line becomes a record."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from penstock.connectors.file.config import FileSourceConfig
from penstock.connectors.file.follow import Change, FollowedFile
from penstock.connectors.file.lines import Lines
from penstock.connectors.file.watch import Watch
from penstock.sdk.columns import columns_like
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord
from penstock.sdk.schema import STRING
from penstock.sdk.source import ExactlyOnceSupport, SourceConnector, SourceContext, SourceTask

log = logging.getLogger(__name__)

FILENAME, POSITION = "filename", "position"
POLL_SECONDS = 1.0  # the longest a poll without lines takes, unless the file is idle
SHORTEST_REST_SECONDS = 0.001
LONGEST_REST_SECONDS = 0.1
SURE_REST_SECONDS = 0.25  # while the file is missing, or watched: a watch may miss a change
IDLE_REST_SECONDS = 1.0  # the same for a file to which nothing was added for IDLE_SECONDS
SAFE_REST_SECONDS = 10.0  # the same if only a change of the folders above it could be missed
IDLE_SECONDS = 5.0
QUIET_SECONDS = 0.1


class FileStreamSourceTask(SourceTask[FileSourceConfig]):
    """One task follows the file; it keeps nothing but the position it has read to."""

    java_class: ClassVar[str] = "org.apache.kafka.connect.file.FileStreamSourceTask"

    def __init__(self, config: FileSourceConfig, context: SourceContext) -> None:
        super().__init__(config, context)
        self._partition = {FILENAME: config.file or None}
        self._batch_records = max(1, config.batch_size)
        self._file: FollowedFile | None = None
        self._watch: Watch | None = None
        self._told_all = False  # a change of the file cannot be missed
        self._lines = Lines(0)
        self._replaced = False
        self._rest_seconds = SHORTEST_REST_SECONDS
        self._quiet_seconds = 0.0

    def poll(self) -> Sequence[SourceRecord]:
        """Lines as soon as there are any; rests while there are none, longer and longer."""
        rested = 0.0
        while not (records := self._records()):
            if self._watched_anew():
                continue
            rest = min(self._next_rest(), self._longest_poll() - rested)
            if rest <= 0 or self.context.rest(rest):
                return ()
            rested += rest
            self._quiet_seconds += rest
        return records

    def _watched_anew(self) -> bool:
        """The file is to be looked at again: what changed since the last look is not told."""
        if self._watch is None or self._watch.armed or self._lines.waiting:
            return False
        if self._watch.arm():
            return True
        self._watch = None
        return False

    def _longest_poll(self) -> float:
        return SAFE_REST_SECONDS if self._rests_long() else POLL_SECONDS

    def _rests_long(self) -> bool:
        return self._told_all and self._watch is not None and self._idle()

    def _idle(self) -> bool:
        named = self._file is not None and self._file.named
        return named and not self._lines.waiting and self._quiet_seconds >= IDLE_SECONDS

    def _next_rest(self) -> float:
        if self._rests_long():
            return SAFE_REST_SECONDS
        if self._watch is not None and not self._lines.waiting:
            return IDLE_REST_SECONDS if self._idle() else SURE_REST_SECONDS
        rest = self._rest_seconds
        longest = SURE_REST_SECONDS if self._file is None else LONGEST_REST_SECONDS
        self._rest_seconds = min(2 * rest, longest)
        return rest

    def close(self) -> None:
        self._release()
        super().close()

    def _records(self) -> Sequence[SourceRecord]:
        file = self._file or self._opened()
        if file is None:
            return ()
        self._file = file
        self._fill(file)
        lines, ends = self._lines.take(self._batch_records)
        if not lines:
            return ()
        like = SourceRecord(
            self.config.topic,
            value_schema=STRING,
            timestamp=time.time_ns() // 1_000_000,
            source_partition=self._partition,
            source_offset={POSITION: None},
        )
        if not self.config.file:
            return columns_like(like, value=lines)
        return columns_like(like, value=lines, source_offset=_Offsets(ends))

    def _fill(self, file: FollowedFile) -> None:
        """Read until there is a batch, or nothing more to read."""
        while self._lines.count < self._batch_records:
            data = file.read()
            if not data:
                self._at_end(file)
                return
            self._lines.feed(data)
            self._quiet_seconds = 0.0
            self._rest_seconds = SHORTEST_REST_SECONDS

    def _at_end(self, file: FollowedFile) -> None:
        if self._lines.waiting:
            if self._quiet_seconds >= QUIET_SECONDS:
                self._lines.release()
        elif self._lines.count == 0 and (change := file.change()):
            self._begin_again(file, change)

    def _begin_again(self, file: FollowedFile, change: Change) -> None:
        if change is Change.REPLACED:
            if data := file.read():  # written just before it was replaced
                self._lines.feed(data)
                return
            self._lines.finish()
            if self._lines.count:
                return
        log.warning(
            "The file '%s' %s; it is read from its beginning.", self.config.file, change.value
        )
        self._release()
        self._replaced = True

    def _release(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> FollowedFile | None:
        """The file at the position to go on from; None while it does not exist."""
        if not self.config.file:
            return FollowedFile.standard_input()
        file = FollowedFile.open(Path(self.config.file))
        if file is None:
            return None
        try:
            position = 0 if self._replaced else self._committed_position()
        except BaseException:
            file.close()
            raise
        if position > file.size and file.regular:
            log.warning(
                "The file '%s' is shorter than the position %d it had been read to; "
                "it is read from its beginning.",
                self.config.file,
                position,
            )
            position = 0
        if file.regular:
            self._watch = Watch.of(file.descriptor, self.context.wake)
            self._told_all = bool(self._watch and self._watch.local and file.by_its_own_name)
        file.skip(position)
        self._lines = Lines(position)
        return file

    def _committed_position(self) -> int:
        offset = self.context.offset(self._partition)
        position = None if offset is None else offset.get(POSITION)
        if position is None:
            return 0
        if type(position) is not int:
            raise ConnectError("Offset position is the incorrect type")
        return position


class _Offsets(Sequence[Mapping[str, Any]]):
    """Made when asked for: of a batch the runtime wants the last one only."""

    def __init__(self, ends: Sequence[int]) -> None:
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Offsets(self._ends[index])
        return {POSITION: self._ends[int(index)]}


class FileStreamSource(SourceConnector[FileSourceConfig]):
    """Reads the lines of a file, and those that are added later, into a topic."""

    java_class: ClassVar[str] = "org.apache.kafka.connect.file.FileStreamSourceConnector"
    task = FileStreamSourceTask

    def exactly_once_support(self) -> ExactlyOnceSupport:
        """A file can be read again from a position, standard input cannot."""
        if self.config.file:
            return ExactlyOnceSupport.SUPPORTED
        return ExactlyOnceSupport.UNSUPPORTED

    def alter_offsets(
        self, offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        if not self.config.file:
            raise ConnectError(
                "Offsets cannot be modified if the 'file' configuration is unspecified. "
                "This is because stdin is used for input and offsets are not tracked."
            )
        for partition, offset in offsets.items():
            if offset is not None:
                _check_offset(offset)
                _check_partition(partition)
        return True


def _check_offset(offset: Mapping[str, Any]) -> None:
    if POSITION not in offset:
        raise ConnectError(f"Offset objects should either be null or contain the key '{POSITION}'")
    position = offset[POSITION]
    if type(position) is not int:
        raise ConnectError(
            f"The value for the '{POSITION}' key in the offset is expected to be a Long value"
        )
    if position < 0:
        raise ConnectError(
            f"The value for the '{POSITION}' key in the offset should be a non-negative value"
        )


def _check_partition(partition: tuple[tuple[str, Any], ...] | None) -> None:
    if partition is None:
        raise ConnectError("Partition objects cannot be null")
    if FILENAME not in dict(partition):
        raise ConnectError(f"Partition objects should contain the key '{FILENAME}'")
