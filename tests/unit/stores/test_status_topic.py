"""The control plane hears what has the last word in the status topic."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from penstock.cluster.effects import WriteStatus, WriteTopic
from penstock.cluster.events import Event, StatusChanged, TopicChanged
from penstock.cluster.messages import State, TaskId
from penstock.cluster.state import CONNECTOR
from penstock.sdk.errors import ConnectError, RetriableError
from penstock.stores import status_records as records
from penstock.stores.memory import MemoryLog
from penstock.stores.ports import Entry, OnSent
from penstock.stores.status_records import Status, TopicStatus
from penstock.stores.status_topic import StatusTopic

RUNNING, FAILED, UNASSIGNED = State.RUNNING, State.FAILED, State.UNASSIGNED


class SlowLog(MemoryLog):
    """What is sent arrives when it is told to; others' records may come before."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: deque[tuple[bytes, bytes | None, OnSent | None]] = deque()

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self.sent.append((key, value, on_sent))

    def arrive(self) -> None:
        while self.sent:
            super().send(*self.sent.popleft())

    def refuse(self, error: Exception) -> None:
        _, _, on_sent = self.sent.popleft()
        assert on_sent is not None
        on_sent(error)


class Rig:
    def __init__(self) -> None:
        self.log = SlowLog()
        self.events: list[Event] = []
        self.topic = StatusTopic(self.log, "me:1", self.events.append, lambda: 7.0)
        self.topic.start()

    def others(self, *entries: Entry) -> list[Event]:
        """What is told when another worker's records arrive."""
        self.events.clear()
        self.log.write(entries, 0)
        return list(self.events)

    def arrive(self) -> list[Event]:
        """What is told when our records arrive."""
        self.events.clear()
        self.log.arrive()
        return list(self.events)


def theirs(number: int, state: State, generation: int = 1) -> Entry:
    key = (
        records.connector_key("c") if number == CONNECTOR else records.task_key(TaskId("c", number))
    )
    return key.encode(), records.status_value(Status(state, "them:1", generation))


def told(number: int, state: State | None, worker: str = "them:1") -> StatusChanged:
    if state is None:
        return StatusChanged("c", number, None)
    return StatusChanged("c", number, state, worker, 1)


def test_everything_is_told_at_the_start() -> None:
    entries = [theirs(CONNECTOR, RUNNING), theirs(0, FAILED)]
    topic = TopicStatus("t", "c", 0, 5)
    entries.append((records.topic_key("t", "c").encode(), records.topic_value(topic)))
    events: list[Event] = []
    StatusTopic(MemoryLog(entries), "me:1", events.append).start()
    assert events == [told(CONNECTOR, RUNNING), told(0, FAILED), TopicChanged("c", "t")]


def test_others_are_told_and_own_words_are_not() -> None:
    rig = Rig()
    assert rig.others(theirs(0, RUNNING)) == [told(0, RUNNING)]
    rig.topic.write(WriteStatus("c", 1, RUNNING, 1))
    rig.topic.write(WriteStatus("c", 1, None, 1))
    rig.topic.write_topic(WriteTopic("c", "t", 0))
    assert rig.arrive() == []


def test_a_connector_that_goes_takes_its_tasks_along() -> None:
    rig = Rig()
    rig.others(theirs(CONNECTOR, RUNNING), theirs(0, RUNNING))
    gone = rig.others((records.connector_key("c").encode(), None))
    assert gone == [told(CONNECTOR, None), told(0, None)]


def test_what_is_said_before_our_last_word_is_not_told() -> None:
    rig = Rig()
    rig.topic.write(WriteStatus("c", 0, RUNNING, 1))
    assert rig.others(theirs(0, UNASSIGNED)) == []
    assert rig.arrive() == []
    assert rig.others(theirs(0, FAILED)) == [told(0, FAILED)]


def test_a_word_of_ours_that_comes_too_late_is_answered_with_the_other_one() -> None:
    rig = Rig()
    rig.others(theirs(0, RUNNING, generation=2))
    rig.events.clear()
    rig.topic.write(WriteStatus("c", 0, UNASSIGNED, 1))
    assert rig.events == [StatusChanged("c", 0, RUNNING, "them:1", 2)]
    assert not rig.log.sent


