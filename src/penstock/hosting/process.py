"""Connectors and tasks in processes of their own; nothing of theirs can harm the worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from penstock.cluster.host_views import HostView, TaskView
from penstock.cluster.messages import Command
from penstock.hosting.confirming import unrivalled
from penstock.hosting.crew import Crew
from penstock.hosting.fleet import Fleet, HostEnded, HostingSettings
from penstock.hosting.launch import Launcher
from penstock.hosting.messages import encoded
from penstock.hosting.offset_desk import OffsetDesk
from penstock.hosting.ports import Confirming, OffsetStores, OnMeasured, OnReport
from penstock.hosting.reception import Reception
from penstock.hosting.rounds import Rounds
from penstock.hosting.views import host_views, task_views

log = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
VIEW_SECONDS = 10.0  # nobody else waits for whoever looks


class ProcessHosts:
    """A `TaskHosts` of processes. All work is done by one thread with an event loop of its own.

    Until `set_plan` has said what hosts are made from, commands wait.
    """

    def __init__(
        self,
        launcher: Launcher,
        offsets: OffsetStores,
        report: OnReport,
        settings: HostingSettings,
        confirm: Confirming = unrivalled,
        measured: OnMeasured = lambda tasks, known: None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._report = report
        self._fleet = Fleet(self._loop, launcher, settings)
        self._crew = Crew(self._loop, self._fleet, self._told, measured)
        desks = OffsetDesk(offsets), OffsetDesk(offsets)
        self._fleet.owner = Reception(self._loop, self._fleet, desks, self._crew, confirm)
        self._thread = threading.Thread(target=self._run, name="task-hosts", daemon=True)
        self._closed = False
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        Rounds(self._loop, self._crew).start()
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _told(self, report: Any) -> None:
        if not self._fleet.closing:
            self._report(report)

    # For the control plane ----------------------------------------------------------------------

    def send(self, command: Command) -> None:
        """Raises TypeError or OverflowError for what cannot cross to another process."""
        encoded(command)
        self._soon(self._crew.carry_out, command)

    def _soon(self, call: Callable[..., object], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # closed: nobody is left to do it
            self._loop.call_soon_threadsafe(self._guarded, call, arguments)

    def _guarded(self, call: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        try:
            call(*arguments)
        except Exception:
            log.exception("Hosts could not do what they were asked to")

    # For the worker -----------------------------------------------------------------------------

    def warm_up(self) -> None:
        """Begin to load what hosts are forked from."""
        self._soon(self._fleet.warm_up)

    def set_plan(self, plan: bytes) -> None:
        """What hosts are made from, from now on."""
        self._soon(self._crew.set_plan, plan)

    def set_first_plan(self, plan: bytes) -> None:
        """The plan for answering questions, before there is one for tasks."""
        self._soon(setattr, self._fleet, "plan", plan)

    def set_levels(self, levels: Mapping[str, int]) -> None:
        self._soon(self._fleet.set_levels, dict(levels))

    def renew(self, until: float) -> None:
        """Hosts end at this monotonic time, unless this is called again. Not called: never."""
        self._soon(self._fleet.renew, until)

    def when_out_of_time(self, call: Callable[[], None]) -> None:
        """`call` hears that something that ran was ended because the lease was not renewed."""
        self._soon(setattr, self._fleet, "out_of_time", call)

    def ask(self, question: str, body: bytes) -> Future[bytes]:
        """Raises AskedError for what was raised in the host, HostEnded if that is gone."""
        answer: Future[bytes] = Future()
        self._soon(self._fleet.ask, question, body, answer)
        if self._closed:
            answer.set_exception(HostEnded("The worker is shutting down."))
        return answer

    def end_questions(self, why: str) -> None:
        """Whoever still waits for an answer is told why there is none."""
        self._soon(self._fleet.end_questions, why)

    def hosts(self) -> list[HostView]:
        return self._view(lambda: host_views(self._crew, time.monotonic()))

    def tasks(self) -> list[TaskView]:
        return self._view(lambda: task_views(self._crew, time.monotonic()))

    def _view(self, make: Callable[[], Any]) -> Any:
        found: Future[Any] = Future()
        self._soon(lambda: found.set_result(make()))
        return found.result(VIEW_SECONDS)

    def close(self) -> None:
        """End all hosts, at once. No report is made any more."""
        if self._closed:
            return
        self._closed = True
        self._soon(self._end)
        self._thread.join(CLOSE_SECONDS)

    def _end(self) -> None:
        try:
            self._fleet.close()
        finally:
            self._loop.stop()
