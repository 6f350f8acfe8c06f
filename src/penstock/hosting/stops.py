"""Hosts are asked to stop something; those that do not in time are ended."""

from __future__ import annotations

import asyncio
import logging

from penstock.cluster.messages import StopConnector, StopTask
from penstock.hosting.members import Member
from penstock.hosting.records import ConnectorRecord, TaskRecord

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 0.5  # a host gives up a task itself; only a host that cannot is ended
CONNECTOR_STOP_SECONDS = 5.0


class Stops:
    """Everything happens on the event loop of the hosts."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def ask_task(self, task: TaskRecord, timeout_ms: int) -> None:
        start = task.start
        task.member.process.send(StopTask(start.id, start.incarnation, timeout_ms))
        seconds = timeout_ms / 1000 + STOP_GRACE_SECONDS
        self._loop.call_later(seconds, self._task_overdue, task, task.member)

    def _task_overdue(self, task: TaskRecord, member: Member) -> None:
        """The host does not even give up: nothing in it runs any more, or only one thread does."""
        key = task.start.id, task.start.incarnation
        if member.tasks.get(key) is not task or member.process.over:
            return
        log.error(
            "Graceful stop of task %s failed; its process does not answer and is ended", key[0]
        )
        task.given_up = True
        member.relocates = True
        member.process.kill(f"task {key[0]} could not be stopped in time.")

    def ask_connector(self, connector: ConnectorRecord) -> None:
        start = connector.start
        connector.member.process.send(StopConnector(start.connector, start.incarnation))
        seconds = CONNECTOR_STOP_SECONDS + STOP_GRACE_SECONDS
        self._loop.call_later(seconds, self._connector_overdue, connector)

    def _connector_overdue(self, connector: ConnectorRecord) -> None:
        key = connector.start.connector, connector.start.incarnation
        member = connector.member
        if member.connectors.get(key) is connector and not member.process.over:
            log.error("Graceful stop of connector %s failed; its process is ended", key[0])
            member.relocates = True
            member.process.kill(f"connector {key[0]} could not be stopped in time.")
