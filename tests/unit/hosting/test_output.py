"""What hosts print reaches the log, within limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.hosting.output import LINE_BYTES_MAX, Allowance, Output
from penstock.sdk.redaction import SECRETS


def test_lines_are_put_together_from_pieces() -> None:
    output = Output()
    assert output.feed(b"one\ntw", 0).shown == ["one"]
    assert output.feed(b"o\n", 0).shown == ["two"]
    assert output.feed(b"rest", 0).shown == []
    assert output.end(0).shown == ["rest"]


def test_more_lines_than_allowed_are_counted_and_not_shown() -> None:
    output = Output(lines_per_second=1, lines_burst=2)
    assert output.feed(b"1\n2\n3\n4\n", 0).shown == ["1", "2"]
    assert output.feed(b"5\n", 0).dropped == 0
    later = output.feed(b"6\n", 1)
    assert (later.shown, later.dropped) == (["6"], 3)
    assert list(output.last) == ["1", "2", "3", "4", "5", "6"]


def test_a_line_without_end_is_cut() -> None:
    (line,) = Output().feed(b"x" * (LINE_BYTES_MAX + 10), 0).shown
    assert len(line) == LINE_BYTES_MAX + 3


def test_a_secret_is_hidden_even_where_a_line_is_cut() -> None:
    SECRETS.learn(["hunter2-of-the-database"])
    printed = b"x" * (LINE_BYTES_MAX - 5) + b" hunter2-of-the-database"
    (line,) = Output().feed(printed + b"\n", 0).shown
    assert "hunter" not in line


def test_bytes_that_are_no_text_are_shown_all_the_same() -> None:
    assert Output().feed(b"\xff\n", 0).shown == ["\N{REPLACEMENT CHARACTER}"]


@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 50)), max_size=30))
def test_an_allowance_is_never_exceeded(steps: list[tuple[float, int]]) -> None:
    allowance, now, taken = Allowance(per_second=3, burst=10), 0.0, 0
    for passed, wanted in steps:
        now += passed
        got = min(wanted, allowance.left(now))
        allowance.take(got)
        taken += got
    assert taken <= 10 + 3 * now + 1e-6
