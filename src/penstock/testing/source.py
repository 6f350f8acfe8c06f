"""Run a source task by hand: no worker, no broker."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from penstock.runtime.boundaries import Requested
from penstock.runtime.contexts import SourceTaskContext
from penstock.sdk.config import config_class
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceConnector, SourceTask
from penstock.testing.memory_kafka import MemoryOffsets
from penstock.testing.time import ManualControl
from penstock.testing.transactions import BOUNDARY, Transactions, boundary_of

_POLLS_MAX = 100


class SourceRun:
    """A started source task, its offsets and its pretend time.

    With the property `transaction.boundary` it is an exactly-once one: `transactions` are what it
    committed, `aborted` and `unfinished` what it dropped and what is still open.
    """

    def __init__(
        self,
        task: SourceTask[Any],
        control: ManualControl,
        offsets: MemoryOffsets,
        transactions: Transactions | None = None,
    ) -> None:
        self.task = task
        self.control = control
        self.offsets = offsets
        self.records: list[SourceRecord] = []
        self._transactions = transactions

    @property
    def transactions(self) -> list[list[SourceRecord]]:
        """Records by transaction, as readers of committed ones see them."""
        return self._once.committed

    @property
    def aborted(self) -> list[SourceRecord]:
        return self._once.aborted

    @property
    def unfinished(self) -> list[SourceRecord]:
        """What a crash would drop, and the next task make again."""
        return self._once.open

    @property
    def _once(self) -> Transactions:
        if self._transactions is None:
            raise ValueError(f"There are transactions only if the properties have {BOUNDARY}.")
        return self._transactions

    def poll(self) -> list[SourceRecord]:
        """The records of one poll."""
        once = self._transactions
        found = list(self.task.poll() if once is None else once.poll(self.task))
        self.records += found
        return found

    def poll_until(self, count: int, polls_max: int = _POLLS_MAX) -> list[SourceRecord]:
        """Poll until there are this many new records; fails if they do not come."""
        found: list[SourceRecord] = []
        for _ in range(polls_max):
            found += self.poll()
            if len(found) >= count:
                return found
        raise AssertionError(f"{len(found)} instead of {count} records after {polls_max} polls.")

    def drain(self, polls_max: int = _POLLS_MAX) -> list[SourceRecord]:
        """Poll until nothing comes."""
        found: list[SourceRecord] = []
        for _ in range(polls_max):
            new = self.poll()
            if not new:
                break
            found += new
        return found

    def commit(self, *records: SourceRecord) -> None:
        """As if Kafka had these records (all polled so far, when none is named)."""
        if self._transactions is not None:
            raise ValueError(f"With {BOUNDARY}, it decides when records are committed.")
        pairs = [(r.source_partition, r.source_offset) for r in records or self.records]
        self.offsets.write(pairs, 1000)
        self.task.commit()


@contextmanager
def run_source(
    connector: type[SourceConnector[Any]],
    properties: Mapping[str, Any],
    *,
    offsets: MemoryOffsets | None = None,
    task: int = 0,
) -> Generator[SourceRun]:
    """A task of the connector, started, for as long as the block lasts.

    Hand on `offsets` to a second run to see the source resume. `context.sleep` costs no time.
    """
    stored = MemoryOffsets() if offsets is None else offsets
    control = ManualControl()
    configs = task_configs(connector, properties, task + 1)
    given = configs[task]
    boundary = boundary_of({name: str(value) for name, value in properties.items()})
    asked = boundary if isinstance(boundary, Requested) else None
    exactly_once = boundary is not None
    context = SourceTaskContext(
        "test", task, given, control, stored, asked, fenced_first=exactly_once
    )
    made = connector.task(config_class(connector.task).parse(given), context)
    once = None if boundary is None else Transactions(made, boundary, control.time, stored)
    context.idle = once
    try:
        made.start()
        yield SourceRun(made, control, stored, once)
        if once is not None:
            once.finish()
    finally:
        made.close()


class _ConnectorContext:
    connector = "test"

    def request_task_reconfiguration(self) -> None:
        """Nobody is there to make tasks anew."""

    def fail(self, error: Exception) -> None:
        raise error


def task_configs(connector: type[Any], properties: Mapping[str, Any], most: int) -> list[Any]:
    """What the connector, given these properties, hands to its tasks."""
    texts = {name: str(value) for name, value in properties.items()}
    made = connector(config_class(connector).parse(texts), _ConnectorContext())
    return list(made.task_configs(most))
