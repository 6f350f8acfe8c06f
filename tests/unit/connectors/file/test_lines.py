"""Bytes become lines with positions, however they arrive."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.connectors.file.lines import Lines

TEXT = st.text(st.sampled_from("ab\r\n\né日😀\u2028\x0b"), max_size=60)


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def all_of(lines: Lines) -> list[tuple[str, int]]:
    return list(zip(*lines.take(10_000), strict=True))


def expected(text: str) -> list[tuple[str, int]]:
    """What a reader of the whole text sees; a last carriage return may still be half an end."""
    found: list[tuple[str, int]] = []
    position = 0
    for whole in re.findall(r"[^\r\n]*(?:\r\n|\n|\r(?!\Z))", text):
        position += utf16_units(whole)
        found.append((whole.rstrip("\r\n"), position))
    return found


@given(TEXT, st.lists(st.integers(0, 200), max_size=5))
def test_lines_do_not_depend_on_how_their_bytes_are_cut(text: str, cuts: list[int]) -> None:
    data = text.encode()
    borders = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    lines = Lines(0)
    for start, end in pairwise(borders):
        lines.feed(data[start:end])
    assert all_of(lines) == expected(text)


@given(TEXT, st.integers(1, 7))
def test_small_batches_give_what_one_large_one_gives(text: str, most: int) -> None:
    lines, found = Lines(0), list[tuple[str, int]]()
    lines.feed(text.encode())
    while batch := list(zip(*lines.take(most), strict=True)):
        found += batch
        lines.release()
    assert found == expected(text)


@given(TEXT)
def test_finishing_gives_the_unterminated_rest_as_a_line(text: str) -> None:
    lines = Lines(0)
    lines.feed(text.encode())
    lines.finish()
    found = all_of(lines)
    assert "".join(line for line, _ in found) == re.sub(r"[\r\n]", "", text)
    assert not found or found[-1][1] == utf16_units(text)


def test_positions_go_on_from_where_reading_started() -> None:
    lines = Lines(40)
    lines.feed(b"ab\ncd\r\n")
    assert all_of(lines) == [("ab", 43), ("cd", 47)]


def test_a_line_of_a_million_bytes_arrives_whole() -> None:
    lines = Lines(0)
    for _ in range(1000):
        lines.feed(b"x" * 1000)
    assert lines.count == 0
    lines.feed(b"\n")
    assert all_of(lines) == [("x" * 1_000_000, 1_000_001)]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"a\xffb\n", "a\ufffdb"),
        (b"\xed\xa0\x80\n", "\ufffd"),  # an encoded surrogate is one character for Java
        (b"\xe2\x82\n", "\ufffd"),
        (b"\xc0\x80\n", "\ufffd\ufffd"),
        (b"\xf4\x90\x80\x80\n", "\ufffd" * 4),
    ],
)
def test_malformed_bytes_are_replaced_as_java_replaces_them(data: bytes, line: str) -> None:
    lines = Lines(0)
    lines.feed(data)
    assert all_of(lines) == [(line, len(line) + 1)]


def test_lines_in_the_buffer_of_a_full_batch_wait_until_something_is_added() -> None:
    lines = Lines(0)
    lines.feed(b"a\nb\nc\n")
    assert lines.take(2) == (["a", "b"], [2, 4])
    assert lines.waiting
    assert lines.take(2) == ([], [])
    lines.feed(b"d\n")
    assert lines.take(2) == (["c", "d"], [6, 8])


def test_lines_beyond_the_buffer_of_a_full_batch_do_not_wait() -> None:
    lines = Lines(0)
    lines.feed(b"a\n" + b"b" * 600 + b"\n" + b"c" * 600 + b"\n")
    assert lines.take(1)[1] == [2]
    assert not lines.waiting


def test_an_exactly_emptied_buffer_keeps_nothing_waiting() -> None:
    lines = Lines(0)
    lines.feed(b"a\nb\n")
    lines.take(2)
    assert not lines.waiting


def test_the_buffer_stays_as_large_as_the_longest_line_made_it() -> None:
    lines = Lines(0)
    lines.feed(b"x" * 3000 + b"\n" + b"y\n" + b"z" * 2000 + b"\n")
    lines.take(1)
    assert not lines.waiting  # 5004 units do not fit into 4096
    lines.take(1)
    assert lines.waiting  # the last two lines do, although they would not have into 1024
