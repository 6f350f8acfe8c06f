"""Sends commands to the task hosts, with references to secrets resolved on the way.

Resolving may take long, so it happens on a thread; commands of one connector keep their order.
What a connector makes of resolved secrets goes back as the references it came from. The control
plane hears when they expire, and when a connector starts with others than before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from penstock.cluster.command_secrets import learn_secrets, without_secrets
from penstock.cluster.events import Event, SecretsChanged, SecretsExpire
from penstock.cluster.messages import (
    CheckOffsets,
    Command,
    ConnectorChanged,
    ConnectorStopped,
    Failure,
    OffsetsChecked,
    Report,
    StartConnector,
    StartTask,
    State,
    StopConnector,
    StopTask,
    TaskChanged,
    TaskConfigsMade,
    TaskHosts,
    TaskStopped,
)
from penstock.cluster.references import Marks, References
from penstock.cluster.threads import on_thread
from penstock.runtime.config_references import Resolved
from penstock.runtime.error_text import error_message, trace_text
from penstock.sdk.errors import java_class

LookUp = Callable[[Mapping[str, str]], Resolved]


def has_references(properties: Mapping[str, str]) -> bool:
    """Whether there may be something to resolve."""
    return any("${" in value for value in properties.values())


class CommandSender:
    """Between a driver and its hosts."""

    def __init__(
        self,
        hosts: TaskHosts,
        look_up: LookUp,
        report: Callable[[Report], None],
        tell: Callable[[Event], None],
    ) -> None:
        self._hosts = hosts
        self._look_up = look_up
        self._report = report
        self._tell = tell
        self._waiting: dict[str, deque[Command]] = {}  # behind one that is being resolved
        self._unsent: set[tuple[str, int, int]] = set()  # starts that never reached a host
        self._references: dict[str, References] = {}
        self._marks = Marks()
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, command: Command) -> None:
        name = _connector(command)
        if name in self._waiting:
            self._waiting[name].append(command)
        elif any(map(has_references, _properties(command))):
            self._waiting[name] = deque((command,))
            task = asyncio.get_running_loop().create_task(self._drain(name))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._deliver(command)

    async def _drain(self, name: str) -> None:
        waiting = self._waiting[name]
        while waiting:
            command = waiting[0]
            try:
                command = await self._resolved(command)
            except Exception as error:
                self._refuse(command, error)
            else:
                self._deliver(command)
            waiting.popleft()
        del self._waiting[name]

    async def _resolved(self, command: Command) -> Command:
        fields = _FIELDS.get(type(command), ())
        given = {f"{f}.{k}": text for f in fields for k, text in getattr(command, f).items()}
        if not has_references(given):
            return command
        found = await on_thread("secrets", self._look_up, given)  # each secret once, and the same
        changes = {field: _below(field, found.config) for field in fields}
        if isinstance(command, StartConnector):
            self._starting(command, changes["properties"], found.secrets)
        if not isinstance(command, CheckOffsets):
            for path, ttl_ms in found.ttls_ms.items():
                self._tell(SecretsExpire(_connector(command), path, ttl_ms / 1000))
        secrets: Any = sorted(found.secrets)
        return replace(command, **changes, secrets=secrets)

    def _starting(
        self, command: StartConnector, resolved: Mapping[str, str], secrets: Mapping[str, str]
    ) -> None:
        name = command.connector
        self._references[name] = References(command.properties, resolved, secrets)
        if self._marks.changed(name, resolved):
            self._tell(SecretsChanged(name, command.incarnation))

    def restored(self, report: Report) -> Report:
        """The report without secrets, and with references in place of what they resolved to."""
        report = without_secrets(report)
        if isinstance(report, ConnectorStopped):
            self._references.pop(report.connector, None)
        if isinstance(report, TaskConfigsMade) and report.configs is not None:
            references = self._references.get(report.connector)
            if references is not None:
                return replace(report, configs=references.restored(report.configs))
        return report

    def _deliver(self, command: Command) -> None:
        key = _key(command)
        if key in self._unsent and isinstance(command, StopConnector | StopTask):
            self._unsent.discard(key)
            self._report(_stopped(command))
            return
        learn_secrets(command)
        try:
            self._hosts.send(command)
        except Exception as error:
            self._refuse(command, error)

    def _refuse(self, command: Command, error: Exception) -> None:
        """The instance fails before it ever was; a later command to stop it is answered here."""
        failure = Failure(java_class(error), error_message(error), trace_text(error))
        if isinstance(command, StartConnector | StartTask):
            self._unsent.add(_key(command))
        for report in _refusals(command, failure):
            self._report(report)


_FIELDS: dict[type, tuple[str, ...]] = {
    StartConnector: ("properties",),
    StartTask: ("connector_properties", "task_properties"),
    CheckOffsets: ("properties",),
}


def _below(field: str, config: Mapping[str, str | None]) -> dict[str, Any]:
    prefix = f"{field}."
    return {k[len(prefix) :]: text for k, text in config.items() if k.startswith(prefix)}


def _properties(command: Command) -> list[Mapping[str, str]]:
    return [getattr(command, field) for field in _FIELDS.get(type(command), ())]


def _connector(command: Any) -> str:
    return command.id.connector if hasattr(command, "id") else command.connector


def _key(command: Any) -> tuple[str, int, int]:
    number = command.id.task if hasattr(command, "id") else -1
    return _connector(command), number, getattr(command, "incarnation", -1)


def _stopped(command: StopConnector | StopTask) -> Report:
    if isinstance(command, StopConnector):
        return ConnectorStopped(command.connector, command.incarnation)
    return TaskStopped(command.id, command.incarnation)


def _refusals(command: Command, failure: Failure) -> list[Report]:
    match command:
        case StartConnector(name, incarnation):
            return [
                ConnectorChanged(name, incarnation, State.FAILED, failure.trace, failure=failure)
            ]
        case StartTask(id=task, incarnation=incarnation):
            return [TaskChanged(task, incarnation, State.FAILED, failure.trace, failure=failure)]
        case CheckOffsets(name, request):
            return [OffsetsChecked(name, request, failure=failure)]
        case StopConnector() | StopTask():
            return [_stopped(command)]
        case _:
            return []
