"""Looks after hosts now and then: memory, signs of life, stuck tasks, hosts nobody needs."""

from __future__ import annotations

import asyncio
import logging
import signal
import time

from penstock.hosting.crew import Crew
from penstock.hosting.members import MB, Member
from penstock.hosting.messages import ShowStack
from penstock.hosting.records import TaskRecord
from penstock.hosting.usage import group_sizes, machine_threads

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
MEMORY_ROUND_SECONDS = 0.1  # for hosts with a limit
COUNT_SECONDS = 30.0  # processes are counted at least so often
SILENT_BEATS_MIN = 5


class Rounds:
    """Goes round on the event loop of the hosts."""

    def __init__(self, loop: asyncio.AbstractEventLoop, crew: Crew) -> None:
        self._loop = loop
        self._crew = crew
        self._threads_counted = 0
        self._counted_at = 0.0
        self._seconds = min(ROUND_SECONDS, crew.fleet.settings.beat_seconds)

    def start(self) -> None:
        self._loop.call_later(self._seconds, self._round)
        self._loop.call_later(MEMORY_ROUND_SECONDS, self._memory_round)

    def _round(self) -> None:
        if self._crew.fleet.closing:
            return
        try:
            self._look()
        except Exception:
            log.exception("Hosts could not be looked after")
        self._loop.call_later(self._seconds, self._round)

    def _look(self) -> None:
        now = time.monotonic()
        self._count_processes(now)
        for member in list(self._crew.fleet.members.values()):
            member.measure(now)
            self._signs_of_life(member, now)
            for task in list(member.tasks.values()):
                self._stuck(task, now)
            self._unneeded(member, now)

    # Memory and processes -------------------------------------------------------------------------

    def _memory_round(self) -> None:
        if self._crew.fleet.closing:
            return
        seconds = self._seconds
        for member in list(self._crew.fleet.members.values()):
            if member.memory_max is not None:
                seconds = MEMORY_ROUND_SECONDS
                used = member.memory_now()
                if used is not None and used > member.memory_max:
                    limit = next(iter(member.tasks.values())).policy.task_memory_max_mb
                    member.process.kill(
                        f"it used {used // MB} MB of memory; task.memory.max.mb allows its task "
                        f"{limit} MB above the {member.memory_max // MB - limit} MB of an empty "
                        "host."
                    )
        self._loop.call_later(seconds, self._memory_round)

    def _count_processes(self, now: float) -> None:
        """Mostly when the machine has many more threads than before; counting them all is dear.

        Now and then in any case: as many may have ended elsewhere as have begun here.
        """
        most = self._crew.fleet.settings.processes_max
        threads = machine_threads()
        if threads is None:
            return
        if threads < self._threads_counted + most // 2 and now < self._counted_at + COUNT_SECONDS:
            self._threads_counted = min(self._threads_counted, threads)
            return
        self._threads_counted, self._counted_at = threads, now
        sizes = group_sizes()
        for member in self._crew.fleet.members.values():
            size = sizes.get(member.process.pid or 0, 0)
            if size > most:
                member.process.kill(
                    f"it consisted of {size} processes; penstock.hosts.processes.max allows {most}."
                )

    # Signs of life --------------------------------------------------------------------------------

    def _signs_of_life(self, member: Member, now: float) -> None:
        patience = member.patience()
        if patience is None or not member.ready:
            return
        patience = max(patience, SILENT_BEATS_MIN * self._crew.fleet.settings.beat_seconds)
        quiet = now - member.last_beat
        if quiet <= patience:
            if member.silent:
                log.warning("Host %d is back", member.number)
            member.silent = False
        elif not member.silent:
            self._silent(member, quiet)

    def _silent(self, member: Member, quiet: float) -> None:
        """No thread of it runs: one of them holds Python's lock in native code."""
        member.silent = True
        names = ", ".join(member.names())
        log.error(
            "The process of %s has shown no sign of life for %.1f s; the stacks of its threads "
            "follow, the most recent call first",
            names,
            quiet,
        )
        member.process.signal(signal.SIGUSR1)
        if any(task.policy.task_stuck_action == "restart" for task in member.tasks.values()):
            # the stacks are written by the signal's handler, which needs a moment
            self._loop.call_later(0.2, self._end_silent, member, quiet)

    def _end_silent(self, member: Member, quiet: float) -> None:
        if member.silent and not member.process.over:
            member.relocates = True
            why = f"it has shown no sign of life for {quiet:.1f} s."
            for task in member.tasks.values():
                self._crew.note_restart(task, why)
            member.process.kill(why)

    def _stuck(self, task: TaskRecord, now: float) -> None:
        call, timeout_ms = task.call, task.policy.task_stuck_timeout_ms
        if call is None or not timeout_ms or task.moving or task.stop_asked:
            return
        inside = now - call.since
        if inside * 1000 < timeout_ms or task.stuck_since == call.since:
            return
        task.stuck_since = call.since
        why = f"Task {call.id} has been inside {call.what} for {inside:.1f} s"
        log.warning("%s; task.stuck.timeout.ms is %d", why, timeout_ms)
        task.member.process.send(ShowStack(call.id, call.incarnation))
        if task.policy.task_stuck_action == "restart":
            self._crew.restart_stuck(task, why)

    def _unneeded(self, member: Member, now: float) -> None:
        empty = member.empty and member.empty_since is not None
        if empty and now - (member.empty_since or now) > self._crew.fleet.settings.idle_seconds:
            member.process.kill("nothing has run in it for a while.")
