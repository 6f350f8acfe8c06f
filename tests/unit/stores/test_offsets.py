"""Source offsets are found again, whatever worker wrote them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cluster.errors import GroupBusy
from penstock.sdk.errors import ConnectError, DataError
from penstock.sdk.record import TopicPartition
from penstock.stores import client_offsets, json_codec, offset_records
from penstock.stores.client_offsets import ClientOffsets
from penstock.stores.memory import MemoryLog
from penstock.stores.offsets import ConnectorOffsets, LogOffsets, MemoryOffsets
from penstock.stores.ports import Entry

names = st.text(max_size=8).filter(lambda text: text.isprintable())
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | names | st.floats(0, 1e9)
members = st.dictionaries(names, scalars, max_size=6)


@given(members, members)
def test_what_is_written_is_read_back(
    partition: dict[str, object], offset: dict[str, object]
) -> None:
    offsets = ConnectorOffsets("c", MemoryOffsets())
    offsets.write([(partition, offset)], 1000)
    assert offsets.read([partition]) == [offset]
    assert offsets.partitions() == [partition]


@given(members, st.randoms())
def test_the_order_of_members_does_not_matter(partition: dict[str, object], random: Random) -> None:
    shuffled = list(partition.items())
    random.shuffle(shuffled)
    offsets = ConnectorOffsets("c", MemoryOffsets())
    offsets.write([(partition, {"o": 1})], 1000)
    assert offsets.read([dict(shuffled)]) == [{"o": 1}]


def test_new_keys_are_written_as_a_java_hash_map_orders_them() -> None:
    mirrored = {"topic": "t", "partition": 0, "cluster": "a"}
    ((key, _),) = ConnectorOffsets("m", MemoryOffsets()).encoded([(mirrored, {})])
    assert key == b'["m",{"cluster":"a","partition":0,"topic":"t"}]'
    checkpoint = {"group": "g", "topic": "t", "partition": 0}
    ((key, _),) = ConnectorOffsets("m", MemoryOffsets()).encoded([(checkpoint, {})])
    assert key == b'["m",{"partition":0,"topic":"t","group":"g"}]'


def test_a_key_that_exists_keeps_its_bytes() -> None:
    stored = b'["c",{"z":1,"a":2}]'
    offsets = ConnectorOffsets("c", MemoryOffsets([(stored, b'{"o":1}')]))
    assert offsets.read([{"a": 2, "z": 1}]) == [{"o": 1}]
    assert offsets.encoded([({"a": 2, "z": 1}, {"o": 2})]) == [(stored, b'{"o":2}')]


def test_a_number_and_its_fraction_are_different_partitions() -> None:
    offsets = ConnectorOffsets("c", MemoryOffsets())
    offsets.write([({"p": 1}, {"o": 1}), ({"p": 1.0}, {"o": 2}), ({"p": True}, {"o": 3})], 1000)
    assert offsets.read([{"p": 1}, {"p": 1.0}, {"p": True}]) == [{"o": 1}, {"o": 2}, {"o": 3}]


def test_connectors_do_not_see_each_other() -> None:
    backing = MemoryOffsets()
    ConnectorOffsets("a", backing).write([({}, {"o": 1})], 1000)
    other = ConnectorOffsets("b", backing)
    assert (other.read([{}]), other.partitions(), other.all()) == ([None], [], [])


def test_a_forgotten_offset_is_gone() -> None:
    backing = LogOffsets(MemoryLog())
    backing.start()
    offsets = ConnectorOffsets("c", backing)
    offsets.write([({"p": 1}, {"o": 1}), ({"p": 2}, {"o": 2})], 1000)
    offsets.write([({"p": 1}, None)], 1000)
    assert offsets.all() == [({"p": 2}, {"o": 2})]


@pytest.mark.parametrize(
    ("partition", "offset"), [({"p": [1]}, {}), ({}, {"o": {}}), ({1: "x"}, {}), ([], {}), ({}, 5)]
)
def test_nothing_is_written_when_one_offset_is_no_offset(partition: object, offset: object) -> None:
    backing = MemoryOffsets()
    offsets = ConnectorOffsets("c", backing)
    with pytest.raises(DataError):
        offsets.write([({"fine": 1}, {"o": 1}), (partition, offset)], 1000)  # type: ignore[list-item]
    assert backing.table.entries() == []


def test_a_stored_offset_that_is_none_is_logged_and_missing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    backing = MemoryOffsets([(b'["c",{"p":1}]', b'{"o":[]}'), (b'["c",{"p":2}]', b"junk")])
    with caplog.at_level(logging.ERROR):
        assert ConnectorOffsets("c", backing).read([{"p": 1}, {"p": 2}]) == [None, None]
    assert len(caplog.records) == 2


class LateOffsets(MemoryOffsets):
    def refresh(self, timeout_ms: int) -> None:
        raise TimeoutError


class BrokenOffsets(MemoryOffsets):
    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        raise OSError("no broker")


def test_offsets_that_cannot_be_read_in_time_are_an_error_that_names_the_connector() -> None:
    with pytest.raises(ConnectError, match="The offsets of c could not be read in 60000 ms"):
        ConnectorOffsets("c", LateOffsets()).read([{}])


def test_the_connectors_own_topic_counts_before_the_workers() -> None:
    own, workers = MemoryOffsets(), MemoryOffsets()
    ConnectorOffsets("c", workers).write([({"p": 1}, {"o": 1}), ({"p": 2}, {"o": 1})], 1000)
    offsets = ConnectorOffsets("c", own, workers)
    offsets.write([({"p": 1}, {"o": 2})], 1000)
    assert offsets.read([{"p": 1}, {"p": 2}]) == [{"o": 2}, {"o": 1}]
    assert ConnectorOffsets("c", workers).read([{"p": 1}]) == [{"o": 2}]
    assert len(offsets.partitions()) == 2


class Transaction:
    """A writer that keeps what it is given."""

    def __init__(self, opened: list[Transaction]) -> None:
        self.entries: list[Entry] = []
        self.closed = False
        opened.append(self)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> int | None:
        self.entries += entries
        return None

    def close(self) -> None:
        self.closed = True


def test_offsets_of_exactly_once_sources_are_changed_in_a_transaction_that_is_waited_for() -> None:
    own, workers, opened = MemoryOffsets(), MemoryOffsets(), list[Transaction]()
    offsets = ClientOffsets(
        lambda connector, _: ConnectorOffsets(connector, own, workers),
        lambda connector, _: pytest.fail("no group"),
        lambda config: False,
        dict,
        lambda connector, _: Transaction(opened),
    )
    asyncio.run(offsets.write("c", {}, [({"p": 1}, {"o": 1})], reset=False))
    written, waited = opened
    assert written.entries == [(b'["c",{"p":1}]', b'{"o":1}')]
    assert (written.closed, waited.closed, waited.entries) == (True, True, [])
    assert own.table.partitions("c") == []
    assert workers.table.partitions("c") == [{"p": 1}]


class BusyGroup:
    """A consumer group that is left after a while."""

    def __init__(self, busy: int) -> None:
        self.busy, self.offsets = busy, dict[TopicPartition, int]()

    def group_offsets(self, group: str) -> dict[TopicPartition, int]:
        return self.offsets

    def alter_group_offsets(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        self.busy -= 1
        if self.busy >= 0:
            raise GroupBusy("somebody is there")
        self.offsets |= offsets

    def delete_group_offsets(self, group: str, partitions: Collection[TopicPartition]) -> None:
        assert not partitions

    def delete_group(self, group: str) -> None:
        raise GroupBusy("somebody is there")


def sink_offsets(group: BusyGroup, busy_seconds: float) -> ClientOffsets:
    return ClientOffsets(
        lambda connector, _: pytest.fail("no source"),
        lambda connector, _: group,
        lambda config: True,
        dict,
        busy_seconds=busy_seconds,
    )


PAIR = ({"kafka_topic": "t", "kafka_partition": 0}, {"kafka_offset": "٣"})


def test_tasks_of_other_workers_have_time_to_leave_before_offsets_are_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_offsets, "BUSY_PAUSE_SECONDS", 0.001)
    group = BusyGroup(busy=3)
    asyncio.run(sink_offsets(group, 60).write("c", {}, [PAIR], reset=False))
    assert group.offsets == {TopicPartition("t", 0): 3}


@pytest.mark.parametrize(("reset", "verb"), [(False, "alter"), (True, "reset")])
def test_offsets_of_a_group_that_stays_busy_are_not_changed(reset: bool, verb: str) -> None:
    with pytest.raises(ConnectError, match=f"Failed to {verb} consumer group offsets for connec"):
        asyncio.run(sink_offsets(BusyGroup(9), 0).write("c", {}, [PAIR], reset=reset))


def test_what_is_forgotten_is_forgotten_in_the_workers_topic_first() -> None:
    broken, own = BrokenOffsets([(b'["c",{}]', b'{"o":1}')]), MemoryOffsets()
    own.write([(b'["c",{}]', b'{"o":1}')], 1000)
    with pytest.raises(OSError, match="no broker"):
        ConnectorOffsets("c", own, broken).write([({}, None)], 1000)
    assert ConnectorOffsets("c", own).read([{}]) == [{"o": 1}]


def test_a_worker_topic_that_cannot_be_written_harms_nobody() -> None:
    own = MemoryOffsets()
    ConnectorOffsets("c", own, BrokenOffsets()).write([({}, {"o": 1})], 1000)
    assert ConnectorOffsets("c", own).read([{}]) == [{"o": 1}]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, b"null"),
        ('\x00\x1f"\\\n/é', b'"\\u0000\\u001F\\"\\\\\\n/\xc3\xa9"'),
        ([1.0, 1e10, float("nan"), True], b'[1.0,1.0E10,"NaN",true]'),
        ({"b": b"abc"}, b'{"b":"YWJj"}'),
    ],
)
def test_json_is_written_as_java_writes_it(value: object, text: bytes) -> None:
    assert json_codec.dumps(value) == text


def test_json_reading_stops_at_the_end_of_the_first_value() -> None:
    assert json_codec.loads(b' {"a":1} trailing') == {"a": 1}
    assert json_codec.loads(b"") is None
    for bad in (b"nope", b"NaN", b"\xff", b"[" * 100_000):
        with pytest.raises(DataError):
            json_codec.loads(bad)


def test_a_null_partition_is_a_partition_of_its_own() -> None:
    assert offset_records.key("c", None) == b'["c",null]'
