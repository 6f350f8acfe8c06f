"""Messages between worker and hosts arrive as they were sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cluster.messages import (
    CheckOffsets,
    Failure,
    StartTask,
    State,
    TargetState,
    TaskChanged,
    TaskId,
)
from penstock.hosting.frames import FRAME_BYTES_MAX, BrokenFrame, FrameReader, framed
from penstock.hosting.messages import (
    Beat,
    OffsetsFound,
    PluginCall,
    StoreOffsets,
    encoded,
    read_by_host,
    read_by_worker,
)
from penstock.hosting.remote_offsets import primitive
from penstock.sdk.numbers import Float32, Int8

TASK = TaskId("c", 3)


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_messages_are_found_in_whatever_pieces_they_come(messages: list[bytes], size: int) -> None:
    stream = b"".join(map(framed, messages))
    reader, found = FrameReader(), []
    for at in range(0, len(stream), size):
        found += reader.feed(stream[at : at + size])
    assert found == messages


def test_a_length_that_cannot_be_is_refused() -> None:
    with pytest.raises(BrokenFrame):
        FrameReader().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "little"))


@pytest.mark.parametrize(
    "command",
    [
        StartTask(TASK, 7, {"a": "b"}, {}, TargetState.PAUSED, 4),
        CheckOffsets("c", 1, {}, [({"file": "x"}, None), ({}, {"n": 1.5})]),
        OffsetsFound(
            5, [None, {"n": 2**63 - 1, "f": Float32(0.1), "b": b"x", "t": "\N{BEER MUG}"}]
        ),
    ],
)
def test_a_host_reads_what_the_worker_wrote(command: Any) -> None:
    assert read_by_host(encoded(command)) == command


@pytest.mark.parametrize(
    "report",
    [
        TaskChanged(TASK, 7, State.FAILED, "trace", "1.0", Failure("j", None, "t", crashed=True)),
        Beat([PluginCall(TASK, 7, "m.poll", 12.5)]),
        StoreOffsets(1, TASK, 7, [(None, {"n": True}), ({"p": None}, None)], 5000),
    ],
)
def test_the_worker_reads_what_a_host_wrote(report: Any) -> None:
    assert read_by_worker(encoded(report)) == report


def test_numbers_of_a_width_cross_and_only_single_precision_keeps_it() -> None:
    sent = OffsetsFound(1, [{"n": Int8(3), "f": Float32(0.1)}])
    read = read_by_host(encoded(sent))
    assert isinstance(read, OffsetsFound)
    (offset,) = read.offsets
    assert offset is not None
    assert offset == {"n": 3, "f": Float32(0.1)}
    assert [type(value) for value in offset.values()] == [int, Float32]


@pytest.mark.parametrize("value", [object(), 2**70])
def test_what_is_no_offset_cannot_cross(value: Any) -> None:
    with pytest.raises((TypeError, OverflowError)):
        encoded(OffsetsFound(1, [{"n": value}]))


@pytest.mark.parametrize("value", [Decimal(1), {1, 2}, [1], {"a": 1}])
def test_what_would_become_something_else_on_the_way_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        primitive(value)
