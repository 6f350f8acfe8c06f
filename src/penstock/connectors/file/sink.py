"""Appends the values of records to a file, or to standard output, one line each."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import ClassVar

from penstock.connectors.file.config import FileSinkConfig
from penstock.sdk.columns import column
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SinkRecord, TopicPartition
from penstock.sdk.sink import SinkConnector, SinkTask
from penstock.sdk.values_texts import java_lines

_STANDARD_OUTPUT = 1


class FileStreamSinkTask(SinkTask[FileSinkConfig]):
    """Writes each batch with one call, so that readers of the file see it at once."""

    java_class: ClassVar[str] = "org.apache.kafka.connect.file.FileStreamSinkTask"

    def start(self) -> None:
        self._descriptor = _STANDARD_OUTPUT
        if not self.config.file:
            return
        try:
            self._descriptor = os.open(
                self.config.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666
            )
        except OSError as error:
            raise ConnectError(
                f"Couldn't find or create file '{self.config.file}' for FileStreamSinkTask: "
                f"{error.strerror}; the setting 'file' must name a file that can be written."
            ) from error
        self.resources.callback(os.close, self._descriptor)

    def put(self, records: Sequence[SinkRecord]) -> None:
        if records:
            lines = java_lines(column(records, "value"), column(records, "value_schema"))
            self._write(lines.encode("utf-8", "replace"))

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:
            target = f"The file '{self.config.file}'" if self.config.file else "Standard output"
            raise ConnectError(f"{target} cannot be written: {error.strerror}.") from error


class FileStreamSink(SinkConnector[FileSinkConfig]):
    """Writes the records of topics to a file."""

    java_class: ClassVar[str] = "org.apache.kafka.connect.file.FileStreamSinkConnector"
    task = FileStreamSinkTask

    def task_configs(self, max_tasks: int) -> Sequence[Mapping[str, str]]:
        return [self.config.properties] * max_tasks

    def alter_offsets(self, offsets: Mapping[TopicPartition, int | None]) -> bool:
        """The group's offsets are all there is; any may be set."""
        return True