def test_a_word_of_ours_that_does_not_count_is_answered_when_it_is_read() -> None:
    rig = Rig()
    rig.topic.write(WriteStatus("c", 0, UNASSIGNED, 1))
    rig.others(theirs(0, RUNNING))  # of the same generation
    assert rig.arrive() == [told(0, RUNNING)]


def test_a_write_that_fails_for_good_leaves_what_the_topic_says() -> None:
    rig = Rig()
    rig.others(theirs(0, RUNNING))
    rig.topic.write(WriteStatus("c", 0, FAILED, 1))
    rig.events.clear()
    rig.log.refuse(ConnectError("too large"))
    assert rig.events == [told(0, RUNNING)]


def test_our_word_is_told_again_if_another_was_told_between_its_attempts() -> None:
    rig = Rig()
    retries: list[object] = []
    rig.topic._retries.later = retries.append  # type: ignore[method-assign,assignment]
    rig.topic._store._later = retries.append  # type: ignore[assignment]
    rig.topic.write(WriteStatus("c", 0, RUNNING, 1))
    rig.log.refuse(RetriableError("later"))
    assert rig.others(theirs(0, UNASSIGNED)) == [told(0, UNASSIGNED)]
    (attempt,) = retries
    attempt()  # type: ignore[operator]
    assert rig.arrive() == [told(0, RUNNING, "me:1")]


def test_topics_of_others_come_and_go() -> None:
    rig = Rig()
    key = records.topic_key("t", "c").encode()
    value = records.topic_value(TopicStatus("t", "c", 0, 5))
    assert rig.others((key, value), (key, None)) == [
        TopicChanged("c", "t"),
        TopicChanged("c", "t", used=False),
    ]


STATES = st.sampled_from((RUNNING, FAILED, UNASSIGNED, State.PAUSED, None))
STEPS = st.one_of(
    st.tuples(st.just("mine"), st.integers(-1, 1), STATES),
    st.tuples(st.just("theirs"), st.integers(-1, 1), STATES),
    st.just(("arrive", 0, None)),
)


@given(st.lists(STEPS, max_size=30))
def test_when_all_is_read_the_writer_shows_what_a_reader_of_everything_shows(
    steps: list[tuple[str, int, State | None]],
) -> None:
    rig, shown, whole = Rig(), dict[int, StatusChanged](), MemoryLog()
    follower_events: list[Event] = []
    follower = StatusTopic(whole, "reader:1", follower_events.append)
    follower.start()
    write = MemoryLog.write

    def copied(entries: list[Entry], timeout_ms: int) -> None:
        write(rig.log, entries, timeout_ms)
        write(whole, entries, timeout_ms)

    rig.log.write = copied  # type: ignore[method-assign,assignment]

    def hear() -> None:
        for event in rig.events:
            assert isinstance(event, StatusChanged)
            shown[event.number] = event
        rig.events.clear()

    for kind, number, state in [*steps, ("arrive", 0, None)]:
        if kind == "mine":
            shown[number] = told(number, state, "me:1")
            rig.topic.write(WriteStatus("c", number, state, 1))
        elif kind == "theirs":
            key, value = theirs(number, state or RUNNING)
            rig.log.write([(key, value if state else None)], 0)
        else:
            rig.log.arrive()
        hear()
    wanted: dict[int, StatusChanged] = {}
    for event in follower_events:
        assert isinstance(event, StatusChanged)
        wanted[event.number] = event
    assert {n: e for n, e in shown.items() if e.state} == {
        n: e for n, e in wanted.items() if e.state
    }


def test_a_late_word_of_another_worker_is_told_although_it_does_not_count() -> None:
    """So that who runs it now can say so once more, behind the late word."""
    for number in (CONNECTOR, 0):
        rig = Rig()
        rig.topic.write(WriteStatus("c", number, RUNNING, 2))
        rig.arrive()
        late = rig.others(theirs(number, UNASSIGNED))
        assert late[-1] == told(number, UNASSIGNED)


def test_a_connector_that_runs_elsewhere_is_not_unassigned_by_who_ran_it_before() -> None:
    rig = Rig()
    rig.others(theirs(CONNECTOR, RUNNING, generation=3))
    key = records.connector_key("c").encode()
    late = records.status_value(Status(UNASSIGNED, "third:1", 2))
    assert rig.others((key, late)) == [StatusChanged("c", CONNECTOR, RUNNING, "them:1", 3)]
