"""Java `.properties` files: reading them exactly as Java does, and writing them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_BLANKS = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ESCAPED = re.compile(r"\\(u(?:.{0,4})|.)", re.DOTALL)
_HEX = re.compile(r"u[0-9a-fA-F]{4}")


class MalformedEscape(ValueError):
    """A `\\u` in a properties file is not followed by four hexadecimal digits."""

    def __init__(self) -> None:
        super().__init__("Malformed \\uxxxx encoding.")


def load_properties(content: bytes) -> dict[str, str]:
    """The properties in a file's bytes (ISO 8859-1); the last of several equal keys counts."""
    return parse_properties(content.decode("iso-8859-1"))


def parse_properties(text: str) -> dict[str, str]:
    """The properties in a text; the last of several equal keys counts."""
    return dict(map(_pair, _logical_lines(text)))


def write_properties(properties: Mapping[str, str]) -> str:
    """A text from which `parse_properties` reads the same."""
    return "".join(
        f"{_escape(key, key=True)}={_escape(value, key=False)}\n"
        for key, value in properties.items()
    )


def _logical_lines(text: str) -> Iterator[str]:
    """Lines without leading blanks, continued ones joined, empty ones and comments left out."""
    pending: str | None = None
    for natural in _LINE_ENDS.split(text):
        line = natural.lstrip(_BLANKS)
        if pending is None and (not line or line[0] in "#!"):
            continue
        continued = _ends_in_escape(line)
        pending = (pending or "") + (line[:-1] if continued else line)
        if continued:
            continue
        if pending:
            yield pending
        pending = None
    if pending:
        yield pending


def _ends_in_escape(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _pair(line: str) -> tuple[str, str]:
    end = _key_end(line)
    rest = line[end:].lstrip(_BLANKS)
    if rest[:1] in ("=", ":"):
        rest = rest[1:].lstrip(_BLANKS)
    return _unescape(line[:end]), _unescape(rest)


def _key_end(line: str) -> int:
    escaped = False
    for i, c in enumerate(line):
        if not escaped and (c in "=:" or c in _BLANKS):
            return i
        escaped = c == "\\" and not escaped
    return len(line)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _joined_surrogates(_ESCAPED.sub(_unescaped, text))


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if escape[0] != "u":
        return _ESCAPES.get(escape, escape)
    if not _HEX.fullmatch(escape):
        raise MalformedEscape
    return chr(int(escape[1:], 16))


def _joined_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


_WRITTEN = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f"} | {c: "\\" + c for c in "\\=:#!"}


def _escape(text: str, *, key: bool) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    chars = [chr(units[i] << 8 | units[i + 1]) for i in range(0, len(units), 2)]
    return "".join(
        "\\ " if c == " " and (key or i == 0) else _WRITTEN.get(c) or _printable(c)
        for i, c in enumerate(chars)
    )


def _printable(c: str) -> str:
    return c if " " <= c <= "~" else f"\\u{ord(c):04X}"
