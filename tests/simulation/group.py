"""Several workers, a pretend broker, dice and a clock: a run of the simulation."""

from __future__ import annotations

import logging
import random

from penstock.cluster.effects import AskLeader, AskToFence
from penstock.cluster.errors import Elsewhere
from penstock.cluster.events import (
    AlterOffsets,
    DeleteConnector,
    FenceZombies,
    Pairs,
    PutConnector,
    PutTaskConfigs,
    Reported,
    Request,
    RestartAll,
    RestartConnector,
    RestartTask,
    Result,
    SetTarget,
)
from penstock.cluster.messages import ReconfigurationRequested, State, TargetState
from penstock.cluster.protocol import Protocol
from penstock.cluster.state import CONNECTOR
from penstock.sdk.errors import ConnectError
from tests.simulation.broker import Coordinator, Logs
from tests.simulation.exactly_once import Fenced, Task
from tests.simulation.lines import Outside
from tests.simulation.rules import Rules
from tests.simulation.worker import MAX_DELAY_SECONDS, Worker

SESSION_SECONDS = 10.0
OFFSETS: Pairs = (({"of": "a"}, {"at": 7}),)
NAMES = ("a", "b", "c")


class Group:
    """`play` does what a seed says; `rest` lets everything come to rest and checks it."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.now = 0.0
        self.logs = Logs()
        self.outside = Outside()
        self.coordinator = Coordinator()
        self.protocol = self.dice.choice(
            (Protocol.SESSIONED, Protocol.SESSIONED, Protocol.COMPATIBLE, Protocol.EAGER)
        )
        self.exactly_once = self.dice.random() < 0.5
        self.claims = self.exactly_once or self.dice.random() < 0.3
        self.orphans: list[Task] = []  # of workers that were killed; they do not know it yet
        self.workers: dict[str, Worker] = {}
        self.rules = Rules(self.workers, self.logs, self.outside)
        self.expiring: list[tuple[float, str]] = []
        self.asked: list[tuple[Worker, int, Request, int]] = []
        self.internal: list[tuple[Worker, int, Worker, int]] = []
        self.next_request = 1
        self.history: list[str] = []
        for _ in range(self.dice.randint(1, 3)):
            self.start_worker()

    # Faults and wishes --------------------------------------------------------------------------

    def start_worker(self) -> None:
        name = f"w{len(self.history)}:{self.dice.randint(1, 99)}"
        self.note(f"{name} starts")
        self.workers[name] = Worker(
            name,
            self.logs,
            self.coordinator,
            self.dice,
            lambda: self.now,
            self.ask_leader,
            self.protocol,
            claims=self.claims,
            exactly_once=self.exactly_once,
            outside=self.outside,
        )

    def kill(self, worker: Worker) -> None:
        self.note(f"{worker.name} is killed")
        del self.workers[worker.name]
        self.orphans += [task for task in worker.hosts.tasks.all if task.begun]
        if worker.member is not None:
            self.expiring.append((self.now + SESSION_SECONDS, worker.member))

    def part(self, worker: Worker) -> None:
        """Cut a worker off; its session ends unless it comes back in time."""
        self.note(f"{worker.name} is cut off")
        worker.partitioned = True
        worker.due()
        if worker.member is not None:
            self.expiring.append((self.now + SESSION_SECONDS, worker.member))

    def heal(self, worker: Worker) -> None:
        self.note(f"{worker.name} is back")
        worker.partitioned = False
        worker.due()
        self.expiring = [(at, m) for at, m in self.expiring if m != worker.member]

    def wish(self) -> None:
        name, worker = self.dice.choice(NAMES), self.some()
        number = self._number()
        tasks = str(self.dice.randint(0, 4))
        config = {"connector.class": "X", "tasks.max": tasks, "wish": str(number)}
        if (
            self.exactly_once and self.dice.random() < 0.5
        ):  # what runs is asked to do something else
            if self.dice.random() < 0.2:
                self.request(worker, SetTarget(number, "a", TargetState.STOPPED), 0)
                self.request(worker, AlterOffsets(self._number(), "a", OFFSETS, "source"), 0)
            else:
                self.request(worker, PutConnector(number, "a", config), 0)
            return
        make = self.dice.choice(
            (
                lambda n: PutConnector(n, name, config),
                lambda n: PutConnector(n, name, config),
                lambda n: PutConnector(n, name, config),
                lambda n: DeleteConnector(n, name),
                lambda n: SetTarget(n, name, self.dice.choice(tuple(TargetState))),
                lambda n: RestartConnector(n, name),
                lambda n: RestartAll(n, name, False, True),
                lambda n: RestartTask(n, name, self.dice.randint(0, 2)),
            )
        )
        self.request(worker, make(number), 0)

    def reconfigure(self) -> None:
        worker = self.some()
        for name, local in worker.state.local.items():
            if CONNECTOR in local.instances:
                incarnation = local.instances[CONNECTOR].incarnation
                self.logs.editions[name] = self.logs.editions.get(name, 0) + 1
                worker.feed(Reported(ReconfigurationRequested(name, incarnation)))
                return

    def some(self) -> Worker:
        return self.dice.choice(list(self.workers.values()))

    # Requests -----------------------------------------------------------------------------------

    def _number(self) -> int:
        self.next_request += 1
        return self.next_request

    def request(self, worker: Worker, request: Request, hops: int) -> None:
        self.note(f"{worker.name} is asked {type(request).__name__} {request.connector}")
        self.asked.append((worker, request.id, request, hops))
        worker.feed(request)

    def ask_leader(self, asker: Worker, ask: AskLeader | AskToFence) -> None:
        leader = self._at(ask.url)
        if leader is None or leader.partitioned or asker.partitioned:
            error = ConnectError("no such worker")
            asker.inbox.append(Result(ask.request, error=error))
            return
        number = self._number()
        self.internal.append((asker, ask.request, leader, number))
        if isinstance(ask, AskToFence):
            leader.inbox.append(FenceZombies(number, ask.connector))
        else:
            leader.inbox.append(PutTaskConfigs(number, ask.connector, ask.configs))

    def _at(self, url: str | None) -> Worker | None:
        return next((w for w in self.workers.values() if w.url == url), None)

    def answers(self) -> None:
        """Pass on what was answered, and what was answered with another worker's address."""
        for entry in list(self.asked):
            worker, number, request, hops = entry
            gone = worker.name not in self.workers
            if gone or number in worker.answers:
                self.asked.remove(entry)
                answer = worker.answers.get(number)
                if not gone and not isinstance(answer, Exception):
                    self.rules.check_kept(request)
                target = self._at(answer.url) if isinstance(answer, Elsewhere) else None
                if target is not None and hops < 2:
                    self.request(target, msgspec_replace(request, self._number()), hops + 1)
        for entry in list(self.internal):
            asker, request, leader, number = entry
            gone = leader.name not in self.workers
            if gone or number in leader.answers:
                self.internal.remove(entry)
                answer = leader.answers.get(number, ConnectError("the leader died"))
                error = answer if isinstance(answer, Exception) else None
                asker.inbox.append(Result(request, error=error))

    # Time ---------------------------------------------------------------------------------------

    def step(self) -> bool:
        workers = list(self.workers.values())
        self.dice.shuffle(workers)
        haunted = bool(self.orphans) and self.dice.random() < 0.2 and self.haunt()
        done = haunted or any(worker.step() for worker in workers) or self.haunt()
        self.answers()
        self.rules.check_safety()
        return done

    def haunt(self) -> bool:
        """What is left of killed workers writes as long as it can."""
        for task in list(self.orphans):
            try:
                if task.write(self.logs.producers):
                    return True
            except Fenced:
                self.orphans.remove(task)
        return False

    def advance(self, seconds: float) -> None:
        """Time passes only as fast as workers manage to end what they have to."""
        self.now += seconds
        for worker in list(self.workers.values()):
            worker.due()
        for at, member in list(self.expiring):
            if at <= self.now:
                self.expiring.remove((at, member))
                self.finish_detached(member)
                self.coordinator.leave(member, self.now)
        self.coordinator.tick(self.now)
        self.rules.check_safety()

    def tick(self) -> None:
        self.now += 1

    def finish_detached(self, member: str) -> None:
        """A session outlasts the time that a worker which is cut off takes to stop everything."""
        for worker in self.workers.values():
            if worker.member == member:
                while worker._hear() or worker._report():
                    pass

    def note(self, text: str) -> None:
        self.history.append(f"{self.now:8.2f} {text}")

    # A run --------------------------------------------------------------------------------------

    def play(self, steps: int) -> None:
        for _ in range(steps):
            roll = self.dice.random()
            if roll < 0.06:
                self.wish()
            elif roll < 0.07 and len(self.workers) < 4:
                self.start_worker()
            elif roll < 0.08 and len(self.workers) > 1:
                self.kill(self.some())
            elif roll < 0.09:
                worker = self.some()
                (self.heal if worker.partitioned else self.part)(worker)
            elif roll < 0.095:
                self.logs.fail_after = self.dice.randint(0, 2)
            elif roll < 0.11:
                self.reconfigure()
            elif roll < 0.16:
                self.advance(self.dice.expovariate(1.0))
            else:
                self.step()

    def rest(self) -> None:
        self.logs.fail_after = None
        for worker in self.workers.values():
            self.heal(worker)
        self.logs.calm = True
        self.settle(30)
        self.restart_failed()
        self.start_worker()  # nothing else happens now that would let the group agree
        self.settle(60)
        assert not self.asked, f"never answered: {self.asked}"
        self.rules.check_liveness()
        self.rules.check_lines(self.tick)

    def restart_failed(self) -> None:
        """Tasks that came up late may have fenced off those that were to take their place."""
        for worker in self.workers.values():
            for name, local in worker.state.local.items():
                for number, instance in local.instances.items():
                    if instance.state is State.FAILED:
                        self.request(worker, RestartTask(self._number(), name, number), 0)
        self.settle(30)

    def settle(self, rounds: int) -> None:
        for _ in range(rounds):
            for _ in range(5000):
                if not self.step():
                    break
            else:
                raise AssertionError("it never comes to rest")
            self.advance(MAX_DELAY_SECONDS / 4)


def msgspec_replace(request: Request, number: int) -> Request:
    from msgspec.structs import replace

    return replace(request, id=number)


def simulate(seed: int, steps: int = 400) -> list[str]:
    """One run; what happened. Raises AssertionError with the end of that."""
    group = Group(seed)
    logged, _ = logging.root.manager.disable, logging.disable()
    try:
        group.play(2 * steps if group.exactly_once else steps)
        group.rest()
    except AssertionError as error:
        told = "\n".join(group.history[-40:])
        again = f"Replay it with: make sim SEED={seed}"
        raise AssertionError(f"seed {seed}: {error}\n{told}\n{again}") from error
    finally:
        logging.disable(logged)
    return group.history


def played(seed: int) -> str | None:
    """What went wrong, if anything did."""
    try:
        simulate(seed)
    except AssertionError as error:
        return str(error)
    return None
