"""Hosts in processes of their own, with a Kafka in the memory of the test."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Mapping
from multiprocessing.managers import BaseManager
from typing import Any

from penstock.hosting.fleet import HostingSettings
from penstock.hosting.launch import (
    Born,
    Dead,
    ForkLauncher,
    Launcher,
    Lost,
    NotBorn,
    host_command,
)
from penstock.hosting.process import ProcessHosts
from penstock.sdk.record import TopicPartition
from penstock.testing.memory_kafka import MemoryKafka
from tests.unit.hosting.process_host import AUTHKEY
from tests.unit.hosting.rig import PATIENCE_SECONDS, HostRig, KeepTask, OneStore

COMMAND = host_command("tests.unit.hosting.process_host")


class SharedKafka(MemoryKafka):
    """What the hosts of a test may call."""

    def committed_at(self, at: TopicPartition, default: int) -> int:
        return self.committed.get(at, default)

    def commit(self, offsets: dict[TopicPartition, int]) -> None:
        self.committed |= offsets

    def log(self, at: TopicPartition) -> list[Any]:
        return list(self.logs.get(at, []))


class KeptLauncher(ForkLauncher):
    """Its nursery serves one test after the other."""

    def __init__(self) -> None:
        super().__init__(COMMAND)
        self._unborn = 0
        self._alive: set[int] = set()

    def launch(self, number: int, channel: socket.socket, output: int) -> None:
        self._unborn += 1
        super().launch(number, channel, output)

    def news(self) -> list[Any]:
        found = super().news()
        born = {each.pid for each in found if isinstance(each, Born)}
        self._unborn -= len(born) + sum(isinstance(each, NotBorn) for each in found)
        self._alive |= born
        self._alive -= {each.pid for each in found if isinstance(each, Dead)}
        if Lost() in found:
            self._unborn = 0
            self._alive.clear()
        return found

    def close(self) -> None:
        """All of this test's hosts are gone when this returns, and the news of them read."""
        end = time.monotonic() + PATIENCE_SECONDS
        killed: set[int] = set()
        while (self._unborn or self._alive) and time.monotonic() < end:
            self.news()
            for pid in self._alive - killed:
                self.signal(pid, signal.SIGKILL)
            killed |= self._alive
            time.sleep(0.002)


SHARED = KeptLauncher()


class ProcessRig(HostRig):
    """Like `HostRig`; `close` ends the hosts."""

    def __init__(
        self,
        launcher: Launcher | None = None,
        *,
        properties: Mapping[str, str] | None = None,
        hosts_max: int = 2,
        beat_seconds: float = 0.1,
        **settings: Any,
    ) -> None:
        self.reports: list[Any] = []
        self.kafka = SharedKafka()
        self.store = OneStore()
        self._folder = tempfile.TemporaryDirectory()
        address = os.path.join(self._folder.name, "bridge")

        class Serving(BaseManager):
            pass

        Serving.register("kafka", callable=lambda: self.kafka)
        Serving.register("kept", callable=lambda: KeepTask.kept)
        self._server = Serving(address, AUTHKEY).get_server()
        threading.Thread(target=self._serve, daemon=True).start()
        self.launcher = launcher or ForkLauncher(COMMAND)
        chosen = HostingSettings(
            hosts_max=hosts_max,
            properties=dict(properties or {}),
            beat_seconds=beat_seconds,
            **settings,
        )
        self.hosts: Any = ProcessHosts(self.launcher, self.store, self.reports.append, chosen)
        self.hosts.set_plan(json.dumps({"bridge": address}).encode())

    def _serve(self) -> None:
        with contextlib.suppress(SystemExit):
            self._server.serve_forever()

    def heard_out(self) -> None:
        """Waits until nothing is on its way any more of what hosts sent before they ended."""
        self.until(lambda: not [t for t in threading.enumerate() if "handle_request" in t.name])

    def close(self) -> None:
        """The shared launcher is free for the next test when this returns."""
        self.hosts.close()
        self.hosts._thread.join(PATIENCE_SECONDS)
        server: Any = self._server
        server.stop_event.set()
        server.listener.close()
        self._folder.cleanup()
