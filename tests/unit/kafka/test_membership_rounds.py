"""What a member keeps from round to round, without a broker."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.cluster.assignor_work import NOTHING, Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.membership_bytes import (
    Assignment,
    offers,
    read_assignment,
    write_assignment,
)
from penstock.cluster.messages import TaskId
from penstock.cluster.protocol import Protocol
from penstock.kafka.membership_rounds import Rounds, numbers, owners

T0, T1 = TaskId("a", 0), TaskId("a", 1)
STATE = ConfigState(
    offset=7, configs={"a": {}, "b": {}}, task_counts={"a": 2}, tasks={T0: {}, T1: {}}
)


class Configs:
    """A config topic that may be read further on demand."""

    def __init__(self, read: ConfigState = STATE, newest: ConfigState = STATE) -> None:
        self.read, self.newest = read, newest

    def configs(self) -> ConfigState:
        return self.read

    def newest_configs(self) -> ConfigState:
        return self.newest


def rounds(configs: Configs | None = None) -> Rounds:
    return Rounds("http://me/", 1000, configs or Configs(), lambda: 5)


def given(**parts: Any) -> bytes:
    return write_assignment(2, Assignment(2, "leader", "http://leader/", 7, **parts))


def metadata(member: Rounds) -> bytes:
    return dict(offers(Protocol.SESSIONED, member.metadata()))["sessioned"]


def test_an_assignment_is_told_with_all_that_is_kept():
    member = rounds()
    member.joined(1, "me", "sessioned", given(connectors=["a"], tasks=[T0]))
    event = member.joined(2, "me", "sessioned", given(connectors=["b"], revoked_tasks=[T0]))
    assert event.assignment == {"a": {-1}, "b": {-1}}
    assert (event.revoking, event.leader, event.leader_url) == (True, False, "http://leader/")
    assert (event.generation, event.offset, event.version) == (2, 7, 2)
    assert member.held() == Work.of(["a", "b"])


def test_under_the_eager_protocol_nothing_is_kept():
    member = rounds()
    first = write_assignment(0, Assignment(0, "leader", "http://leader/", 7, connectors=["a"]))
    second = write_assignment(0, Assignment(0, "leader", "http://leader/", 7, connectors=["b"]))
    member.joined(1, "me", "default", first)
    assert member.eager
    assert member.joined(2, "me", "default", second).assignment == {"b": {-1}}


def test_the_next_round_waits_until_the_last_was_taken_note_of_and_what_was_revoked_has_ended():
    member = rounds()
    event = member.joined(1, "me", "sessioned", given(connectors=["a"]))
    assert not member.released(event.sequence - 1, NOTHING)
    assert not member.released(event.sequence, Work.of(["a", "b"]))
    assert member.released(event.sequence, Work.of(["a"]))


def test_who_has_forgotten_claims_nothing_and_waits_until_nothing_runs():
    member = rounds()
    member.joined(1, "me", "sessioned", given(connectors=["a"]))
    assert member.metadata().allocation is not None
    event = member.forget()
    assert member.metadata().allocation is None
    assert not member.released(event.sequence, Work.of(["a"]))
    assert member.released(event.sequence, NOTHING)


def test_a_leader_gives_everything_to_somebody_and_knows_where_it_is():
    me, other = rounds(), Rounds("http://other/", 1000, Configs(), lambda: 5)
    told = me.lead("sessioned", "m1", {"m1": metadata(me), "m2": metadata(other)}, 1)
    assignments = {name: read_assignment(2, data) for name, data in told.items()}
    work = [assignment.work() for assignment in assignments.values()]
    assert work[0] | work[1] == Work.of(["a", "b"], [T0, T1])
    assert not work[0] & work[1]
    event = me.joined(1, "m1", "sessioned", told["m1"])
    assert event.leader
    known = {url for places in event.owners.values() for url in places.values()}
    assert known == {"http://me/", "http://other/"}


def test_members_are_told_how_far_to_read_for_a_connector_that_came_while_they_joined():
    configs = Configs(ConfigState(offset=3))
    me = rounds(configs)
    members = {"m1": metadata(me), "m2": metadata(rounds(Configs(ConfigState(offset=3))))}
    configs.read = STATE
    told = me.lead("sessioned", "m1", members, 1)
    assert {read_assignment(2, data).offset for data in told.values()} == {STATE.offset}


def test_a_leader_reads_on_before_it_leads_members_that_know_more():
    behind = ConfigState(offset=3)
    me, other = rounds(Configs(behind, STATE)), rounds()
    told = me.lead("sessioned", "m1", {"m1": metadata(me), "m2": metadata(other)}, 1)
    assert read_assignment(2, told["m1"]).offset == 7
    me, other = rounds(Configs(behind, behind)), rounds()
    told = me.lead("sessioned", "m1", {"m1": metadata(me), "m2": metadata(other)}, 1)
    assert me.joined(1, "m1", "sessioned", told["m1"]).failed


@pytest.mark.parametrize(("offset", "said"), [(0, -1), (7, 7)])
def test_members_say_how_far_they_have_read(offset: int, said: int):
    assert rounds(Configs(ConfigState(offset=offset))).metadata().offset == said


def test_work_as_numbers_and_places():
    work = Work.of(["a"], [T1, TaskId("b", 0)])
    assert numbers(work) == {"a": {-1, 1}, "b": {0}}
    places = owners({"m": work, "n": Work.of(["b"])}, {"m": "http://m/", "n": None})
    assert places == {"a": {-1: "http://m/", 1: "http://m/"}, "b": {0: "http://m/"}}
