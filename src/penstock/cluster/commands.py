"""Sends commands to the task hosts, with references to secrets resolved on the way.

Resolving may take long, so it happens on a thread; commands of one connector keep their order.
What a connector makes of resolved secrets goes back as the references it came from.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

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
from penstock.cluster.threads import on_thread
from penstock.sdk.errors import java_class

Resolve = Callable[[Mapping[str, str]], Mapping[str, str]]


def has_references(properties: Mapping[str, str]) -> bool:
    """Whether there may be something to resolve."""
    return any("${" in value for value in properties.values())


class CommandSender:
    """Between a driver and its hosts."""

    def __init__(
        self, hosts: TaskHosts, resolve: Resolve, report: Callable[[Report], None]
    ) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._report = report
        self._waiting: dict[str, deque[Command]] = {}  # behind one that is being resolved
        self._unsent: set[tuple[str, int, int]] = set()  # starts that never reached a host
        self._secrets: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = {}
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
        changes: dict[str, Any] = {}
        for field in _FIELDS.get(type(command), ()):
            properties: Mapping[str, str] = getattr(command, field)
            if has_references(properties):
                changes[field] = dict(await on_thread("secrets", self._resolve, properties))
        resolved = replace(command, **changes) if changes else command
        if isinstance(command, StartConnector) and isinstance(resolved, StartConnector):
            self._secrets[command.connector] = command.properties, resolved.properties
        return resolved

    def restored(self, report: Report) -> Report:
        """The report with references in place of what they resolved to."""
        if isinstance(report, ConnectorStopped):
            self._secrets.pop(report.connector, None)
        if isinstance(report, TaskConfigsMade) and report.configs is not None:
            secrets = self._secrets.get(report.connector)
            if secrets is not None:
                return replace(report, configs=with_references(report.configs, *secrets))
        return report

    def _deliver(self, command: Command) -> None:
        key = _key(command)
        if key in self._unsent and isinstance(command, StopConnector | StopTask):
            self._unsent.discard(key)
            self._report(_stopped(command))
            return
        try:
            self._hosts.send(command)
        except Exception as error:
            self._refuse(command, error)

    def _refuse(self, command: Command, error: Exception) -> None:
        """The instance fails before it ever was; a later command to stop it is answered here."""
        text = "".join(traceback.format_exception(error))
        failure = Failure(java_class(error), str(error), f"{java_class(error)}: {error}\n{text}")
        if isinstance(command, StartConnector | StartTask):
            self._unsent.add(_key(command))
        for report in _refusals(command, failure):
            self._report(report)


_FIELDS: dict[type, tuple[str, ...]] = {
    StartConnector: ("properties",),
    StartTask: ("connector_properties", "task_properties"),
    CheckOffsets: ("properties",),
}


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


def with_references(
    configs: list[dict[str, str]], raw: Mapping[str, str], resolved: Mapping[str, str]
) -> list[dict[str, str]]:
    """Task configurations in which what came out of a reference is the reference again."""
    referring = {key: text for key, text in raw.items() if "${" in text}
    if not referring:
        return configs

    def restored(key: str, value: str) -> str:
        return referring[key] if key in referring and resolved.get(key) == value else value

    return [{key: restored(key, value) for key, value in c.items()} for c in configs]
