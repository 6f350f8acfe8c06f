"""Initial offsets of an exactly-once source: whoever ran under its name before writes no more."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from penstock.cluster.changes import ConnectorRemoved, TaskCountRecorded
from penstock.cluster.effects import PrepareOffsets
from penstock.cluster.events import ConfigChanged, PutConnector, Rebalanced, Result
from tests.unit.cluster.test_fencing import CONFIG, ME, Herder, kinds, leader

WITH_OFFSETS = PutConnector(1, "a", CONFIG, offsets=(({"of": "a"}, {"at": 7}),))


def created(herder: Herder, request: PutConnector = WITH_OFFSETS) -> list[Any]:
    """Once more, after it was deleted."""
    herder.agreed()
    herder.feed(ConfigChanged(ConnectorRemoved("a"), 6))
    herder.feed(Rebalanced(True, ME, 2, {}, offset=6, version=1))
    herder.feed(request)
    return herder.feed(Result(request.id))


def test_initial_offsets_are_written_when_tasks_of_a_deleted_namesake_write_no_more():
    herder = leader(tasks=3)
    herder.feed(ConfigChanged(TaskCountRecorded("a", 3), 5))
    (fence,) = created(herder)
    assert (fence.connector, fence.config, fence.tasks) == ("a", CONFIG, 3)
    assert kinds(herder.done(fence)) == [PrepareOffsets]


def test_nothing_is_created_when_tasks_of_a_deleted_namesake_cannot_be_fenced_off():
    herder = leader(tasks=3)
    herder.feed(ConfigChanged(TaskCountRecorded("a", 3), 5))
    (fence,) = created(herder)
    (reply,) = herder.done(fence, TimeoutError("too slow"))
    assert str(reply.error) == "Failed to perform zombie fencing"
    assert not herder.state.requests


@pytest.mark.parametrize(
    ("recorded", "kind", "exactly_once"),
    [(1, "source", True), (3, "sink", True), (3, "source", False)],
)
def test_initial_offsets_are_written_at_once_where_nobody_else_can(
    recorded: int, kind: str, exactly_once: bool
):
    herder = Herder(leader=True, kind=kind, exactly_once=exactly_once)
    herder.configure(1)
    herder.feed(ConfigChanged(TaskCountRecorded("a", recorded), 5))
    (prepare,) = created(herder, replace(WITH_OFFSETS, kind=kind))
    assert isinstance(prepare, PrepareOffsets)
