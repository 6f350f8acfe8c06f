"""Exactly-once tasks of the simulation: producers with epochs, and who may still write."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from penstock.cluster.effects import FenceProducers
from penstock.cluster.events import ConfirmTask, Event, Reported, Result
from penstock.cluster.messages import Failure, StartTask, State, TargetState, TaskChanged, TaskId

WRITES = 4
FIRST_NUMBER = 1_000_000  # of requests that tasks make
FAILED = Failure("java.lang.RuntimeException", "fenced", "fenced")


class Fenced(Exception):
    """A newer producer has taken the transactional id."""


@dataclass
class Producers:
    """What the broker knows of them. A generation counts task configurations of a connector."""

    epochs: dict[TaskId, int] = field(default_factory=dict[TaskId, int])
    newest: dict[str, int] = field(default_factory=dict[str, int])  # generation that has written
    written: int = 0

    def take(self, task: TaskId) -> int:
        """A producer comes up; its predecessor is fenced off."""
        self.epochs[task] = self.epochs.get(task, 0) + 1
        return self.epochs[task]

    def write(self, task: TaskId, epoch: int, generation: int) -> None:
        if self.epochs[task] != epoch:
            raise Fenced
        newest = self.newest.get(task.connector, generation)
        assert generation >= newest, (
            f"{task} of generation {generation} writes although tasks of {newest} have begun to"
        )
        self.newest[task.connector] = generation
        self.written += 1

    def alter(self, connector: str, generation: int) -> None:
        """Offsets are set in the name of the first task; nobody of these generations writes on."""
        self.take(TaskId(connector, 0))
        self.newest[connector] = max(generation, self.newest.get(connector, generation))


@dataclass
class Task:
    """A task as far as its producer goes; it may outlive what its worker knows of it."""

    id: TaskId
    incarnation: int
    generation: int
    target: TargetState
    epoch: int | None = None
    asked: int | None = None
    begun: bool = False
    given_up: bool = False
    slowness: int = 0  # steps that it takes to come up
    writes: int = WRITES

    def write(self, producers: Producers) -> bool:
        """Raises Fenced."""
        if not self.begun or self.epoch is None or self.writes == 0:
            return False
        self.writes -= 1
        producers.write(self.id, self.epoch, self.generation)
        return True


class Tasks:
    """The exactly-once tasks of one worker, and what it fences off as a leader."""

    def __init__(
        self, producers: Producers, dice: random.Random, feed: Callable[[Event], None]
    ) -> None:
        self.all: list[Task] = []
        self._producers, self._dice, self._feed = producers, dice, feed
        self._fencing: list[tuple[FenceProducers, list[TaskId]]] = []
        self._next = FIRST_NUMBER

    def start(self, command: StartTask, generation: int) -> None:
        task = Task(command.id, command.incarnation, generation, command.target)
        task.slowness = self._dice.choice((0, 0, 5, 40, 200))
        self.all.append(task)

    def aim(self, aimed: TaskId, incarnation: int, target: TargetState) -> bool:
        """Whether it is shown at once; a task that is still coming up shows it when it begins."""
        for task in self.all:
            if (task.id, task.incarnation) == (aimed, incarnation):
                task.target = target
                return task.begun
        return True

    def stopped(self, stopped: TaskId, incarnation: int) -> None:
        """It has ended, or is given up on and does not know it."""
        for task in list(self.all):
            if (task.id, task.incarnation) == (stopped, incarnation):
                task.given_up = True
                if self._dice.random() < 0.5:
                    self.all.remove(task)

    def refill(self) -> None:
        for task in self.all:
            task.writes = WRITES

    def fence(self, effect: FenceProducers) -> None:
        ids = [TaskId(effect.connector, number) for number in range(effect.tasks)]
        self._fencing.append((effect, ids))

    def fence_one(self) -> bool:
        """One id after the other, and rounds in their order."""
        if not self._fencing:
            return False
        effect, ids = self._fencing[0]
        if ids:
            self._producers.take(ids.pop())
        else:
            self._fencing.pop(0)
            self._feed(Result(effect.request))
        return True

    def step(self, answers: dict[int, Any], tell: Callable[[TaskId, Event], None]) -> bool:
        """One task takes one step."""
        tasks = list(self.all)
        self._dice.shuffle(tasks)
        return any(self._step(task, answers, tell) for task in tasks)

    def _step(
        self, task: Task, answers: dict[int, Any], tell: Callable[[TaskId, Event], None]
    ) -> bool:
        if task.slowness > 0:
            task.slowness -= 1
            return True
        if task.epoch is None:
            task.epoch = self._producers.take(task.id)
            return True
        if task.asked is None:
            self._next += 1
            task.asked = self._next
            number = task.id.task
            self._feed(ConfirmTask(task.asked, task.id.connector, number, task.incarnation))
            return True
        if not task.begun:
            return self._begin(task, answers, tell)
        try:
            return task.write(self._producers)
        except Fenced:
            self._fail(task, tell)
            return True

    def _begin(
        self, task: Task, answers: dict[int, Any], tell: Callable[[TaskId, Event], None]
    ) -> bool:
        if task.asked not in answers:
            return False
        if answers[task.asked] is not None:
            self._fail(task, tell)
            return True
        task.begun = True
        if not task.given_up:
            state = State.PAUSED if task.target is TargetState.PAUSED else State.RUNNING
            tell(task.id, Reported(TaskChanged(task.id, task.incarnation, state)))
        return True

    def _fail(self, task: Task, tell: Callable[[TaskId, Event], None]) -> None:
        self.all.remove(task)
        if not task.given_up:
            report = TaskChanged(task.id, task.incarnation, State.FAILED, failure=FAILED)
            tell(task.id, Reported(report))
