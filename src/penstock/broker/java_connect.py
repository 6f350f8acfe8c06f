"""The Java Connect worker, as a yardstick and a peer in tests and benchmarks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.broker import pins, program
from penstock.broker.cache import locked
from penstock.broker.errors import BrokerError
from penstock.broker.jars import Progress, class_path
from penstock.broker.java import JavaProcess, find_java
from penstock.runtime.properties import write_properties

START_SECONDS = 120.0
STARTED = "Kafka Connect started"
NAME = "java-connect"
DISTRIBUTED = "org.apache.kafka.connect.cli.ConnectDistributed"
STANDALONE = "org.apache.kafka.connect.cli.ConnectStandalone"


class JavaConnect:
    """A worker in `folder`: distributed, or standalone if `connectors` are given.

    The file connectors are found without a `plugin.path` of your own; relative paths in settings
    start at `folder`. With `tools`, the connectors of Kafka's own tests are found as well.
    """

    def __init__(
        self,
        folder: Path,
        worker: Mapping[str, str],
        connectors: Sequence[Mapping[str, str]] | None = None,
        *,
        heap_mb: int = 512,
        jvm_options: Sequence[str] = (),
        tools: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self._worker = worker
        self._connectors = connectors
        self._options = [f"-Xmx{heap_mb}m", *program.SMALL, *jvm_options]
        self._coordinates = (pins.JAVA_CONNECT, *([pins.JAVA_TOOLS] if tools else []))
        self._progress = progress
        self._process: JavaProcess | None = None

    @property
    def pid(self) -> int | None:
        """The process id of the Java process while it runs."""
        return self._process.pid if self._process is not None and self._process.running else None

    def start(self) -> Self:
        """Return when the worker has started, connectors included."""
        jars = list(
            dict.fromkeys(
                jar for names in self._coordinates for jar in class_path(names, self._progress)
            )
        )
        plugins = [jar for jar in jars if jar.name.startswith("connect-file")]
        self.folder.mkdir(parents=True, exist_ok=True)
        main = self._main(_plugin_folder(plugins))
        command = program.command(
            find_java(),
            self._options,
            [jar for jar in jars if jar not in plugins],
            main,
            folder=self.folder,
            name=NAME,
        )
        self._process = JavaProcess(command, program.output_file(self.folder, NAME))
        if not self._process.wait_until(
            lambda: program.logged(self.folder, NAME, STARTED), START_SECONDS
        ):
            said = program.complaint(self.folder, NAME) or "it was not ready in time"
            self._process.kill()
            raise BrokerError(f"The Java worker did not start: {said}.")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _main(self, plugins: Path) -> list[str]:
        worker = {"plugin.path": str(plugins), **self._worker}
        files = {"worker.properties": worker}
        for number, connector in enumerate(self._connectors or ()):
            files[f"connector-{number}.properties"] = dict(connector)
        for name, settings in files.items():
            (self.folder / name).write_text(write_properties(settings), "utf-8")
        kind = DISTRIBUTED if self._connectors is None else STANDALONE
        return [kind, *files]


def _plugin_folder(jars: Sequence[Path]) -> Path:
    """Jars the worker loads in isolation, in a folder of their own in the cache."""
    folder = jars[0].parent.parent / "java-plugins"
    with locked(folder.parent):
        folder.mkdir(exist_ok=True)
        for jar in jars:
            if not (folder / jar.name).exists():
                partial = folder / f"{jar.name}.partial"
                shutil.copyfile(jar, partial)
                partial.replace(folder / jar.name)
    return folder
