"""Dead letters as people and programs are shown them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import click
import msgspec

from penstock.cli.output import Rows
from penstock.kafka.letters import Letter

MESSAGE_CHARACTERS = 200
_HEX_BYTES = 16


class Data(msgspec.Struct, frozen=True, omit_defaults=True):
    """Bytes as text if they are UTF-8, otherwise in hexadecimal digits."""

    text: str | None = None
    hex: str | None = None


class LetterView(msgspec.Struct, frozen=True):
    """A letter in JSON."""

    partition: int
    offset: int
    timestamp: str | None
    original: str | None
    connector: str | None
    task: str | None
    stage: str | None
    class_name: str | None
    exception: str | None
    message: str | None


class SourceView(msgspec.Struct, frozen=True):
    """Where a source connector read the record, and how the letter encodes it."""

    topic: str | None
    partition: str | None
    offset: str | None
    format: str | None


class WholeView(LetterView, frozen=True):
    """A letter with everything that is in it."""

    key: Data | None
    value: Data | None
    headers: list[tuple[str, Data | None]]
    stacktrace: str | None
    source: SourceView | None = None


def brief(letter: Letter) -> LetterView:
    reason = letter.reason
    return LetterView(
        letter.partition,
        letter.offset,
        time_text(letter.timestamp),
        original(letter),
        reason.connector,
        reason.task,
        reason.stage,
        reason.class_name,
        reason.exception,
        reason.message,
    )


def whole(letter: Letter) -> WholeView:
    return WholeView(
        **msgspec.structs.asdict(brief(letter)),
        key=data_of(letter.key),
        value=data_of(letter.value),
        headers=[(name, data_of(data)) for name, data in letter.headers],
        stacktrace=letter.reason.stacktrace,
        source=_source(letter),
    )


def _source(letter: Letter) -> SourceView | None:
    reason = letter.reason
    if reason.source_partition is None:
        return None
    return SourceView(
        reason.topic, reason.source_partition, reason.source_offset, reason.source_format
    )


def table(letters: Iterable[Letter]) -> Rows:
    rows = Rows("Offset", "Time", "Original", "Connector", "Stage", "Exception", "Message")
    for letter in letters:
        reason = letter.reason
        rows.add(
            place_text(letter),
            time_text(letter.timestamp),
            original(letter),
            _joined(reason.connector, reason.task),
            reason.stage,
            None if reason.exception is None else reason.exception.rpartition(".")[2],
            _short(reason.message),
        )
    return rows


def print_whole(topic: str, letter: Letter) -> None:
    reason = letter.reason
    facts = {
        "Letter": f"{topic}-{letter.partition} offset {letter.offset}",
        "Time": time_text(letter.timestamp),
        "Original": original(letter),
        "Connector": _joined(reason.connector, reason.task),
        "Stage": reason.stage,
        "Class": reason.class_name,
        "Exception": reason.exception,
        "Message": reason.message,
    }
    if reason.source_format is not None:
        facts["Encoded by"] = reason.source_format
    for name, text in facts.items():
        click.echo(f"{name:<11}{'-' if text is None else printable(text)}")
    for name, data in letter.headers:
        _print_data(f"Header {printable(name)}", data)
    _print_data("Key", letter.key)
    _print_data("Value", letter.value)
    if reason.stacktrace:
        click.echo("\nStack trace\n" + printable(reason.stacktrace.rstrip()))


def place_text(letter: Letter) -> str:
    """Its offset, behind its partition unless that is 0, usually the only one."""
    return f"{letter.partition}:{letter.offset}" if letter.partition else str(letter.offset)


def original(letter: Letter) -> str | None:
    """Topic, partition and offset of the record that failed; of a source, what it calls them."""
    reason = letter.reason
    numbers = (reason.partition, reason.offset)
    if reason.source_partition is not None:
        return f"{reason.source_partition} at {reason.source_offset} for {reason.topic}"
    if reason.topic is None:
        return None
    return "-".join([reason.topic, *("?" if n is None else str(n) for n in numbers)])


def time_text(timestamp_ms: int | None) -> str | None:
    if timestamp_ms is None:
        return None
    try:
        found = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return str(timestamp_ms)  # beyond the years of a calendar
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def data_of(data: bytes | None) -> Data | None:
    if data is None:
        return None
    try:
        return Data(text=data.decode())
    except UnicodeDecodeError:
        return Data(hex=data.hex())


def printable(text: str) -> str:
    """Without what would move a terminal's cursor or change its colours."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)


def hex_lines(data: bytes) -> list[str]:
    parts = [(at, data[at : at + _HEX_BYTES]) for at in range(0, len(data), _HEX_BYTES)]
    return [
        f"  {at:06x}  {part.hex(' '):<47}  "
        + "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        for at, part in parts
    ]


def _print_data(name: str, data: bytes | None) -> None:
    if data is None:
        click.echo(f"{name}: null")
        return
    text = data_of(data)
    if text is not None and text.text is not None and _is_readable(text.text):
        click.echo(f"{name} ({len(data)} bytes): {text.text}")
    else:
        click.echo("\n".join([f"{name} ({len(data)} bytes):", *hex_lines(data)]))


def _is_readable(text: str) -> bool:
    return printable(text) == text


def _joined(connector: str | None, task: str | None) -> str | None:
    return connector if connector is None or task is None else f"{connector}-{task}"


def _short(text: str | None) -> str | None:
    if text is None:
        return None
    line = printable(" ".join(text.split()))
    return line if len(line) <= MESSAGE_CHARACTERS else line[: MESSAGE_CHARACTERS - 1] + "…"
