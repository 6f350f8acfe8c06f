"""Writes of this worker are recognised when they are read; failed ones are tried again."""

from __future__ import annotations

import threading

import pytest

from penstock.stores.memory import MemoryLog
from penstock.stores.own_writes import KEPT_SECONDS, OwnWrites
from penstock.stores.ports import LogRecord, OnSent
from penstock.stores.retries import Retries


class Nowhere(MemoryLog):
    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None: ...


def test_a_write_is_outstanding_until_it_is_read() -> None:
    own = OwnWrites(Nowhere())
    own.send(b"k", b"1")
    own.send(b"k", b"2")
    assert not own.read(LogRecord(0, b"k", b"other"))
    assert own.read(LogRecord(1, b"k", b"1"))
    assert own.outstanding(b"k")
    assert own.read(LogRecord(2, b"k", b"2"))
    assert not own.outstanding(b"k")
    assert not own.read(LogRecord(3, b"k", b"2"))


def test_a_write_that_compaction_took_away_is_not_awaited() -> None:
    own = OwnWrites(Nowhere())
    own.send(b"k", b"1")
    own.send(b"k", None)
    assert own.read(LogRecord(1, b"k", None))
    assert not own.outstanding(b"k")


def test_a_write_that_is_never_read_is_forgotten_after_a_while() -> None:
    now = 0.0
    own = OwnWrites(Nowhere(), now=lambda: now)
    own.send(b"k", b"1")
    now = KEPT_SECONDS + 1
    assert not own.outstanding(b"k")


def test_attempts_are_made_again_in_their_order_even_if_one_fails() -> None:
    retries, made, done = Retries(pause_seconds=0), list[int](), threading.Event()

    def failing() -> None:
        made.append(1)
        raise ValueError

    retries.later(failing)
    retries.later(lambda: made.append(2))
    retries.later(done.set)
    assert done.wait(60)
    assert made == [1, 2]


def test_attempts_beyond_the_limit_are_given_up(caplog: pytest.LogCaptureFixture) -> None:
    retries = Retries(pause_seconds=60, waiting_max=1)
    retries.later(lambda: None)
    retries.later(lambda: None)
    assert "More than 1 writes wait for another attempt" in caplog.text
    retries.stop()
