"""What tasks are given to talk to the runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from penstock.runtime.ports import Control, OffsetStore
from penstock.sdk.errors import IllegalWorkerStateError
from penstock.sdk.record import SinkRecord, TopicPartition
from penstock.sdk.source import TransactionBoundaries


class Idle(Protocol):
    """What a source loop has to do while its task sleeps."""

    def next_commit_in(self) -> float: ...
    def commit_if_due(self) -> None: ...


class _TaskContext:
    def __init__(
        self, connector: str, task: int, properties: Mapping[str, str], control: Control
    ) -> None:
        self._connector = connector
        self._task = task
        self._properties = properties
        self._control = control

    @property
    def connector(self) -> str:
        return self._connector

    @property
    def task(self) -> int:
        return self._task

    @property
    def properties(self) -> Mapping[str, str]:
        return self._properties

    @property
    def stopping(self) -> bool:
        return self._control.stopping

    def sleep(self, seconds: float) -> bool:
        return self._control.wait(seconds)


class SourceTaskContext(_TaskContext):
    """The context of a source task; offsets are committed while it sleeps."""

    def __init__(
        self,
        connector: str,
        task: int,
        properties: Mapping[str, str],
        control: Control,
        offsets: OffsetStore,
        transaction: TransactionBoundaries | None = None,
        *,
        fenced_first: bool = False,
    ) -> None:
        """`fenced_first`: offsets are uncertain before the task is started."""
        super().__init__(connector, task, properties, control)
        self._offsets = offsets
        self._fenced_first = fenced_first
        self.idle: Idle | None = None
        self._transaction = transaction

    def offset(self, partition: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.offsets([partition])[0]

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        if self._control.cancelled:
            raise IllegalWorkerStateError("Offsets cannot be read: the task has been cancelled.")
        if self._fenced_first and self.idle is None:
            raise IllegalWorkerStateError(
                "An exactly-once task can read offsets in `start` and later, not while it is made."
            )
        return self._offsets.read(partitions)

    @property
    def transaction(self) -> TransactionBoundaries | None:
        return self._transaction

    def sleep(self, seconds: float) -> bool:
        left = seconds
        while self.idle is not None and left > (until := self.idle.next_commit_in()):
            if self._control.wait(until):
                return True
            left -= until
            self.idle.commit_if_due()
        return self._control.wait(left)

    def rest(self, seconds: float) -> bool:
        """Ends when offsets are due as well: it may be shorter than it was asked to be."""
        if self.idle is None:
            return self._control.wait_for_news(seconds)
        over = self._control.wait_for_news(min(seconds, self.idle.next_commit_in()))
        self.idle.commit_if_due()
        return over

    def wake(self) -> None:
        self._control.wake()


class SinkActions(Protocol):
    """What a sink loop does for its task."""

    @property
    def assignment(self) -> frozenset[TopicPartition]: ...
    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None: ...
    def pause(self, partitions: Sequence[TopicPartition]) -> None: ...
    def resume(self, partitions: Sequence[TopicPartition]) -> None: ...
    def request_commit(self) -> None: ...
    def wake_after(self, seconds: float) -> None: ...
    def reject(self, record: SinkRecord, error: Exception) -> None: ...


class SinkTaskContext(_TaskContext):
    """The context of a sink task. Useful once `bind` has named the loop, before `start`."""

    _actions: SinkActions

    def bind(self, actions: SinkActions) -> None:
        self._actions = actions

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return self._actions.assignment

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._actions.rewind(offsets)

    def pause(self, *partitions: TopicPartition) -> None:
        self._check(partitions, "pause")
        self._actions.pause(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._check(partitions, "resume")
        self._actions.resume(partitions)

    def request_commit(self) -> None:
        self._actions.request_commit()

    def timeout(self, seconds: float) -> None:
        self._actions.wake_after(seconds)

    def reject(self, record: SinkRecord, error: Exception) -> None:
        self._actions.reject(record, error)

    def _check(self, partitions: Sequence[TopicPartition], verb: str) -> None:
        if not self._actions.assignment.issuperset(partitions):
            raise IllegalWorkerStateError(
                f"SinkTasks may not {verb} partitions that are not currently assigned to them."
            )
