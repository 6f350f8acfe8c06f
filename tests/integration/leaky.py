"""Plugins that tell what they know: in messages, traces, logs, prints and settings."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from penstock.sdk import (
    Config,
    Converter,
    DataError,
    Importance,
    Option,
    Password,
    Record,
    RecordTransform,
    Schema,
    SinkConnector,
    SinkRecord,
    SinkTask,
)

log = logging.getLogger(__name__)
R = TypeVar("R", bound=Record)


class LeakyConfig(Config):
    """Two secrets: one declared as such, one within an address; and what shall go wrong."""

    pin: Annotated[Password, Option("A secret.", Importance.HIGH)]
    address: Annotated[str, Option("An address with a secret.", Importance.HIGH)]
    number: Annotated[int, Option("A number.", Importance.LOW)] = 1
    crash: Annotated[str, Option("A file that makes the task end its process.")] = ""


class LeakyTask(SinkTask[LeakyConfig]):
    def start(self) -> None:
        log.debug("Logging in at %s with %s", self.config.address, self.config.pin.value)
        log.warning("All of it: %r", dict(self.config.properties))
        print("printed", self.config.pin.value, self.config.address, flush=True)

    def put(self, records: Sequence[SinkRecord]) -> None:
        for record in records:
            if record.value == b"crash" or record.value == "crash":
                print("dying", self.config.pin.value, self.config.address, file=sys.stderr)
                os._exit(3)
            if record.value in (b"bad", "bad"):
                secret = self.config.pin.value
                raise ValueError(f"cannot log in at {self.config.address} as pin {secret}")
            if record.value in (b"reject", "reject"):
                error = ValueError(f"refused by {self.config.address}: {self.config.pin.value}")
                self.context.reject(record, error)


class LeakySink(SinkConnector[LeakyConfig]):
    task = LeakyTask

    def task_configs(self, max_tasks: int) -> list[dict[str, str]]:
        """A secret under another key than the one it was given by."""
        given = dict(self.config.properties)
        return [{**given, "full.address": f"{self.config.address}?pin={self.config.pin.value}"}]


class WordConfig(Config):
    word: Annotated[Password, Option("A secret.", Importance.HIGH)]


class LeakyTransform(RecordTransform[WordConfig]):
    def apply_one(self, record: R) -> R | None:
        if record.value == "transform":
            raise ValueError(f"the transformation says {self.config.word.value}")
        return record


class LeakyConverter(Converter[WordConfig]):
    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        return [str(value).encode() for value in values]

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        if b"convert" in payloads:
            raise DataError(f"the converter says {self.config.word.value}")
        return [(None, (payload or b"").decode()) for payload in payloads]
