"""A connector that tells what it knows: in messages, traces, logs, prints and settings."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated

from penstock.sdk import (
    Config,
    Importance,
    Option,
    Password,
    SinkConnector,
    SinkRecord,
    SinkTask,
)

log = logging.getLogger(__name__)


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
