"""Reads JSON exactly as Jackson does, leniencies included: the way for what msgspec refuses.

Text after the first value and leading zeros are allowed, UTF-16 and UTF-32 are recognized, escaped
surrogates may stand alone, except in names. Whole numbers become `int`, others `Decimal`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

NESTING_MAX: Final = 1000
NUMBER_LENGTH_MAX: Final = 1000
_EXPONENT_MAX: Final = 2**31 - 1

_SPACE: Final = re.compile(rb"[ \t\r\n]*")
_NUMBER: Final = re.compile(rb"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_WORDS: Final = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}
_IN_WORDS: Final = re.compile(rb"[0-9A-Za-z_\x80-\xff]")
_ESCAPES: Final = {
    **{ord(c): c.encode() for c in '"\\/'},
    **{ord(c): e for c, e in zip("bfnrt", (b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True)},
}


class JsonError(ValueError):
    """The text is no JSON, or goes beyond Jackson's limits."""


class Missing:
    """What is there when a text holds no value at all."""


MISSING: Final = Missing()
_MEMBER_FOLLOWS: Final = object()


def read(data: bytes) -> Any:
    """The first value of the text: None, bool, int, Decimal, str, list, dict or `MISSING`."""
    return _Reader(_as_utf8(data)).document()


def exact_number(text: str) -> Decimal:
    """The decimal a number with a fraction or an exponent stands for, digit by digit."""
    if len(text) > NUMBER_LENGTH_MAX:
        raise JsonError("A number is longer than 1000 characters.")
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    places = len(mantissa.partition(".")[2])
    if exponent and abs(int(exponent) - places) > _EXPONENT_MAX:
        raise JsonError(f"The exponent {exponent} is out of range.")
    return Decimal(text)


def _as_utf8(data: bytes) -> bytes:
    """The text in UTF-8. As in Jackson, the first four bytes tell the encoding."""
    head = int.from_bytes(data[:4], "big") if len(data) >= 4 else None
    if head in (0x0000FEFF, 0xFFFE0000):
        return _recoded(data[4:], "utf-32-be" if head == 0x0000FEFF else "utf-32-le")
    if head is not None and head >> 16 in (0xFEFF, 0xFFFE) and head != 0xFEFF0000:
        return _recoded(data[2:], "utf-16-be" if head >> 16 == 0xFEFF else "utf-16-le")
    if head is not None and head >> 8 == 0xEFBBBF:
        return data[3:]
    if head is not None and _is_32_bit(head):
        return _recoded(data, "utf-32-be" if head >> 8 == 0 else "utf-32-le")
    if len(data) >= 2 and not data[0]:
        return _recoded(data, "utf-16-be")
    if len(data) >= 2 and not data[1]:
        return _recoded(data, "utf-16-le")
    return data


def _is_32_bit(head: int) -> bool:
    if head >> 8 == 0 or head & 0x00FFFFFF == 0:
        return True
    if head in (0x0000FFFE, 0xFEFF0000) or head & 0xFF00FFFF == 0 or head & 0xFFFF00FF == 0:
        raise JsonError("The text is in an order of bytes that nobody writes.")
    return False


def _recoded(data: bytes, encoding: str) -> bytes:
    wide = encoding.startswith("utf-32")
    try:
        return data.decode(encoding, "strict" if wide else "replace").encode()
    except UnicodeDecodeError as error:
        raise JsonError(f"The text is not valid {encoding}.") from error


