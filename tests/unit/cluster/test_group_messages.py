"""Members of a group understand each other, and refuse what no member says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cluster.assignor import AssignorState
from penstock.cluster.config_state import ConfigState
from penstock.cluster.leading import Group, lead
from penstock.cluster.membership_bytes import (
    CONFIG_MISMATCH,
    Assignment,
    Metadata,
    SchemaError,
    offers,
    read_assignment,
    read_metadata,
    write_assignment,
    write_metadata,
)
from penstock.cluster.messages import TaskId
from penstock.cluster.protocol import Protocol

names = st.text("abcé-", min_size=1, max_size=4)
tasks = st.lists(st.builds(TaskId, names, st.integers(0, 9)), unique=True, max_size=5)
assignments = st.builds(
    Assignment,
    version=st.sampled_from([1, 2]),
    leader=names,
    leader_url=names,
    offset=st.integers(-1, 2**63 - 1),
    connectors=st.lists(names, unique=True, max_size=5),
    tasks=tasks,
    revoked_connectors=st.lists(names, unique=True, max_size=5),
    revoked_tasks=tasks,
    delay_ms=st.integers(0, 2**31 - 1),
    error=st.sampled_from([0, 1]),
)


@given(assignments)
def test_an_assignment_is_read_as_it_was_written(given_assignment: Assignment) -> None:
    version = given_assignment.version
    found = read_assignment(version, write_assignment(version, given_assignment))
    assert found.work() == given_assignment.work()
    assert (found.delay_ms, found.failed) == (given_assignment.delay_ms, bool(found.error))
    assert set(found.revoked_connectors) == set(given_assignment.revoked_connectors)
    assert set(found.revoked_tasks) == set(given_assignment.revoked_tasks)


@given(assignments, st.data())
def test_bytes_cut_short_are_refused_or_end_where_older_writers_ended(
    given_assignment: Assignment, data: st.DataObject
) -> None:
    whole = write_metadata(2, Metadata("http://w/", 3, given_assignment))
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    complete = len(write_metadata(0, Metadata("http://w/", 3)))
    if len(cut) != complete:
        with pytest.raises(SchemaError, match="Error reading field '"):
            read_metadata(2, cut)
    else:
        found = read_metadata(2, cut)
        assert found.allocation is not None
        assert not found.allocation.work()


def test_a_worker_offers_what_it_knows_best_first() -> None:
    def offered(mode: Protocol) -> list[str]:
        return [name for name, _ in offers(mode, Metadata("u", 1))]

    assert offered(Protocol.SESSIONED) == ["sessioned", "compatible", "default"]
    assert offered(Protocol.EAGER) == ["default"]


@pytest.mark.parametrize(("version", "size"), [(0, 2**31 - 1), (1, 2**31 - 1)])
def test_a_size_that_cannot_be_is_refused_before_memory_is_taken(version: int, size: int) -> None:
    head = write_assignment(0, Assignment(0, "l", "u", 1))[:-4]
    with pytest.raises(SchemaError, match="Error reading array of size 2147483647, only 0 bytes"):
        read_assignment(version, head + size.to_bytes(4, "big"))


def group(*offsets: int) -> Group:
    members = {f"w{i}": Metadata(f"http://w{i}/", offset) for i, offset in enumerate(offsets)}
    return Group(Protocol.SESSIONED, "w0", members, 1, 0, 0, 1000)


def test_a_leader_that_cannot_read_as_far_as_others_asks_all_to_join_again() -> None:
    led = lead(group(3, 9), ConfigState(offset=3), lambda: ConfigState(offset=8), AssignorState())
    assert {a.error for a in led.assignments.values()} == {CONFIG_MISMATCH}
    assert led.work == {}


def test_a_leader_that_catches_up_assigns_from_its_new_snapshot() -> None:
    fresh = ConfigState(offset=12, configs={"c": {}}, task_counts={"c": 2})
    led = lead(group(3, 9), ConfigState(offset=3), lambda: fresh, AssignorState())
    assert {a.offset for a in led.assignments.values()} == {12}
    assert led.assignments["w0"].connectors == ["c"]
    assert led.work["w1"].tasks == {TaskId("c", 1)}
