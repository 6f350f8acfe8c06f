"""A real single-node Apache Kafka as a context manager."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from penstock.broker import pins, program, security
from penstock.broker.class_archive import ClassArchive
from penstock.broker.errors import BrokerError
from penstock.broker.jars import Progress, class_path
from penstock.broker.java import JavaProcess, find_java
from penstock.broker.ports import check_free, free_ports
from penstock.broker.settings import (
    AFTER_A_CRASH,
    HOST,
    broker_settings,
)
from penstock.broker.storage import Storage, bootstrap_template
from penstock.runtime.properties import write_properties

START_SECONDS = 60.0
ATTEMPTS = 3
STARTED = "Kafka Server started"
NAME = "kafka"


class LocalKafka:
    """Apache Kafka on this machine, for demos, development and tests.

        with LocalKafka() as kafka:
            print(kafka.bootstrap_servers)

    Without a `folder` the data is thrown away at `stop`; with one, a later start goes on with it.
    Without a `port` a free one is taken and kept for the life of this object. The broker ends when
    this process ends, however that happens.

    With `secure`, it listens with TLS, SASL and both as well; `faulty` adds listeners whose
    certificate has expired or names another host. See `client_properties`.
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        port: int | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        heap_mb: int = 256,
        jvm_options: Sequence[str] = program.QUICK,
        progress: Progress | None = None,
        secure: bool = False,
        faulty: bool = False,
    ) -> None:
        self._secured = security.listeners(secure=secure, faulty=faulty)
        self._secured_ports: dict[security.Listener, int] = {}
        self._kept = Path(folder) if folder is not None else None
        self._wanted_port = port
        self._port = port
        self._settings = dict(settings or {})
        self._jvm_options = [f"-Xmx{heap_mb}m", *program.SMALL, *jvm_options]
        self._progress = progress
        self._storage: Storage | None = None
        self._archive: ClassArchive | None = None
        self._process: JavaProcess | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect; known from the first start on."""
        if self._port is None:
            raise BrokerError("The broker has no address yet; start it first.")
        return f"{HOST}:{self._port}"

    @property
    def secured(self) -> dict[str, str]:
        """Where the secured listeners are, by their names."""
        return {one.name: f"{HOST}:{port}" for one, port in self._secured_ports.items()}

    def address(self, listener: str) -> str:
        """Where a listener is: SASL_SSL, SSL, SASL_PLAINTEXT, EXPIRED or MISNAMED."""
        found = self.secured.get(listener)
        if found is None:
            raise BrokerError(f"The broker has no listener {listener}; start it with secure=True.")
        return found

    def client_properties(
        self, listener: str = "SASL_SSL", mechanism: str = "PLAIN"
    ) -> dict[str, str]:
        """What a client of a secured listener is told, `bootstrap.servers` included."""
        address = {"bootstrap.servers": self.address(listener)}
        return address | security.client_properties(listener, self.tls, mechanism)

    @property
    def tls(self) -> Path:
        """The folder with certificates, trust stores and a client's key."""
        return self.folder / security.FOLDER

    @property
    def folder(self) -> Path:
        """Where data, settings and logs are."""
        if self._storage is None:
            raise BrokerError("The broker has no folder yet; start it first.")
        return self._storage.folder

    @property
    def pid(self) -> int | None:
        """The process id of the Java process while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.running

    def start(self) -> Self:
        """Download what is missing, start, and return when clients can connect."""
        if self.running:
            raise BrokerError(f"The broker on {self.bootstrap_servers} is running already.")
        self.kill()  # what is left of one that ended by itself
        jars = class_path(pins.BROKER, self._progress)
        java = find_java()
        template = bootstrap_template(java, jars)
        if self._storage is None:
            kept = self._kept or Path(tempfile.mkdtemp(prefix="penstock-broker-"))
            self._storage = Storage(kept)
        self._archive = ClassArchive(java, jars, self._storage.folder)
        try:
            self._launch(self._storage, java, jars, template)
        except BaseException:
            self.kill()
            self._discard()
            raise
        return self

    def stop(self) -> None:
        """End the broker: politely if its data is kept, at once if it is thrown away.

        The very first broker ends politely as well, and leaves an archive that speeds up starts.
        """
        if self._process is not None:
            if self._kept is not None or (self._archive and self._archive.learning):
                self._stop_politely(self._process)
            else:
                self._process.kill()
        self._discard()

    def kill(self) -> None:
        """End the broker as a power failure would; `start` goes on with its data."""
        if self._process is not None:
            self._process.kill()

    def restart(self) -> None:
        """Stop politely and start again on the same port with the same data."""
        if self._process is not None:
            self._stop_politely(self._process)
        self.start()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Wait for the broker to end by itself; its exit code, or None if it still runs."""
        return self._process.wait(timeout_seconds) if self._process is not None else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _stop_politely(self, process: JavaProcess) -> None:
        process.stop()
        if self._archive is not None:
            self._archive.keep()

    def _discard(self) -> None:
        self._process = None
        if self._kept is None and self._storage is not None:
            self._storage.remove()
            self._storage = None
            self._port = self._wanted_port
            self._secured_ports = {}

    def _launch(self, storage: Storage, java: Path, jars: Sequence[Path], template: Path) -> None:
        """A port that was free may be taken before Kafka binds it: then with other ones again."""
        for attempt in range(1, ATTEMPTS + 1):
            port, controller_port = self._choose_ports()
            secured = self._choose_secured_ports()
            descriptor = storage.open()
            try:
                storage.format(template)
                settings = self._broker_settings(storage, port, controller_port, secured)
                command = self._command(storage, java, jars, settings)
                output = program.output_file(storage.folder, NAME)
                discarded = storage.folder if self._kept is None else None
                self._process = JavaProcess(command, output, [descriptor], discarded)
                storage.owned_by(self._process.pid)
            finally:
                storage.close()  # the lock lives on in the broker
            if self._is_ready(storage, self._process):
                self._port, self._secured_ports = port, secured
                return
            problem = self._problem(storage, self._process)
            self._process.kill()
            lost_port = "Address already in use" in problem and self._wanted_port is None
            if not lost_port or attempt == ATTEMPTS:
                raise BrokerError(f"Kafka did not start: {problem}.")

    def _choose_ports(self) -> tuple[int, int]:
        if self._port is None:
            first, second = free_ports(2)
            return first, second
        check_free(self._port)
        return self._port, free_ports(1)[0]

    def _choose_secured_ports(self) -> dict[security.Listener, int]:
        """The ones after a wanted port, else any; those of an earlier start, if there was one."""
        if self._secured_ports:
            ports = list(self._secured_ports.values())
        elif self._port is not None:
            ports = [self._port + 1 + number for number in range(len(self._secured))]
        else:
            return dict(zip(self._secured, free_ports(len(self._secured)), strict=True))
        for port in ports:
            check_free(port)
        return dict(zip(self._secured, ports, strict=True))

    def _broker_settings(
        self,
        storage: Storage,
        port: int,
        controller_port: int,
        secured: Mapping[security.Listener, int],
    ) -> dict[str, str]:
        settings = broker_settings(storage.data, port, controller_port, {})
        if secured:
            tls = security.prepare(storage.folder)
            settings |= security.listener_settings(settings, secured, tls)
        return settings | (AFTER_A_CRASH if storage.crashed else {}) | self._settings

    def _command(
        self, storage: Storage, java: Path, jars: Sequence[Path], settings: Mapping[str, str]
    ) -> list[str]:
        file = storage.folder / "broker.properties"
        file.write_text(write_properties(settings), "utf-8")
        main = ["kafka.Kafka", file.name]
        options = [*self._jvm_options, *(self._archive.options if self._archive else ())]
        return program.command(java, options, jars, main, folder=storage.folder, name=NAME)

    def _is_ready(self, storage: Storage, process: JavaProcess) -> bool:
        return process.wait_until(
            lambda: program.logged(storage.folder, NAME, STARTED), START_SECONDS
        )

    def _problem(self, storage: Storage, process: JavaProcess) -> str:
        if process.running:
            return f"it was not ready after {START_SECONDS:.0f} seconds"
        said = program.complaint(storage.folder, NAME) or f"exit code {process.exit_code}"
        return said if self._kept is None else f"{said} (see {storage.folder}/{NAME}.log)"