class _Reader:
    """One pass over a text. `_open` holds the containers being read, innermost last."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._open: list[tuple[Any, str | None]] = []

    def document(self) -> Any:
        if self._next() == b"":
            return MISSING
        value = self._value()
        while True:
            if value is _MEMBER_FOLLOWS:
                value = self._value()
            elif self._open:
                value = self._continued(*self._open.pop(), value)
            else:
                return value

    def _continued(self, container: Any, name: str | None, value: Any) -> Any:
        """Put a finished value into its container and go on with that."""
        end = b"]" if name is None else b"}"
        if name is None:
            container.append(value)
        else:
            container[name] = value
        mark = self._next()
        if mark not in (end, b","):
            raise self._wrong("a comma or the end of the container")
        self._at += 1
        return container if mark == end else self._entered(container, end)

    def _entered(self, container: Any, end: bytes) -> Any:
        """Go to the value of the next member of a container."""
        self._open.append((container, None if end == b"]" else self._name()))
        return _MEMBER_FOLLOWS

    def _next(self) -> bytes:
        match = _SPACE.match(self._data, self._at)
        assert match is not None
        self._at = match.end()
        return self._data[self._at : self._at + 1]

    def _value(self) -> Any:
        mark = self._next()
        if mark in (b"{", b"["):
            return self._container([] if mark == b"[" else {}, b"]" if mark == b"[" else b"}")
        if mark == b'"':
            return self._string(self._escape)
        return self._word(*_WORDS[mark]) if mark in _WORDS else self._number()

    def _container(self, container: Any, end: bytes) -> Any:
        if len(self._open) >= NESTING_MAX:
            raise JsonError("The text is nested more than 1000 levels deep.")
        self._at += 1
        if self._next() == end:
            self._at += 1
            return container
        return self._entered(container, end)

    def _name(self) -> str:
        if self._next() != b'"':
            raise self._wrong("a name in double quotes")
        name = self._string(self._escape_in_name)
        if self._next() != b":":
            raise self._wrong("a colon")
        self._at += 1
        return name

    def _word(self, word: bytes, value: Any) -> Any:
        end = self._at + len(word)
        if self._data[self._at : end] != word or _IN_WORDS.match(self._data, end):
            raise self._wrong("true, false or null")
        self._at = end
        return value

    def _number(self) -> Any:
        match = _NUMBER.match(self._data, self._at)
        if match is None:
            raise self._wrong("a value")
        follows = self._data[match.end() : match.end() + 1]
        if follows and (follows in b".eE" or (not self._open and follows not in b" \t\r\n")):
            raise self._wrong("a number and nothing else")
        self._at = match.end()
        sign, whole, fraction, exponent = match.groups()
        whole = whole.lstrip(b"0") or b"0"
        if len(whole) + len(fraction or b"") + len(exponent or b"") > NUMBER_LENGTH_MAX:
            raise JsonError("A number is longer than 1000 characters.")
        if fraction is None and exponent is None:
            return int(sign + whole)
        shown = sign + whole + (b"." + fraction if fraction else b"")
        return exact_number((shown + (b"e" + exponent if exponent else b"")).decode())

    def _string(self, escape: Callable[[], bytes]) -> str:
        """The string that starts here; Java's characters are put together to Python's."""
        pieces: list[bytes] = []
        self._at += 1
        while True:
            match = _PLAIN.match(self._data, self._at)
            assert match is not None
            self._at = match.end()
            pieces.append(_utf16(match.group()))
            mark = self._data[self._at : self._at + 1]
            self._at += 1
            if mark == b'"':
                return b"".join(pieces).decode("utf-16-be", "surrogatepass")
            if mark != b"\\":
                raise self._wrong("the end of a string")
            pieces.append(escape())

    def _escape(self) -> bytes:
        mark = self._data[self._at : self._at + 1]
        self._at += 1
        if mark == b"u":
            digits = self._data[self._at : self._at + 4]
            self._at += 4
            if re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
                return bytes.fromhex(digits.decode())
        elif mark and ord(mark) in _ESCAPES:
            return b"\0" + _ESCAPES[ord(mark)]
        raise self._wrong("an escape")

    def _escape_in_name(self) -> bytes:
        """Here, unlike in values, only a pair of surrogates is let pass."""
        unit = self._escape()
        if unit[0] & 0xFC == 0xDC:
            raise self._wrong("the high surrogate first")
        if unit[0] & 0xFC != 0xD8:
            return unit
        mark = self._data[self._at : self._at + 1]
        self._at += 1
        low = self._escape() if mark == b"\\" else b""
        if not low or low[0] & 0xFC != 0xDC:
            raise self._wrong("an escaped low surrogate")
        return unit + low

    def _wrong(self, wanted: str) -> JsonError:
        return JsonError(f"Not JSON at byte {self._at}: expected {wanted}.")


def _utf16(data: bytes) -> bytes:
    """UTF-8 in UTF-16: strictly if possible, else with what Jackson lets pass."""
    try:
        return data.decode().encode("utf-16-be")
    except UnicodeDecodeError:
        return b"".join(_units(data))


def _units(data: bytes) -> list[bytes]:
    """Overlong forms pass; surrogates, wrong starts and wrong continuation bytes do not."""
    units: list[bytes] = []
    at = 0
    while at < len(data):
        size, code = _start(data[at])
        tail = data[at + 1 : at + size]
        if len(tail) < size - 1 or any(byte & 0xC0 != 0x80 for byte in tail):
            raise JsonError("A string is not valid UTF-8.")
        for byte in tail:
            code = code << 6 | byte & 0x3F
        if size == 4:
            code -= 0x10000
            units.append(((0xD800 | code >> 10) & 0xFFFF).to_bytes(2, "big"))
            code = 0xDC00 | code & 0x3FF
        elif 0xD800 <= code <= 0xDFFF:
            raise JsonError("A string holds an encoded surrogate.")
        units.append(code.to_bytes(2, "big"))
        at += size
    return units


def _start(byte: int) -> tuple[int, int]:
    if byte < 0x80:
        return 1, byte
    for size, mask, mark in ((2, 0xE0, 0xC0), (3, 0xF0, 0xE0), (4, 0xF8, 0xF0)):
        if byte & mask == mark:
            return size, byte & ~mask & 0xFF
    raise JsonError("A string is not valid UTF-8.")
