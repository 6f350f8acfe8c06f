"""Source connectors that do what connectors must not do."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from penstock.cluster.catalog import PluginKind
from penstock.sdk.config import Config
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceConnector, SourceTask


class NastyTask(SourceTask[Config]):
    """`poll` counts, and the third time (or `after`) does what the setting `deed` says.

    Just before, it makes the file `announced`.
    """

    def start(self) -> None:
        self.polls = 0
        self.kept: list[Any] = []

    def poll(self) -> list[SourceRecord]:
        self.polls += 1
        if self.polls >= int(self.config.properties.get("after", "3")):
            if "announced" in self.config.properties:
                Path(self.config.properties["announced"]).touch()
            self.deed(self.config.properties["deed"])
        time.sleep(0.002)
        where, offset = {"nasty": self.context.task}, {"n": self.polls}
        return [
            SourceRecord(
                self.config.properties.get("topic", "nasty"),
                self.polls,
                source_partition=where,
                source_offset=offset,
            )
        ]

    def deed(self, deed: str) -> None:
        match deed:
            case "segfault":
                ctypes.string_at(0)
            case "once":
                marker = Path(self.config.properties["marker"])
                if not marker.exists():
                    marker.touch()
                    ctypes.string_at(0)
            case "exit":
                os._exit(7)
            case "abort":
                print("about to abort", file=sys.stderr)
                os.abort()
            case "loop":
                while True:
                    pass
            case "deadlock":
                lock = threading.Lock()
                lock.acquire()
                lock.acquire()
            case "deaf":  # native code that keeps Python's lock
                ctypes.PyDLL(None).sleep(60)
            case "grow":
                self.kept.append(bytearray(4 << 20))
                self.polls = 2
            case "flood":
                while not self.context.stopping:
                    os.write(1, b"a line that nobody wants to read\n" * 500)
            case "fork":
                os.fork()
            case "bomb":
                for _ in range(200):
                    subprocess.Popen(["sleep", "60"])
                self.polls = -1000
            case "orphan":
                subprocess.Popen(["sleep", self.config.properties.get("seconds", "61.5")])
                self.polls = -1000
            case _:
                pass


class NastySource(SourceConnector[Config]):
    task = NastyTask

    def start(self) -> None:
        if self.config.properties.get("connector.deed") == "exit":
            os._exit(9)


CLASSES = {"NastySource": (PluginKind.SOURCE, NastySource)}
