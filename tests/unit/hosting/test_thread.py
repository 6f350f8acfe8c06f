"""What only a host of threads can show: plugins that never come back."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from penstock.cluster.messages import ConnectorStopped, StopConnector, StopTask, TaskId, TaskStopped
from penstock.hosting import thread
from penstock.hosting.thread import ThreadHosts
from penstock.sdk.errors import RetriableError
from tests.unit.hosting.rig import PATIENCE_SECONDS, HostRig
from tests.unit.runtime.rig import Text

TASK = TaskId("c", 0)


def test_a_task_that_hangs_is_given_up_and_can_neither_produce_nor_commit() -> None:
    rig = HostRig(ThreadHosts)
    rig.start_task(mode="hang")
    assert rig.gate.reached()
    rig.send(StopTask(TASK, 1, 20))
    rig.until(lambda: rig.reports == [TaskStopped(TASK, 1, cancelled=True)])
    rig.gate.open.set()
    rig.until(lambda: rig.clients.producers[0].closed)
    rig.gone()
    assert rig.values() == []
    assert rig.store.offsets.pairs() == []
    assert len(rig.reports) == 1


def test_a_task_that_waits_to_try_again_stops_at_once_and_says_nothing_is_wrong(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tried = threading.Event()

    def busy(*args: object) -> Any:
        tried.set()
        raise RetriableError("the registry is away")

    monkeypatch.setattr(Text, "encode", busy)
    rig = HostRig(ThreadHosts)
    rig.start_task(errors__retry__timeout="-1", errors__tolerance="all")
    assert tried.wait(PATIENCE_SECONDS)
    rig.send(StopTask(TASK, 1, 60_000))
    rig.until(lambda: rig.reports[-1:] == [TaskStopped(TASK, 1)])
    assert rig.states() == ["RUNNING", "UNASSIGNED"]
    assert (rig.values(), rig.store.offsets.pairs()) == ([], [])
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


def test_sending_never_waits_for_a_plugin() -> None:
    rig = HostRig(ThreadHosts)
    started = time.monotonic()
    rig.start_task(mode="hang", until="0")
    rig.start_connector(connector__mode="hang")
    assert time.monotonic() - started < PATIENCE_SECONDS / 2
    assert rig.gate.reached(2)
    rig.gate.open.set()
    rig.close()


def test_a_connector_that_hangs_is_given_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(thread, "_CONNECTOR_STOP_SECONDS", 0.02)
    rig = HostRig(ThreadHosts)
    rig.start_connector(connector__mode="hang")
    assert rig.gate.reached()
    rig.send(StopConnector("c", 1))
    rig.until(lambda: rig.reports[-1:] == [ConnectorStopped("c", 1, cancelled=True)])
    assert rig.states() == ["UNASSIGNED"]
    rig.gate.open.set()
    rig.gone()
    assert rig.states() == ["UNASSIGNED"]


def test_converters_of_a_connector_are_found_by_the_names_the_catalog_knows() -> None:
    rig = HostRig(ThreadHosts)
    rig.start_task(until="1", value__converter="Text", errors__log__enable="true")
    rig.until(lambda: rig.values() == [b"0"])
    rig.send(StopTask(TASK, 1, 5000))
    rig.until(lambda: rig.reports[-1] == TaskStopped(TASK, 1))
