"""The folder a broker keeps its data in: made ready, locked, and protected from mistakes."""

from __future__ import annotations

import base64
import errno
import fcntl
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from penstock.broker import pins, security
from penstock.broker.cache import cache_folder, locked
from penstock.broker.errors import BrokerError
from penstock.broker.settings import broker_settings
from penstock.runtime.properties import write_properties

MARKER = "penstock-broker"
CHECKPOINT = "bootstrap.checkpoint"
FORMAT_SECONDS = 60


class Storage:
    """One broker's folder; while it is open, no other broker can use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self._lock = ExitStack()
        if "," in str(self.folder):
            raise BrokerError(f"The folder {self.folder} has a comma in its name; choose another.")

    def open(self) -> int:
        """Lock the folder; gives the descriptor that holds the lock, for the broker to inherit."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            known = (self.folder / MARKER).exists()
            if not known and any(self.folder.iterdir()):
                raise BrokerError(
                    f"The folder {self.folder} holds something else than a broker's data; "
                    "choose an empty or a new one."
                )
            marker = self._lock.enter_context((self.folder / MARKER).open("a+"))
        except OSError as error:
            raise BrokerError(
                f"The folder {self.folder} cannot be used ({error.strerror}); choose another."
            ) from error
        self._take(marker.fileno())
        return marker.fileno()

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            if error.errno != errno.EWOULDBLOCK:
                raise BrokerError(f"The folder {self.folder} cannot be locked.") from error
            raise BrokerError(
                f"The folder {self.folder} is in use by another broker{self._owner()}; "
                "stop that one or choose another folder."
            ) from error

    def _owner(self) -> str:
        pid = (self.folder / MARKER).read_text(encoding="utf-8").strip()
        return f" (process {pid})" if pid.isdigit() else ""

    def owned_by(self, pid: int) -> None:
        """Write down who uses the folder, for the message another broker gives."""
        (self.folder / MARKER).write_text(f"{pid}\n", encoding="utf-8")

    def close(self) -> None:
        self._lock.close()

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def crashed(self) -> bool:
        """Whether the last broker here did not end properly."""
        there = (self.data / "__cluster_metadata-0").exists()
        return there and not (self.data / ".kafka_cleanshutdown").exists()

    def format(self, template: Path) -> None:
        """Give an empty folder an identity, as Kafka's storage tool does; keep one it has."""
        meta = self.data / "meta.properties"
        if meta.exists():
            return
        self.data.mkdir(exist_ok=True)
        shutil.copyfile(template, self.data / CHECKPOINT)
        partial = meta.with_suffix(".partial")
        partial.write_text(
            f"version=1\ncluster.id={_uuid()}\nnode.id=1\ndirectory.id={_uuid()}\n", "utf-8"
        )
        partial.replace(meta)  # last: a folder with an identity is complete


def _uuid() -> str:
    """An identifier in Kafka's form, which never starts with a dash."""
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes)[:22].decode()).startswith("-"):
        pass
    return text


def bootstrap_template(java: Path, class_path: Sequence[Path]) -> Path:
    """The first metadata of a new cluster (feature levels, users of secured listeners).

    Made once by Kafka's storage tool.
    """
    cache = cache_folder()
    made_of = [*(jar.name for jar in class_path), *security.scram_arguments()]
    template = cache / f"{CHECKPOINT}-{pins.digest(made_of)}"
    if not template.exists():
        with locked(cache):
            if not template.exists():
                _make_template(template, java, class_path)
    return template


def _make_template(template: Path, java: Path, class_path: Sequence[Path]) -> None:
    with tempfile.TemporaryDirectory(dir=template.parent) as scratch:
        settings = Path(scratch) / "broker.properties"
        formatted = broker_settings(Path(scratch) / "data", 9092, 9093, {})
        settings.write_text(write_properties(formatted), encoding="utf-8")
        tool = [java, "-XX:TieredStopAtLevel=1", "-cp", ":".join(map(str, class_path))]
        tool += ["kafka.tools.StorageTool", "format", "-t", _uuid(), "-c", settings]
        tool += security.scram_arguments()
        ran = subprocess.run(tool, capture_output=True, text=True, timeout=FORMAT_SECONDS)
        if ran.returncode != 0:
            raise BrokerError(f"Kafka's storage tool failed: {ran.stdout} {ran.stderr}")
        (Path(scratch) / "data" / CHECKPOINT).replace(template)
