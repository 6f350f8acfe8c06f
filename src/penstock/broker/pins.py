"""Which jars a Java program needs: names, sizes and hashes, kept in `.lock` files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from penstock.broker.errors import BrokerError

KAFKA = "4.3.0"
BROKER = (
    f"org.apache.kafka:kafka_2.13:{KAFKA}",
    "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
)
JAVA_CONNECT = (
    *BROKER,
    *(
        f"org.apache.kafka:{name}:{KAFKA}"
        for name in (
            "kafka-tools",
            "connect-runtime",
            "connect-file",
            "connect-json",
            "connect-transforms",
            "connect-mirror",
            "connect-basic-auth-extension",
        )
    ),
)
JAVA_TOOLS = (f"org.apache.kafka:connect-test-plugins:{KAFKA}",)
"""Connectors that are Kafka's own tools: they make records up, or take them and do nothing."""
SHIPPED = {
    "broker.lock": BROKER,
    "java_connect.lock": JAVA_CONNECT,
    "java_tools.lock": JAVA_TOOLS,
}


class Pin(NamedTuple):
    """One jar: `group:artifact:version`, how long it is, and its hash."""

    coordinate: str
    size: int
    sha256: str

    @property
    def file(self) -> str:
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    def matches(self, path: Path) -> bool:
        """Whether the file at `path` is this jar, to the byte."""
        if path.stat().st_size != self.size:
            return False
        with path.open("rb") as jar:
            return hashlib.file_digest(jar, "sha256").hexdigest() == self.sha256


def digest(lines: Iterable[str]) -> str:
    """A short name for a set of coordinates or jars."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def read(path: Path) -> list[Pin]:
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    try:
        return [Pin(coordinate, int(size), sha256) for coordinate, size, sha256 in rows]
    except ValueError as error:
        raise BrokerError(f"The list of jars {path} is damaged; delete it.") from error


def write(path: Path, pins: Sequence[Pin]) -> None:
    """All or nothing: a reader never sees half a list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(f"{p.coordinate} {p.size} {p.sha256}\n" for p in pins), "utf-8")
    partial.replace(path)


def shipped(coordinates: Sequence[str]) -> Path | None:
    """The list that comes with Penstock for these coordinates, if one does."""
    names = (name for name, known in SHIPPED.items() if known == tuple(coordinates))
    return next((Path(__file__).with_name(name) for name in names), None)
