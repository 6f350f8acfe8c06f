"""Whatever happens to an exactly-once source, each record is committed once, with its offset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.boundaries import EachPoll, Interval, Requested
from penstock.sdk.config import Config
from penstock.sdk.errors import ConnectError, DataError
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceTask
from penstock.testing.memory_kafka import MemoryKafka, MemoryOffsets
from tests.unit.runtime.once_rig import OnceRig, failing, texts
from tests.unit.runtime.rig import line


class Sequence1(SourceTask[Config]):
    """Counts on from its offset; `plan` says how many each poll has and how they end."""

    plan: ClassVar[list[tuple[int, str]]]

    def start(self) -> None:
        last = self.context.offset({"file": "f"})
        self.next = 0 if last is None else last["line"] + 1

    def poll(self) -> Sequence[SourceRecord]:
        count, ending = self.plan.pop(0) if self.plan else (0, "")
        records = [line(self.next + i) for i in range(count)]
        self.next += count
        transaction = self.context.transaction
        if transaction is not None and ending == "batch":
            transaction.commit()
        elif transaction is not None and ending == "record" and records:
            transaction.commit(records[len(records) // 2])
        return records


EVENTS = st.sampled_from([*["step"] * 3, "time", "pause", "stop", "kill", "refuse", "fail"])
POLLS = st.tuples(st.integers(0, 4), st.sampled_from(["", "batch", "record"]))


@given(
    st.sampled_from(["poll", "interval", "connector"]),
    st.lists(POLLS, max_size=20),
    st.lists(EVENTS, max_size=40),
    st.integers(1, 5),
)
def test_what_is_committed_is_each_record_once_up_to_the_committed_offset(
    kind: str, polls: list[tuple[int, str]], happenings: list[str], queue_max: int
) -> None:
    kafka = MemoryKafka()
    made = {"poll": EachPoll, "interval": lambda: Interval(1000), "connector": Requested}[kind]

    class Task(Sequence1):
        plan: ClassVar = list(polls)

    def successor() -> OnceRig:
        return OnceRig(task=Task, boundary=made(), kafka=kafka, queue_max=queue_max)

    rig = successor()
    for happening in happenings:
        if happening == "kill":  # nothing is closed
            rig = successor()
            continue
        if happening == "time":
            rig.control.time.advance(1)
        if happening == "refuse":
            rig.producer.refuse = lambda record: DataError("too large")
        if happening == "fail":
            rig.producer.fail = failing("commit")
        rig.control.paused = happening == "pause"
        rig.control.stopping = happening == "stop"
        try:
            if not rig.loop.step():
                rig.loop.close()
                rig = successor()
        except ConnectError:
            rig.loop.close()
            rig = successor()
        check(kafka)
    rig.producer.refuse, rig.producer.fail = lambda record: None, lambda step: None
    try:
        rig.steps(len(polls))
        rig.stop()
    except ConnectError:
        rig.loop.close()
    check(kafka)


def check(kafka: MemoryKafka) -> None:
    values = [record.value for record in kafka.topic("t")]
    offsets = [offset for _, offset in MemoryOffsets(kafka).pairs()]
    assert values == texts(*range(len(values)))
    assert offsets == ([{"line": len(values) - 1}] if values else [])
