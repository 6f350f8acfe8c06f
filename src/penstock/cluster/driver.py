"""Performs what the herder decides, and feeds back what comes of it.

One driver, one event loop, one thread. Reports may come from any thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from penstock.cluster.changes import ConnectorConfigured, SessionKeyChanged
from penstock.cluster.commands import CommandSender, LookUp
from penstock.cluster.effects import (
    Announce,
    AskLeader,
    AskToFence,
    ChangeLevel,
    ClaimLog,
    Effect,
    FenceProducers,
    LeaveGroup,
    PrepareOffsets,
    ReadConfig,
    Refresh,
    Rejoin,
    Reply,
    RotateKey,
    Send,
    Validate,
    Wake,
    WriteConfig,
    WriteOffsets,
    WriteStatus,
    WriteTopic,
)
from penstock.cluster.events import (
    Abandoned,
    Claimed,
    ConfigChanged,
    ConfirmTask,
    Event,
    KeyWritten,
    Reported,
    Request,
    Result,
    ShutDown,
    Synced,
)
from penstock.cluster.herder import decide
from penstock.cluster.messages import Report, TaskHosts, TaskId
from penstock.cluster.ports import (
    Clock,
    ConfigLog,
    Fencer,
    Group,
    Levels,
    OffsetStore,
    StatusLog,
    Validator,
)
from penstock.cluster.refusals import explained
from penstock.cluster.sessions import generate
from penstock.cluster.state import ClusterState

log = logging.getLogger(__name__)

AskForTasks = Callable[[AskLeader], Awaitable[None]]
AskForFence = Callable[[AskToFence], Awaitable[None]]
STOP_POLL_SECONDS = 0.01


class NoFencing:
    """Where no source is exactly-once, there is nothing to fence off."""

    async def fence(self, connector: str, config: Mapping[str, str | None], tasks: int) -> None: ...

    async def ask(self, ask: AskToFence) -> None: ...


class Ports(Struct, frozen=True):
    """Everything the driver performs effects through."""

    hosts: TaskHosts
    config_log: ConfigLog
    status_log: StatusLog
    group: Group
    offsets: OffsetStore
    validator: Validator
    levels: Levels
    clock: Clock
    look_up: LookUp
    ask_leader: AskForTasks
    fencer: Fencer = field(default_factory=NoFencing)
    ask_to_fence: AskForFence = field(default_factory=lambda: NoFencing().ask)


class Driver:
    """Holds the state; nobody else changes it."""

    def __init__(self, state: ClusterState, make_ports: Callable[[Driver], Ports]) -> None:
        self.state = state
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._events: deque[Event] = deque()
        self._feeding = False
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._next_id = 1
        self._writes = asyncio.Lock()
        self._ports = make_ports(self)
        self._sender = CommandSender(self._ports.hosts, self._ports.look_up, self.report, self.feed)

    def feed(self, event: Event) -> None:
        """Decide on an event and do what follows. On the driver's thread only."""
        self._events.append(self._with_kind(event))
        if self._feeding:
            return
        self._feeding = True
        try:
            while self._events:
                decision = decide(self.state, self._events.popleft(), self._ports.clock.time())
                self.state = decision.state
                for effect in decision.effects:
                    self._try(effect)
        finally:
            self._feeding = False

    def _with_kind(self, event: Event) -> Event:
        """Only sources can be exactly-once; what a connector is, plugins know."""
        if not self.state.settings.group.exactly_once or not isinstance(event, ConfigChanged):
            return event
        change = event.change
        if not isinstance(change, ConnectorConfigured):
            return event
        kind = self._ports.validator.kind(change.config)
        return replace(event, change=replace(change, kind=kind))

    def tell(self, event: Event) -> None:
        """The same, from any thread."""
        if threading.get_ident() == self._thread:
            self.feed(event)
        else:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to hear
                self._loop.call_soon_threadsafe(self.feed, event)

    def report(self, report: Report) -> None:
        """What task hosts call."""
        self.tell(Reported(self._sender.restored(report)))

    async def ask(self, make: Callable[[int], Request]) -> Any:
        """Make a request and wait for its answer; the caller may stop waiting at any time."""
        number, self._next_id = self._next_id, self._next_id + 1
        answer = self._answers[number] = self._loop.create_future()
        try:
            self.feed(make(number))
            return await answer
        except asyncio.CancelledError:
            self.feed(Abandoned(number))
            raise
        finally:
            self._answers.pop(number, None)

    def confirm(self, task: TaskId, incarnation: int) -> Future[None]:
        """May a task whose producer is up begin? What task hosts ask, from any thread."""

        def request(number: int) -> Request:
            return ConfirmTask(number, task.connector, task.task, incarnation)

        return asyncio.run_coroutine_threadsafe(self.ask(request), self._loop)

    async def close(self, timeout_seconds: float) -> bool:
        """Stop everything that runs; whether it did in time."""
        self.feed(ShutDown())
        try:
            async with asyncio.timeout(timeout_seconds):
                while self.state.local:
                    await asyncio.sleep(STOP_POLL_SECONDS)
        except TimeoutError:
            log.warning("Not everything stopped within %.1f seconds", timeout_seconds)
        for task in list(self._tasks):
            task.cancel()
        return not self.state.local

    # Effects ------------------------------------------------------------------------------------

    def _try(self, effect: Effect) -> None:
        """An effect that cannot be had must not keep the others from happening."""
        try:
            self._perform(effect)
        except Exception:
            log.exception("%s could not be carried out", type(effect).__name__)

    def _perform(self, effect: Effect) -> None:
        ports = self._ports
        match effect:
            case Reply():
                self._reply(effect)
            case Send(command):
                self._sender.send(command)
            case WriteStatus():
                ports.status_log.write(effect)
            case WriteTopic():
                ports.status_log.write_topic(effect)
            case Rejoin(configured):
                ports.group.rejoin(configured)
            case LeaveGroup():
                ports.group.leave()
            case Refresh():
                self._start(self._refresh(effect))
            case ClaimLog(generation):
                self._start(self._claim(generation))
            case RotateKey():
                self._start(self._rotate(effect))
            case ChangeLevel(logger, level):
                self._change_level(logger, level)
            case Announce(text, expected):
                log.log(logging.INFO if expected else logging.WARNING, "%s", text)
            case Wake(after_seconds, event):
                ports.clock.later(after_seconds, lambda: self.feed(event))
            case Validate(request, config):
                self._run(request, explained(ports.validator.validate(config), config))
            case WriteConfig():
                self._run(effect.request, self._write(effect))
            case PrepareOffsets(request, connector, config, offsets):
                self._run(request, ports.offsets.prepare(connector, config, offsets))
            case WriteOffsets(request, connector, config, offsets, reset):
                work = ports.offsets.write(connector, config, offsets, reset=reset)
                self._run(request, work)
            case AskLeader(request):
                self._run(request, ports.ask_leader(effect))
            case AskToFence(request):
                self._run(request, ports.ask_to_fence(effect))
            case FenceProducers(request, connector, config, tasks):
                self._run(request, ports.fencer.fence(connector, config, tasks))
            case ReadConfig(request, timeout_seconds):
                self._run(request, ports.config_log.refresh(timeout_seconds))

    def _reply(self, reply: Reply) -> None:
        answer = self._answers.get(reply.request)
        if answer is None or answer.done():
            return
        if reply.error is not None:
            answer.set_exception(reply.error)
        else:
            answer.set_result(reply.value)

    def _run(self, request: int, work: Awaitable[Any]) -> None:
        self._start(self._told(request, work))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _told(self, request: int, work: Awaitable[Any]) -> None:
        try:
            value = await work
        except Exception as error:
            self.feed(Result(request, error=error))
        else:
            self.feed(Result(request, value))

    async def _write(self, effect: WriteConfig) -> None:
        async with self._writes:  # in the order in which they were decided
            await self._ports.config_log.write(effect.changes)

    async def _refresh(self, effect: Refresh) -> None:
        error: Exception | None = None
        try:
            await self._ports.config_log.refresh(effect.timeout_seconds)
        except Exception as problem:
            log.warning("The config log could not be read to its end: %s", problem)
            error = problem
        self.feed(Synced(effect.attempt, error))

    async def _claim(self, generation: int) -> None:
        error: Exception | None = None
        try:
            async with self._writes:
                await self._ports.config_log.claim()
        except Exception as problem:
            log.warning("The config log could not be claimed: %s", problem)
            error = problem
        self.feed(Claimed(generation, error))

    async def _rotate(self, effect: RotateKey) -> None:
        error: Exception | None = None
        try:
            now_ms = int(self._ports.clock.time() * 1000)
            key = generate(effect.algorithm, effect.size_bits, now_ms)
            async with self._writes:
                await self._ports.config_log.write((SessionKeyChanged(key),))
        except Exception as problem:
            log.warning("A new session key could not be written: %s", problem)
            error = problem
        self.feed(KeyWritten(error))

    def _change_level(self, logger: str, level: str) -> None:
        try:
            self._ports.levels.set(logger, level)
        except (KeyError, ValueError) as error:
            log.warning("The level of logger %s was not set: %s", logger, error)
