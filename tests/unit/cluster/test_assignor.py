"""Work is shared out evenly, moves no more than it must, and is never run twice for long."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cluster.assignor import Answer, AssignorState, Round, assign, backoff_ms
from penstock.cluster.assignor_eager import as_work, assign_eagerly
from penstock.cluster.assignor_work import NOTHING, Work, union
from penstock.cluster.messages import TaskId

DELAY_MS = 1000


class Cluster:
    """Pretend workers that do as they are told."""

    def __init__(self, **connectors: int) -> None:
        self.workers: dict[str, Work] = {}
        self.connectors = connectors
        self.state = AssignorState()
        self.generation = 0
        self.now = 0

    def rebalance(self) -> Answer:
        self.generation += 1
        given = Round(
            allocations=dict(self.workers),
            configured=Work.configured(self.connectors),
            generation=self.generation,
            last_completed_generation=self.generation - 1,
            now_ms=self.now,
            max_delay_ms=DELAY_MS,
        )
        answer, self.state = assign(self.state, given)
        for worker in self.workers:
            kept = self.workers[worker] - answer.revoked[worker]
            self.workers[worker] = kept | answer.assigned[worker]
        return answer

    def settle(self) -> None:
        """Rebalance as members would ask for, until nothing moves any more."""
        for _ in range(30):
            answer = self.rebalance()
            self.now += answer.delay_ms
            moved = any(answer.revoked.values()) or any(answer.assigned.values())
            if not moved and not answer.delay_ms:
                return
        raise AssertionError("the group never settled")

    def loads(self) -> list[tuple[int, int]]:
        return [(len(w.connectors), len(w.tasks)) for w in self.workers.values()]


changes = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.sampled_from("abcdef")),
        st.tuples(st.just("leave"), st.sampled_from("abcdef")),
        st.tuples(st.just("connector"), st.sampled_from("xyz"), st.integers(0, 5)),
        st.tuples(st.just("delete"), st.sampled_from("xyz")),
    ),
    max_size=8,
)


@settings(max_examples=60)
@given(changes)
def test_everything_runs_once_and_evenly_whatever_happens(steps: list[tuple[Any, ...]]) -> None:
    cluster = Cluster(x=3, y=2)
    cluster.workers["a"] = NOTHING
    for step in steps:
        happen(cluster, *step)
        if cluster.workers:
            cluster.rebalance()
    cluster.workers.setdefault("z", NOTHING)
    cluster.settle()
    wanted = Work.configured(cluster.connectors)
    assert union(cluster.workers.values()) == wanted
    assert sum(map(len, cluster.workers.values())) == len(wanted)
    for kind in zip(*cluster.loads(), strict=True):
        assert max(kind) - min(kind) <= 1


def happen(cluster: Cluster, what: str, name: str, count: int = 0) -> None:
    match what:
        case "join":
            cluster.workers.setdefault(name, NOTHING)
        case "leave":
            cluster.workers.pop(name, None)
        case "connector":
            cluster.connectors[name] = count
        case _:
            cluster.connectors.pop(name, None)


def test_work_of_a_worker_that_left_waits_for_it() -> None:
    cluster = Cluster(x=2)
    cluster.workers |= {"a": NOTHING, "b": NOTHING}
    cluster.settle()
    gone = cluster.workers.pop("b")
    answer = cluster.rebalance()
    assert (answer.delay_ms, answer.assigned["a"]) == (DELAY_MS, NOTHING)
    cluster.now += DELAY_MS - 1
    cluster.workers["b"] = NOTHING
    assert cluster.rebalance().assigned["b"] == NOTHING
    cluster.now += 1
    assert cluster.rebalance().assigned["b"] == gone


def test_a_newcomer_gets_work_in_the_round_after_it_was_revoked() -> None:
    cluster = Cluster(x=4)
    cluster.workers["a"] = NOTHING
    cluster.settle()
    cluster.workers["b"] = NOTHING
    first, second = cluster.rebalance(), cluster.rebalance()
    assert first.revoked["a"] == Work.of(tasks=[TaskId("x", 0), TaskId("x", 1)])
    assert first.assigned["b"] == NOTHING
    assert second.assigned["b"] == first.revoked["a"]


def test_rounds_of_revocation_in_a_row_are_put_off_for_ever_longer() -> None:
    assert [backoff_ms(rounds, 300_000) for rounds in (1, 2, 3)] == [40, 1600, 64000]
    assert backoff_ms(9, 1) == 1
    assert backoff_ms(9, 0) == 0


def test_the_eager_assignor_deals_in_one_circle() -> None:
    dealt = as_work(assign_eagerly(["b", "a"], {"y": 1, "x": 2}))
    assert dealt == {
        "a": Work.of(["x"], [TaskId("x", 0), TaskId("y", 0)]),
        "b": Work.of(["y"], [TaskId("x", 1)]),
    }
