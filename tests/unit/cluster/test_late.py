"""What is made when it is first needed is made once, and not in order to be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import pytest

from penstock.cluster.late import LateLog, LateMember
from penstock.cluster.logs import Entry, LogRecord, OnSent
from penstock.sdk.errors import ConfigError


class NotedLog:
    """Knows what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        self.told.append("start")

    def stop(self) -> None:
        self.told.append("stop")

    def read_to_end(self, timeout_ms: int) -> None:
        self.told.append("read")

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self.told.append("send")

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self.told.append("write")


class NotedMember:
    """Likewise."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def rejoin(self, configured: Mapping[str, int]) -> None:
        self.told.append("rejoin")

    def leave(self) -> None:
        self.told.append("leave")

    def out_of_time(self) -> None:
        self.told.append("out of time")

    def close(self, timeout_seconds: float) -> None:
        self.told.append("close")


def test_a_log_is_made_once_and_told_everything() -> None:
    made: list[NotedLog] = []
    log = LateLog(lambda: made.append(NotedLog()) or made[-1])
    log.make()
    log.start(lambda record: None)
    log.send(b"k", None)
    log.write([], 1)
    log.read_to_end(1)
    log.stop()
    assert [each.told for each in made] == [["start", "send", "write", "read", "stop"]]


def test_threads_that_need_a_log_at_once_share_it() -> None:
    made: list[NotedLog] = []
    go = threading.Event()

    def make() -> NotedLog:
        go.wait(60)
        made.append(NotedLog())
        return made[-1]

    log = LateLog(make)
    threads = [threading.Thread(target=log.read_to_end, args=(1,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(60)
    assert [each.told for each in made] == [["read"] * 3]


def test_what_is_wrong_with_the_settings_of_a_log_is_raised_when_it_is_made() -> None:
    def make() -> NotedLog:
        raise ConfigError("acks must be all")

    log = LateLog(make)
    with pytest.raises(ConfigError, match="acks"):
        log.make()
    log.stop()


def test_a_member_that_takes_no_part_yet_has_nothing_to_leave() -> None:
    member = LateMember(NotedMember)
    member.leave()
    member.out_of_time()
    member.close(1.0)
    assert member.made is None


def test_a_member_hears_everything_once_it_is_made() -> None:
    noted = NotedMember()
    member = LateMember(lambda: noted)
    member.rejoin({})
    member.start()
    member.leave()
    member.out_of_time()
    member.close(1.0)
    assert noted.told == ["rejoin", "start", "leave", "out of time", "close"]
