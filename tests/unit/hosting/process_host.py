"""The composition root of host processes in tests: Kafka stays in the test's memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from multiprocessing.managers import BaseManager
from typing import Any

from penstock import host
from penstock.hosting.control import SystemClock
from penstock.hosting.ports import Confirm, OffsetStores
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.runtime.plugins import NoTransforms
from penstock.sdk.converter import Role
from penstock.sdk.record import TopicPartition
from tests.unit.hosting import nasty
from tests.unit.hosting.rig import KeepTask, MemoryClients, SmallCatalog

AUTHKEY = b"a test"


class Bridge(BaseManager):
    """Gives host processes the test's Kafka."""


Bridge.register("kafka")
Bridge.register("kept")


class FarKafka:
    """As much of `MemoryKafka` as producers and consumers use."""

    def __init__(self, kafka: Any) -> None:
        self._kafka = kafka

    def append(self, *arguments: Any) -> Any:
        return self._kafka.append(*arguments)

    @property
    def committed(self) -> Any:
        return _Committed(self._kafka)

    @committed.setter
    def committed(self, value: Any) -> None:
        pass  # written by `__ior__` below

    @property
    def logs(self) -> Any:
        return _Logs(self._kafka)


class _Committed:
    def __init__(self, kafka: Any) -> None:
        self._kafka = kafka

    def get(self, at: TopicPartition, default: int) -> int:
        return self._kafka.committed_at(at, default)

    def __ior__(self, offsets: Any) -> Any:
        self._kafka.commit(dict(offsets))
        return self


class _Logs:
    def __init__(self, kafka: Any) -> None:
        self._kafka = kafka

    def get(self, at: TopicPartition, default: Any) -> Any:
        return self._kafka.log(at)


class TestComposition:
    def __init__(self, plan: bytes) -> None:
        given = json.loads(plan)
        self.catalog = SmallCatalog(nasty.CLASSES)
        self._clients = Clients(given["bridge"])

    def builder(self, offsets: OffsetStores, confirm: Confirm) -> TaskBuilder:
        settings = HostSettings(
            {
                Role.KEY: ConverterSettings("Text", {}),
                Role.VALUE: ConverterSettings("Text", {}),
                Role.HEADER: ConverterSettings("TextHeaders", {}),
            },
            offset_flush_interval_ms=50,
        )
        return TaskBuilder(
            self.catalog,
            settings,
            self._clients,
            offsets,
            lambda properties: NoTransforms(),
            SystemClock(),
            confirm,
        )

    def answer(self, question: str, body: bytes) -> bytes:
        match question:
            case "echo":
                return body
            case "raise":
                raise ValueError(body.decode())
            case "exit":
                os._exit(3)
            case _:
                time.sleep(60)
                return b""


class Clients(MemoryClients):
    """Connected when a task needs them."""

    def __init__(self, address: str) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._address = address

    def _connect(self) -> Bridge:
        bridge = Bridge(self._address, AUTHKEY)
        bridge.connect()
        self.kafka = FarKafka(bridge.kafka())  # type: ignore[attr-defined,assignment]
        return bridge

    def producer(self, name: Any, task: Any, connector: Any, *, tracked: Any):
        self._connect()
        return super().producer(name, task, connector, tracked=tracked)

    def consumer(self, name: Any, task: Any, connector: Any):
        KeepTask.kept = self._connect().kept()  # type: ignore[attr-defined]
        return super().consumer(name, task, connector)


def main(arguments: Sequence[str]) -> None:
    host.main(arguments, TestComposition)
