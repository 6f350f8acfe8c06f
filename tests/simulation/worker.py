"""One worker of the simulation: the real herder core and rounds, everything else is pretended."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from penstock.cluster.assignor_work import Work
from penstock.cluster.changes import LevelChanged, SessionKeyChanged, TargetChanged
from penstock.cluster.config_state import ConfigState
from penstock.cluster.effects import (
    AskLeader,
    AskToFence,
    ChangeLevel,
    ClaimLog,
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
from penstock.cluster.errors import LostPrivilege
from penstock.cluster.events import (
    Claimed,
    Event,
    KeyWritten,
    Rejoining,
    Result,
    StatusChanged,
    Synced,
)
from penstock.cluster.herder import decide
from penstock.cluster.logs import Log
from penstock.cluster.membership_bytes import offers
from penstock.cluster.messages import (
    TaskId,
)
from penstock.cluster.protocol import Protocol
from penstock.cluster.sessions import generate
from penstock.cluster.state import CONNECTOR, ClusterState, GroupSettings, Settings
from penstock.cluster.views import ConfigInfos
from penstock.kafka.membership_rounds import Rounds
from penstock.stores.config_topic import ConfigTopic
from tests.simulation.broker import Coordinator, Logs, Reader
from tests.simulation.hosts import Hosts
from tests.simulation.lines import Outside

HEARTBEAT_SECONDS = 3.0
MAX_DELAY_SECONDS = 20.0
LINES_SHARE = 0.3  # of the steps, one of a task as well
Ask = Callable[["Worker", AskLeader | AskToFence], None]


class Worker:
    """Everything happens in `step`, in an order that dice decide on."""

    def __init__(
        self,
        name: str,
        logs: Logs,
        coordinator: Coordinator,
        dice: random.Random,
        now: Callable[[], float],
        ask: Ask,
        protocol: Protocol,
        *,
        claims: bool,
        outside: Outside,
        exactly_once: bool = False,
    ) -> None:
        self.name, self.url = name, f"http://{name}/"
        self.logs, self.coordinator, self.dice, self.now, self.ask = (
            logs,
            coordinator,
            dice,
            now,
            ask,
        )
        self.protocol = protocol
        group = GroupSettings(
            max_delay_seconds=MAX_DELAY_SECONDS,
            unsync_backoff_seconds=10.0,
            claims=claims,
            exactly_once=exactly_once,
        )
        self.state = ClusterState(Settings(name, self.url, distributed=True, group=group))
        self.inbox: deque[Event] = deque()
        self.timers: list[tuple[float, Event]] = []
        self.answers: dict[int, Any] = {}
        self.hosts = Hosts(
            name, logs, dice, now, outside, lambda: not self.partitioned, self.inbox.append
        )
        self.claim = 0
        self.reader = Reader(logs)
        log: Log = self.reader
        self.topic = ConfigTopic(log, self.inbox.append)
        self.statuses_read = 0
        self.partitioned = False
        self.unknown_since: float | None = None
        self.member: str | None = None
        self.in_flight = False
        self.need_rejoin = True
        self.asked = False
        self.away = self.leaving = False
        self.rounds = Rounds(
            self.url, int(MAX_DELAY_SECONDS * 1000), self, lambda: int(now() * 1000)
        )
        self.topic.start()

    # What rounds want to know -------------------------------------------------------------------

    def configs(self) -> ConfigState:
        return self.topic.snapshot()

    def newest_configs(self) -> ConfigState:
        return self.topic.snapshot() if self.dice.random() < 0.3 else self.topic.refreshed(0)

    def work(self) -> Work:
        held = {(n, i) for n, local in self.state.local.items() for i in local.instances}
        return Work.of(
            (n for n, i in held if i == CONNECTOR), (TaskId(n, i) for n, i in held if i >= 0)
        )

    # Steps --------------------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        self.hosts.knows(event)
        decision = decide(self.state, event, self.now())
        self.state = decision.state
        for effect in decision.effects:
            self._perform(effect)

    def step(self) -> bool:
        """Let one thing happen; whether anything did. Lines have no end and do not count."""
        self.hosts.write_a_line(LINES_SHARE)
        choices = [
            self._hear,
            self._report,
            self._read_config,
            self._read_status,
            self._take_part,
            lambda: self.hosts.run_tasks(self.answers),
        ]
        self.dice.shuffle(choices)
        return any(choice() for choice in choices)

    def due(self) -> None:
        """Timers whose time has come."""
        self.hosts.tasks.refill()
        ready = [event for at, event in self.timers if at <= self.now()]
        self.timers = [(at, event) for at, event in self.timers if at > self.now()]
        for event in ready:
            self.feed(event)
        self._watch()

    def _hear(self) -> bool:
        if not self.inbox:
            return False
        self.feed(self.inbox.popleft())
        return True

    def _report(self) -> bool:
        event = self.hosts.next_report()
        if event is None:
            return False
        self.feed(event)
        return True

    def _read_config(self) -> bool:
        return not self.partitioned and self.reader.read_one()

    def _read_status(self) -> bool:
        if self.partitioned or self.statuses_read == len(self.logs.statuses):
            return False
        writer, it = self.logs.statuses[self.statuses_read]
        self.statuses_read += 1
        told = (it.connector, it.number, it.state, writer, it.generation, it.trace, it.version)
        self.inbox.append(StatusChanged(*told))
        return True

    # Membership ---------------------------------------------------------------------------------

    def _take_part(self) -> bool:
        if self.partitioned:
            return False
        if self.away:
            return self.leaving and self._leave()
        if self.member is not None and not self.in_flight and not self.need_rejoin:
            said = self.coordinator.heartbeat(self.member)
            if said == "unknown":
                self.member = None
            self.need_rejoin = said != "ok" or self.asked
            self.asked = False
        if self.in_flight:
            return self._proceed()
        if not self.need_rejoin:
            return False
        if self.rounds.eager and self.rounds.allocation is not None:
            self.detach()
        if not self.rounds.released(self.state.membership.noted, self.work()):
            return False
        self.inbox.append(Rejoining())
        self.asked = False
        protocols = offers(self.protocol, self.rounds.metadata())
        self.member = self.coordinator.join(self.member, protocols, self.now())
        self.in_flight = True
        return True

    def _proceed(self) -> bool:
        assert self.member is not None
        match self.coordinator.poll(self.member):
            case None:
                return False
            case "unknown":
                self.member, self.in_flight = None, False
            case "rebalance":
                self.in_flight = False
            case "lead":
                protocol, generation = self.coordinator.protocol, self.coordinator.generation
                told = self.rounds.lead(
                    protocol, self.member, self.coordinator.metadata(), generation
                )
                self.coordinator.sync(generation, told)
            case said:
                generation, protocol, data = said
                self.in_flight = self.need_rejoin = False
                self.inbox.append(self.rounds.joined(generation, self.member, protocol, data))
        return True

    def _leave(self) -> bool:
        if self.rounds.allocation is not None:
            self.detach()
        if not self.rounds.released(self.state.membership.noted, self.work()):
            return False
        self.leaving = False
        if self.member is not None:
            self.coordinator.leave(self.member, self.now())
        self.member, self.in_flight = None, False
        return True

    def detach(self) -> None:
        self.inbox.append(self.rounds.forget())

    def _watch(self) -> None:
        if not self.partitioned:
            self.unknown_since = None
        elif self.unknown_since is None:
            self.unknown_since = self.now()
        elif self.now() - self.unknown_since >= HEARTBEAT_SECONDS and self.rounds.allocation:
            self.detach()
            self.need_rejoin, self.in_flight = True, False

    # Effects ------------------------------------------------------------------------------------

    def _perform(self, effect: Any) -> None:
        match effect:
            case Reply(request, value, error):
                assert request not in self.answers, "answered twice"
                self.answers[request] = error if error is not None else value
            case Send(command):
                self.hosts.send(command)
            case WriteConfig(request, changes):
                self.inbox.append(Result(request, error=self._write(changes)))
            case RotateKey(algorithm, size):
                key = generate(algorithm, size, int(self.now() * 1000), lambda n: bytes(n))
                self.inbox.append(KeyWritten(self._write((SessionKeyChanged(key),))))
            case ClaimLog(generation):
                error = LostPrivilege("not yet") if self.dice.random() < 0.2 else None
                self.logs.leader_epoch += 1
                self.claim = self.logs.leader_epoch
                self.inbox.append(Claimed(generation, error))
            case Refresh(attempt, _):
                self._refresh(attempt)
            case Rejoin():
                self.away = self.leaving = False
                self.asked = True
                if self.member is None:
                    self.need_rejoin = True
            case LeaveGroup():
                self.away = self.leaving = True
            case Validate(request, _):
                self.hosts.later(f"v{request}", Result(request, ConfigInfos("c", 0, [], [])))
            case WriteStatus():
                self._write_status(effect)
            case Wake(after_seconds, event):
                self.timers.append((self.now() + after_seconds, event))
            case AskLeader() | AskToFence():
                self.ask(self, effect)
            case FenceProducers():
                self.hosts.tasks.fence(effect)
            case ReadConfig(request):
                self._read_for(request)
            case PrepareOffsets(request, _, _, offsets):
                self.inbox.append(Result(request, list(offsets or ())))
            case WriteOffsets(request, connector):
                self.inbox.append(Result(request, error=self._write_offsets(connector)))
            case _:
                assert isinstance(effect, WriteTopic | ChangeLevel), effect

    def _write(self, changes: Any) -> Exception | None:
        if self.partitioned:
            return TimeoutError("no broker")
        try:
            self._ensure_claim(changes)
            self.topic._write(changes)
        except Exception as error:
            return error
        finally:
            self.topic._tell_read()
        return None

    def _ensure_claim(self, changes: Any) -> None:
        if not self.state.settings.group.claims:
            return
        anybody = all(isinstance(change, TargetChanged | LevelChanged) for change in changes)
        if not anybody and self.claim != self.logs.leader_epoch:
            raise LostPrivilege("another leader is there")
        if not self.logs.calm and self.dice.random() < 0.02:
            raise LostPrivilege("another leader was here")

    def _write_offsets(self, connector: str) -> Exception | None:
        if self.partitioned:
            return TimeoutError("no broker")
        self.logs.producers.alter(connector, self.hosts.generation(connector))
        return None

    def _read_for(self, request: int) -> None:
        if self.partitioned or (not self.logs.calm and self.dice.random() < 0.1):
            self.inbox.append(Result(request, error=TimeoutError("too slow")))
            return
        self.reader.read_to_end(0)
        self.topic._tell_read()
        self.inbox.append(Result(request))

    def _refresh(self, attempt: int) -> None:
        if self.partitioned or self.dice.random() < 0.1:
            self.inbox.append(Synced(attempt, TimeoutError("too slow")))
            return
        self.reader.read_to_end(0)
        self.topic._tell_read()
        self.inbox.append(Synced(attempt))

    def _write_status(self, effect: WriteStatus) -> None:
        self.logs.statuses.append((self.name, effect))
