"""Earlier producers are fenced off before exactly-once tasks start; none starts otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.cluster.changes import (
    ConnectorConfigured,
    ConnectorRemoved,
    TargetChanged,
    TaskCountRecorded,
    TasksConfigured,
)
from penstock.cluster.effects import (
    AskToFence,
    FenceProducers,
    PrepareOffsets,
    ReadConfig,
    Reply,
    Send,
    WriteConfig,
    WriteStatus,
)
from penstock.cluster.errors import NotLeader, RequestError
from penstock.cluster.events import (
    AlterOffsets,
    ConfigChanged,
    ConfirmTask,
    Event,
    FenceZombies,
    PutTaskConfigs,
    Rebalanced,
    Rejoining,
    Reported,
    RestartTask,
    Result,
)
from penstock.cluster.herder import decide
from penstock.cluster.messages import StartTask, State, StopTask, TargetState, TaskId, TaskStopped
from penstock.cluster.state import ClusterState, GroupSettings, Settings
from penstock.sdk.errors import ConnectError, NotFoundError

ME, LEADER = "http://me/", "http://leader/"
CONFIG = {"connector.class": "X", "tasks.max": "9"}


class Herder:
    """A worker that runs tasks of `a`, and not the connector itself."""

    def __init__(self, *, leader: bool, kind: str = "source", exactly_once: bool = True) -> None:
        group = GroupSettings(exactly_once=exactly_once)
        self.state = ClusterState(Settings("me:1", ME, distributed=True, group=group))
        self.leader = leader
        self.effects: list[Any] = []
        self.feed(ConfigChanged(ConnectorConfigured("a", CONFIG, kind), 1))

    def feed(self, *events: Event) -> list[Any]:
        done: list[Any] = []
        for event in events:
            decision = decide(self.state, event, 0.0)
            self.state = decision.state
            done += decision.effects
        self.effects += done
        return done

    def configure(self, tasks: int, recorded: int | None = None) -> None:
        """Once so many tasks were recorded, there are so many configurations."""
        if recorded is not None:
            self.feed(ConfigChanged(TaskCountRecorded("a", recorded), 2))
        configs = tuple({"task": str(number)} for number in range(tasks))
        self.feed(ConfigChanged(TasksConfigured("a", configs), 3))

    def agreed(self, *numbers: int) -> list[Any]:
        url = ME if self.leader else LEADER
        assignment = {"a": frozenset(numbers)}
        return self.feed(Rebalanced(self.leader, url, 1, assignment, offset=3, version=1))

    def done(self, effect: Any, error: Exception | None = None) -> list[Any]:
        """An effect is had."""
        return self.feed(Result(effect.request, error=error))

    def last(self, kind: type) -> Any:
        return [effect for effect in self.effects if isinstance(effect, kind)][-1]

    def recorded(self, count: int) -> list[Any]:
        """The number of tasks is written and read back."""
        write = self.last(WriteConfig)
        assert write.changes == (TaskCountRecorded("a", count),)
        return [*self.feed(ConfigChanged(write.changes[0], 5)), *self.done(write)]

    def trace(self, task: int) -> str:
        return self.state.statuses["a"][task].trace or ""


def starts(effects: list[Any]) -> list[StartTask]:
    commands = [effect.command for effect in effects if isinstance(effect, Send)]
    return [command for command in commands if isinstance(command, StartTask)]


def stops(effects: list[Any]) -> list[StopTask]:
    commands = [effect.command for effect in effects if isinstance(effect, Send)]
    return [command for command in commands if isinstance(command, StopTask)]


def kinds(effects: list[Any]) -> list[type]:
    return [type(effect) for effect in effects]


def leader(tasks: int = 2, recorded: int | None = 3) -> Herder:
    herder = Herder(leader=True)
    herder.configure(tasks, recorded)
    return herder


def fenced(herder: Herder, tasks: int) -> list[Any]:
    """A whole round, of so many producers."""
    herder.done(herder.last(ReadConfig))
    round_ = herder.last(FenceProducers)
    assert (round_.connector, round_.config, round_.tasks) == ("a", CONFIG, tasks)
    assert kinds(herder.done(round_)) == [ReadConfig]
    assert kinds(herder.done(herder.last(ReadConfig))) == [WriteConfig]
    return herder.recorded(len(herder.state.snapshot.connectors["a"].tasks))


def test_tasks_start_when_earlier_producers_are_fenced_off():
    herder = leader(tasks=2, recorded=3)
    assert kinds(herder.agreed(0, 1)) == [ReadConfig]
    begun = starts(fenced(herder, 3))
    assert [(start.id.task, start.exactly_once) for start in begun] == [(0, True), (1, True)]
    assert not herder.state.requests


@pytest.mark.parametrize(
    ("tasks", "recorded", "fencing"),
    [(2, None, 0), (1, 1, 0), (1, 2, 2), (2, 1, 1), (0, 4, 4)],
)
def test_only_producers_that_their_successors_do_not_fence_off_are(
    tasks: int, recorded: int | None, fencing: int
):
    herder = leader(tasks, recorded)
    herder.agreed()
    herder.feed(FenceZombies(1, "a"))
    assert Reply(1) in fenced(herder, fencing)


def test_tasks_start_at_once_when_their_number_is_recorded_already():
    herder = leader(tasks=2)
    herder.feed(ConfigChanged(TaskCountRecorded("a", 2), 4))
    herder.agreed(1)
    assert [start.id.task for start in starts(herder.done(herder.last(ReadConfig)))] == [1]


@pytest.mark.parametrize(("kind", "exactly_once"), [("sink", True), ("source", False)])
def test_nobody_is_fenced_off_for_other_tasks(kind: str, exactly_once: bool):
    herder = Herder(leader=True, kind=kind, exactly_once=exactly_once)
    herder.configure(1, 3)
    (start,) = starts(herder.agreed(0))
    assert not start.exactly_once


def test_a_follower_asks_the_leader_once_for_all_its_tasks():
    herder = Herder(leader=False)
    herder.configure(2, 3)
    (ask,) = herder.agreed(0, 1)
    assert (ask.url, ask.connector) == (LEADER, "a")
    assert len(starts(herder.done(ask))) == 2


def test_tasks_that_cannot_be_protected_fail_with_the_leaders_words_and_can_be_restarted():
    herder = Herder(leader=False)
    herder.configure(1, 3)
    (ask,) = herder.agreed(0)
    assert starts(herder.done(ask, RequestError(500, "Failed to perform zombie fencing"))) == []
    assert herder.state.statuses["a"][0].state is State.FAILED
    assert "ConnectRestException: Failed to perform zombie fencing" in herder.trace(0)
    (stop,) = stops(herder.feed(RestartTask(1, "a", 0)))
    again = herder.feed(Reported(TaskStopped(stop.id, stop.incarnation)))
    (start,) = starts(herder.done(next(e for e in again if isinstance(e, AskToFence))))
    assert start.incarnation > stop.incarnation


def test_what_kafka_has_against_fencing_fails_tasks_in_javas_words():
    herder = leader()
    herder.agreed(0)
    herder.done(herder.last(ReadConfig))
    herder.done(herder.last(FenceProducers), TimeoutError("too slow"))
    assert "ConnectException: Failed to perform zombie fencing" in herder.trace(0)
    assert "too slow" in herder.trace(0)


def test_a_config_topic_that_cannot_be_read_fails_tasks():
    herder = leader()
    herder.agreed(0)
    herder.done(herder.last(ReadConfig), TimeoutError())
    assert "end of config topic before performing zombie fencing" in herder.trace(0)


def test_all_who_ask_during_a_round_wait_for_it():
    herder = leader()
    herder.agreed()
    herder.feed(FenceZombies(1, "a"), FenceZombies(2, "a"))
    for request in (1, 2):
        herder.feed(Result(request))
    rounds = [effect for effect in herder.effects if isinstance(effect, FenceProducers)]
    assert len(rounds) == 1
    assert {Reply(1), Reply(2)} <= set(fenced_later(herder))


def fenced_later(herder: Herder) -> list[Any]:
    herder.done(herder.last(FenceProducers))
    herder.done(herder.last(ReadConfig))
    return herder.recorded(2)


def test_new_task_configurations_end_a_round_and_who_waited_is_told():
    herder = leader()
    herder.agreed(0)
    (own,) = [effect for effect in herder.effects if isinstance(effect, ReadConfig)]
    herder.feed(FenceZombies(1, "a"), Result(1), Result(own.request))
    told = herder.feed(ConfigChanged(TasksConfigured("a", ({"task": "new"},)), 9))
    (reply,) = [effect for effect in told if isinstance(effect, Reply)]
    assert isinstance(reply.error, RequestError)
    assert reply.error.status == 409
    assert "a new set of task configs was generated" in str(reply.error)
    assert State.FAILED not in {e.state for e in herder.effects if isinstance(e, WriteStatus)}
    late = herder.done(herder.last(FenceProducers))
    assert late == [], "what the ended round did is of no interest any more"


def test_the_number_of_tasks_is_not_written_after_configurations_that_it_does_not_count():
    herder = leader(tasks=2, recorded=3)
    herder.agreed(0)
    herder.done(herder.last(ReadConfig))
    herder.done(herder.last(FenceProducers))
    newer = ({"task": "new"},)
    (write,) = herder.feed(PutTaskConfigs(1, "a", newer))
    assert herder.done(herder.last(ReadConfig)) == [], "they may be in the log by now"
    herder.feed(ConfigChanged(TasksConfigured("a", newer), 9), Result(write.request))
    assert herder.last(WriteConfig) == write


def test_the_number_of_tasks_is_written_when_newer_configurations_could_not_be():
    herder = leader(tasks=2, recorded=3)
    herder.agreed(0)
    herder.done(herder.last(ReadConfig))
    herder.done(herder.last(FenceProducers))
    (write,) = herder.feed(PutTaskConfigs(1, "a", ({"task": "new"},)))
    herder.done(herder.last(ReadConfig))
    herder.done(write, ConnectError("no broker"))
    assert len(starts(herder.recorded(2))) == 1


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (None, NotLeader, "Only the leader may perform zombie fencing."),
        (ConnectorRemoved("a"), NotFoundError, "Connector a not found"),
        (ConnectorConfigured("a", CONFIG, "sink"), RequestError, "a is not a source connector"),
    ],
)
def test_requests_to_fence_are_refused_as_java_does(change: Any, error: type, text: str):
    herder = Herder(leader=change is not None)
    herder.feed(ConfigChanged(change or TargetChanged("a", None), 3))
    herder.agreed()
    (reply,) = [e for e in herder.feed(FenceZombies(1, "a")) if isinstance(e, Reply)]
    assert isinstance(reply.error, error)
    assert text in str(reply.error)


def test_a_request_to_fence_waits_until_the_group_has_agreed():
    herder = leader()
    assert herder.feed(FenceZombies(1, "a")) == []
    assert kinds(herder.agreed()) == [ReadConfig]


def test_a_refusal_of_a_former_leader_is_not_the_last_word():
    herder = Herder(leader=False)
    herder.configure(1, 3)
    (ask,) = herder.agreed(0)
    herder.feed(Rejoining())
    herder.done(ask, RequestError(500, "IO Error trying to forward REST request: refused"))
    assert State.FAILED not in {e.state for e in herder.effects if isinstance(e, WriteStatus)}
    herder.leader = True
    herder.agreed(0)
    assert len(starts(fenced(herder, 3))) == 1


def test_a_task_that_is_taken_away_while_it_waits_never_starts():
    herder = leader()
    herder.agreed(0)
    (stop,) = stops(herder.agreed())
    herder.feed(Reported(TaskStopped(stop.id, stop.incarnation)))
    assert starts(fenced(herder, 3)) == []
    assert not herder.state.local


def test_offsets_are_altered_after_a_round():
    herder = Herder(leader=True)
    herder.configure(0, 2)
    herder.feed(ConfigChanged(TargetChanged("a", TargetState.STOPPED), 4))
    herder.agreed()
    assert kinds(herder.feed(AlterOffsets(1, "a", None, "source"))) == [ReadConfig]
    assert kinds(fenced(herder, 2)) == [PrepareOffsets]


def test_offsets_stay_when_their_writers_could_not_be_fenced_off():
    herder = Herder(leader=True)
    herder.configure(0, 2)
    herder.feed(ConfigChanged(TargetChanged("a", TargetState.STOPPED), 4))
    herder.agreed()
    herder.feed(AlterOffsets(1, "a", None, "source"))
    herder.done(herder.last(ReadConfig))
    (reply,) = herder.done(herder.last(FenceProducers), ConnectError("no"))
    assert (reply.request, str(reply.error)) == (1, "no")
    assert not herder.state.queues


# May it begin? ----------------------------------------------------------------------------------


def running() -> tuple[Herder, StartTask]:
    herder = leader(tasks=2)
    herder.agreed(0, 1)
    return herder, starts(fenced(herder, 3))[0]


def confirmed(herder: Herder, start: StartTask, *between: Event) -> Exception | None:
    """The answer after the config log was read, and this happened meanwhile."""
    effects = herder.feed(ConfirmTask(1, start.id.connector, start.id.task, start.incarnation))
    effects += herder.feed(*between, Result(1))
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    return reply.error


def test_a_task_may_begin_that_nothing_has_superseded():
    herder, start = running()
    assert confirmed(herder, start) is None


def test_a_task_may_not_begin_when_there_are_newer_configurations():
    herder, start = running()
    newer = ConfigChanged(TasksConfigured("a", ({"task": "new"},)), 9)
    assert str(confirmed(herder, start, newer)) == (
        "Cannot start source task a-0 with exactly-once support as the connector has already "
        "generated a new set of task configs"
    )


def test_a_task_may_not_begin_when_it_is_taken_away():
    herder, start = running()
    away = Rebalanced(False, LEADER, 2, {}, offset=3, version=1)
    assert str(confirmed(herder, start, away)) == (
        "Cannot start source task a-0 as it has already been revoked from this worker"
    )


def test_a_task_may_not_begin_in_place_of_its_successor():
    herder, start = running()
    old = StartTask(TaskId("a", 0), start.incarnation - 1, {}, {}, TargetState.STARTED)
    assert "already been revoked" in str(confirmed(herder, old))


def test_a_task_may_not_begin_when_nobody_can_tell():
    herder, start = running()
    herder.feed(ConfirmTask(1, "a", 0, start.incarnation))
    (reply,) = herder.feed(Result(1, error=TimeoutError()))
    assert str(reply.error) == "Failed to read to end of config topic"
