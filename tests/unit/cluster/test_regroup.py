"""A herder in a group: when it acts on what the group has agreed on."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from penstock.cluster.changes import (
    ConnectorConfigured,
    ConnectorRemoved,
    SessionKeyChanged,
    TasksConfigured,
)
from penstock.cluster.config_state import SessionKey
from penstock.cluster.effects import (
    ClaimLog,
    LeaveGroup,
    Refresh,
    Rejoin,
    Reply,
    RotateKey,
    Send,
    Wake,
    WriteConfig,
    WriteStatus,
)
from penstock.cluster.errors import LostPrivilege, NotAssigned, NotLeader
from penstock.cluster.events import (
    CheckHealth,
    ClaimDue,
    Claimed,
    ConfigChanged,
    ConfigRead,
    DeleteConnector,
    Detached,
    Event,
    KeyDue,
    KeyWritten,
    Rebalanced,
    RebalanceDue,
    Rejoining,
    Reported,
    Request,
    RestartAll,
    RestartTask,
    Result,
    SetTarget,
    StatusChanged,
    SyncDue,
    Synced,
)
from penstock.cluster.herder import decide
from penstock.cluster.messages import (
    StartConnector,
    StartTask,
    State,
    StopTask,
    TargetState,
    TaskChanged,
    TaskId,
    TaskStopped,
)
from penstock.cluster.state import ClusterState, GroupSettings, Rebalances, Settings
from penstock.sdk.errors import NotFoundError

ME, LEADER = "http://me/", "http://leader/"
CONFIG = {"connector.class": "X", "tasks.max": "1"}


class Herder:
    """Feeds events and remembers what was to be done."""

    def __init__(self, **group: Any) -> None:
        settings = Settings("me:1", ME, distributed=True, group=GroupSettings(**group))
        self.state = ClusterState(settings)
        self.now = 0.0
        self.sequence = 0

    def feed(self, *events: Event) -> list[Any]:
        done: list[Any] = []
        for event in events:
            decision = decide(self.state, event, self.now)
            self.state = decision.state
            done += decision.effects
        return done

    def knows_a(self, tasks: int = 1) -> None:
        configs = tuple({"task": str(number)} for number in range(tasks))
        self.feed(ConfigChanged(ConnectorConfigured("a", CONFIG), 1))
        self.feed(ConfigChanged(TasksConfigured("a", configs), 3), ConfigRead(3))

    def agreed(self, *numbers: int, leader: bool = False, **more: Any) -> list[Any]:
        assignment = {"a": frozenset(numbers)} if numbers else {}
        url = ME if leader else LEADER
        self.sequence += 1
        told: dict[str, Any] = {"offset": 3, "version": 2, "sequence": self.sequence, **more}
        return self.feed(Rebalanced(leader, url, 1, assignment, **told))


def kinds(effects: list[Any]) -> list[type]:
    return [type(effect.command if isinstance(effect, Send) else effect) for effect in effects]


def test_what_is_assigned_starts_at_once_when_everything_is_known():
    herder = Herder()
    herder.knows_a()
    assert kinds(herder.agreed(-1, 0)) == [StartConnector, StartTask]
    assert herder.state.ready


def test_nothing_starts_before_the_log_was_read_as_far_as_the_assignment_knows_it():
    herder = Herder(sync_timeout_seconds=2.0)
    assert herder.agreed(-1) == [Refresh(1, 2.0)]
    assert not herder.state.ready
    read = herder.feed(ConfigChanged(ConnectorConfigured("a", CONFIG), 3), ConfigRead(3))
    assert read == [], "the assignment knows of it already"
    assert kinds(herder.feed(Synced(1))) == [StartConnector]


def test_a_change_that_the_assignment_does_not_know_makes_the_group_agree_anew():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    assert Rejoin in kinds(herder.feed(ConfigChanged(ConnectorConfigured("b", CONFIG), 4)))
    assert kinds(herder.agreed(-1, 0, offset=3)) == [Rejoin], "made from an older reading"
    assert not kinds(herder.agreed(-1, 0, offset=4))
    assert not herder.state.membership.joining


def test_a_new_configuration_restarts_only_its_connector():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    changed = herder.feed(ConfigChanged(ConnectorConfigured("a", CONFIG | {"x": "y"}), 4))
    assert [effect.command.__class__.__name__ for effect in changed] == ["StopConnector"]


def test_a_worker_that_cannot_read_tries_again_and_in_the_end_stops_and_leaves():
    herder = Herder(max_delay_seconds=100.0)
    herder.knows_a()
    herder.agreed(-1, 0)
    herder.agreed(-1, 0, offset=9)
    pauses: list[float] = []
    for attempt in range(1, 6):
        (wake,) = herder.feed(Synced(attempt, TimeoutError()))
        pauses.append(wake.after_seconds)
        assert kinds(herder.feed(wake.event)) == [Refresh]
    assert pauses == [2.0, 2.5, 10 / 3, 5.0, 10.0]
    gone = kinds(herder.feed(Synced(6, TimeoutError())))
    assert gone[0] is LeaveGroup
    assert Wake in gone
    herder.feed(Detached(7))
    assert kinds(herder.feed(SyncDue(6))) == [Refresh]
    assert kinds(herder.feed(ConfigRead(9), Synced(7))) == [Rejoin]


def test_a_late_answer_to_an_earlier_attempt_to_read_counts_for_nothing():
    herder = Herder()
    herder.agreed(-1)
    herder.agreed(-1)
    assert herder.feed(Synced(1, TimeoutError())) == []
    assert herder.feed(SyncDue(1)) == []


def test_under_the_eager_protocol_a_worker_that_cannot_read_leaves_at_once():
    herder = Herder(unsync_backoff_seconds=300.0)
    herder.agreed(-1, version=0)
    assert herder.feed(Synced(1, TimeoutError())) == [LeaveGroup(), Wake(300.0, SyncDue(1))]


def test_what_was_revoked_is_shared_out_once_it_has_ended():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    (stop, *rest) = herder.agreed(-1, revoking=True)
    assert isinstance(stop.command, StopTask)
    assert rest == []
    assert not herder.state.membership.joining
    ended = herder.feed(Reported(TaskStopped(TaskId("a", 0), stop.command.incarnation)))
    assert kinds(ended) == [WriteStatus, Rejoin]


def test_a_round_that_revokes_nothing_here_but_elsewhere_needs_no_second_one_from_here():
    herder = Herder()
    herder.knows_a()
    assert Rejoin not in kinds(herder.agreed(-1))


def test_who_is_detached_stops_everything():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    assert [e.command.__class__.__name__ for e in herder.feed(Detached(5))] == [
        "StopConnector",
        "StopTask",
    ]
    assert herder.state.membership.noted == 5


def test_wishes_wait_while_the_group_agrees():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0, leader=True)
    herder.feed(KeyWritten(), Rejoining())
    assert herder.feed(DeleteConnector(1, "a"), CheckHealth(2, "")) == []
    done = herder.agreed(-1, 0, leader=True)
    assert WriteConfig in kinds(done)
    assert Reply(2) in done


def test_a_follower_names_its_leader():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1)
    (reply,) = herder.feed(DeleteConnector(1, "a"))
    assert isinstance(reply.error, NotLeader)
    assert reply.error.url == LEADER


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (SetTarget(1, "b", TargetState.STOPPED), "Unknown connector b"),
        (RestartAll(1, "b", False, True), "Unknown connector: b"),
    ],
)
def test_what_a_follower_does_not_know_is_unknown_unless_it_may_ask_the_leader(
    wish: Request, message: str
):
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1)
    (reply,) = herder.feed(wish)
    assert isinstance(reply.error, NotLeader)
    assert (type(reply.error.instead), str(reply.error.instead)) == (NotFoundError, message)
    (reply,) = herder.feed(replace(wish, id=2, connector="a"))
    assert reply.error.instead is None


def test_nobody_runs_a_task_that_there_was_once_and_one_that_never_was_is_unknown():
    herder = Herder()
    herder.knows_a(tasks=2)
    herder.agreed(-1, 0, 1, leader=True)
    herder.feed(ConfigChanged(TasksConfigured("a", ({"task": "0"},)), 4), ConfigRead(4))
    herder.agreed(-1, 0, leader=True, offset=4)
    once, never = (
        next(e for e in herder.feed(RestartTask(n, "a", n)) if isinstance(e, Reply)) for n in (1, 2)
    )
    assert isinstance(once.error, NotAssigned)
    assert once.error.url is None
    assert isinstance(never.error, NotFoundError)


def test_a_restart_of_what_moves_away_is_passed_on():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    stop: Any = next(e for e in herder.feed(RestartTask(1, "a", 0)) if isinstance(e, Send))
    herder.feed(Rejoining())
    assert not any(
        isinstance(e, Reply)
        for e in herder.feed(Reported(TaskStopped(TaskId("a", 0), stop.command.incarnation)))
    )
    replies = [e for e in herder.agreed(-1) if isinstance(e, Reply)]
    assert [type(reply.error) for reply in replies] == [NotLeader]


def test_delayed_work_is_shared_out_when_its_time_has_come():
    herder = Herder()
    (wake,) = herder.agreed(offset=-1, delay_seconds=30.0)
    assert wake == Wake(30.0, RebalanceDue(30.0))
    assert kinds(herder.feed(RebalanceDue(30.0))) == [Rejoin]
    assert herder.feed(RebalanceDue(30.0)) == []


def test_members_of_a_group_whose_leader_cannot_read_wait_for_it():
    herder = Herder()
    (wait,) = herder.feed(*(e for e in [Synced(1)] if herder.agreed(failed=True, offset=-1)))
    assert isinstance(wait.event, RebalanceDue)
    leader = Herder()
    assert kinds(leader.agreed(failed=True, offset=-1, leader=True)) == [Refresh]
    assert kinds(leader.feed(Synced(1))) == [Rejoin]


# Leading ----------------------------------------------------------------------------------------


def test_a_leader_removes_statuses_of_what_is_not_configured():
    herder = Herder()
    herder.knows_a()
    for name, number in (("a", -1), ("a", 0), ("a", 1), ("gone", -1), ("gone", 0)):
        herder.feed(StatusChanged(name, number, State.RUNNING, "other:1"))
    removed = [e for e in herder.agreed(leader=True) if isinstance(e, WriteStatus)]
    assert {(e.connector, e.number) for e in removed} == {("a", 1), ("gone", -1), ("gone", 0)}
    assert all(e.state is None for e in removed)


def test_everybody_removes_the_statuses_it_wrote_of_what_was_deleted():
    herder = Herder()
    herder.knows_a()
    herder.agreed()
    herder.feed(StatusChanged("a", -1, State.UNASSIGNED, "me:1"))
    herder.feed(StatusChanged("a", 0, State.UNASSIGNED, "other:1"))
    gone = herder.feed(ConfigChanged(ConnectorRemoved("a"), 4))
    assert [(e.number, e.state) for e in gone if isinstance(e, WriteStatus)] == [(-1, None)]


def test_a_leader_of_a_group_that_signs_makes_a_key_and_renews_it():
    herder = Herder(key_ttl_ms=1000)
    assert RotateKey("HmacSHA256", None) in herder.agreed(leader=True, offset=-1)
    assert herder.feed(KeyDue()) == [], "it is being written"
    herder.feed(ConfigChanged(SessionKeyChanged(SessionKey(bytes(32), "HmacSHA256", 0)), 1))
    herder.feed(KeyWritten())
    assert herder.feed(KeyDue()) == []
    herder.now = 1.0
    assert herder.feed(KeyDue()) == [RotateKey("HmacSHA256", None)]
    assert herder.feed(KeyWritten(TimeoutError())) == [Wake(1.0, KeyDue())]


def test_only_leaders_of_groups_that_sign_make_keys():
    assert Herder().agreed(leader=True, offset=-1, version=1) == []
    assert Herder().agreed(offset=-1) == []


def test_a_leader_claims_the_log_before_it_leads():
    herder = Herder(claims=True)
    assert herder.agreed(leader=True, offset=-1) == [ClaimLog(1)]
    assert herder.feed(CheckHealth(1, "")) == []
    assert herder.feed(Claimed(1, LostPrivilege("no"))) == [Wake(0.25, ClaimDue(1))]
    assert herder.feed(ClaimDue(1)) == [ClaimLog(1)]
    assert Reply(1) in herder.feed(Claimed(1))
    assert ClaimLog not in kinds(herder.agreed(leader=True, offset=-1)), "once is enough"


def test_a_leader_whose_write_was_refused_claims_the_log_anew():
    herder = Herder(claims=True)
    herder.knows_a()
    herder.agreed(leader=True)
    herder.feed(Claimed(1), DeleteConnector(1, "a"))
    failed = herder.feed(Result(1, error=LostPrivilege("fenced")))
    assert kinds(failed) == [ClaimLog, Reply]
    assert herder.feed(DeleteConnector(2, "a")) == []
    assert WriteConfig in kinds(herder.feed(Claimed(1)))


def test_rounds_of_the_group_are_counted_with_the_time_they_took():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    assert herder.state.rebalances == Rebalances(1, ended=0.0)
    herder.now = 10.0
    herder.feed(Rejoining())
    assert herder.state.rebalances.began == 10.0
    herder.now = 12.5
    herder.agreed(-1, 0)
    expected = Rebalances(2, ended=12.5, seconds_max=2.5, seconds_total=2.5)
    assert herder.state.rebalances == expected


def test_who_runs_something_says_so_again_after_a_late_word_of_another_worker():
    herder = Herder()
    herder.knows_a()
    herder.agreed(-1, 0)
    incarnation = herder.state.local["a"].instances[0].incarnation
    herder.feed(Reported(TaskChanged(TaskId("a", 0), incarnation, State.RUNNING)))
    late = StatusChanged("a", 0, State.UNASSIGNED, "other:1", 0)
    (again,) = herder.feed(late)
    assert isinstance(again, WriteStatus)
    assert (again.number, again.state, again.generation) == (0, State.RUNNING, 1)
    assert herder.state.statuses["a"][0].worker_id == "me:1"
    assert herder.feed(StatusChanged("a", -1, State.UNASSIGNED, "other:1", 0)) == []
