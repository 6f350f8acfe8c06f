"""Reads the characters and character classes of a Java regular expression."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import ClassVar, Final

from penstock.sdk import java_regex_classes as classes
from penstock.sdk.java_regex_classes import Ranges


class PatternSyntaxError(ValueError):
    """A text is no Java regular expression; `index` tells where it stops being one."""

    java_class: ClassVar[str] = "java.util.regex.PatternSyntaxException"

    def __init__(self, description: str, pattern: str, index: int) -> None:
        place = f" near index {index}" if index >= 0 else ""
        mark = f"\n{' ' * index}^" if 0 <= index < len(pattern) else ""
        super().__init__(f"{description}{place}\n{pattern}{mark}")
        self.description = description
        self.index = index


_CONTROLS: Final = {"t": 9, "n": 10, "f": 12, "r": 13, "a": 7, "e": 27}
_SETS: Final[dict[str, Ranges]] = {
    "d": classes.DIGIT,
    "s": classes.SPACE,
    "w": classes.WORD,
    "h": classes.HORIZONTAL,
    "v": classes.VERTICAL,
}
_UNICODE_SETS: Final[dict[str, Callable[[str], bool]]] = {
    "d": lambda c: unicodedata.category(c) == "Nd",
    "s": lambda c: c.isspace() and c not in "\x1c\x1d\x1e\x1f",
    "w": lambda c: c.isalnum() or unicodedata.category(c) in ("Mn", "Me", "Mc", "Pc"),
}


class PatternReader:
    """A place in a pattern, with the flags in force there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._flags: frozenset[str] = frozenset()

    def _error(self, description: str, index: int | None = None) -> PatternSyntaxError:
        where = self._at - 1 if index is None else index
        return PatternSyntaxError(description, self._text, where)

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _take(self, text: str) -> bool:
        taken = self._text.startswith(text, self._at)
        self._at += len(text) if taken else 0
        return taken

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self._error("Unexpected internal error", len(self._text))
        self._at += 1
        return self._text[self._at - 1]

    def _skip_comments(self) -> None:
        if "x" not in self._flags:
            return
        while self._at < len(self._text):
            if self._peek() in " \t\n\x0b\f\r":
                self._at += 1
            elif self._peek() == "#":
                ends = [self._text.find(c, self._at) for c in "\n\r\x85\u2028\u2029"]
                found = [end for end in ends if end >= 0]
                self._at = min(found) + 1 if found else len(self._text)
            else:
                return

    def _set_escape(self, sign: str) -> Ranges | None:
        """The set a letter after a backslash stands for; None if it stands for one character."""
        if sign in "pP":
            ranges = self._property()
            return classes.complement(ranges) if sign == "P" else ranges
        ranges = _SETS.get(sign.lower())
        if ranges is None:
            return None
        if "U" in self._flags and sign.lower() in _UNICODE_SETS:
            ranges = classes.such_that(_UNICODE_SETS[sign.lower()])
        return classes.complement(ranges) if sign.isupper() else ranges

    def _property(self) -> Ranges:
        name = self._next()
        if name == "{":
            end = self._text.find("}", self._at)
            if end < 0:
                raise self._error("Unclosed character family", len(self._text))
            name, self._at = self._text[self._at : end], end + 1
            if not name:
                raise self._error("Empty character family")
        ranges = classes.named(name)
        if ranges is None:
            raise self._error(f"Unknown character property name {{{name}}}")
        return classes.ignoring_case(ranges) if "i" in self._flags else ranges

    def _char_escape(self, sign: str) -> str:
        if sign in _CONTROLS:
            return chr(_CONTROLS[sign])
        if sign == "x":
            return self._hexadecimal()
        if sign == "u":
            return self._utf16()
        if sign == "0":
            found = re.compile("[0-3][0-7]{2}|[0-7]{1,2}").match(self._text, self._at)
            if found is None:
                raise self._error("Illegal octal escape sequence", self._at)
            self._at = found.end()
            return chr(int(found.group(), 8))
        if sign == "c":
            return chr(ord(self._next()) ^ 64)
        if sign == "N":
            return self._named_char()
        if sign.isascii() and sign.isalpha():
            raise self._error("Illegal/unsupported escape sequence")
        return sign

    def _hexadecimal(self) -> str:
        found = re.compile("[0-9A-Fa-f]{2}|{([0-9A-Fa-f]+)}").match(self._text, self._at)
        if found is None or int(found.group().strip("{}"), 16) > classes.LAST:
            raise self._error("Illegal hexadecimal escape sequence", self._at)
        self._at = found.end()
        return chr(int(found.group().strip("{}"), 16))

    def _utf16(self) -> str:
        found = re.compile(r"([0-9A-Fa-f]{4})(?:\\u([0-9A-Fa-f]{4}))?").match(self._text, self._at)
        if found is None:
            raise self._error("Illegal Unicode escape sequence", self._at)
        high, low = int(found.group(1), 16), int(found.group(2) or "0", 16)
        if 0xD800 <= high < 0xDC00 <= low < 0xE000:
            self._at = found.end()
            return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
        self._at += 4
        return chr(high)

    def _named_char(self) -> str:
        end = self._text.find("}", self._at)
        if self._peek() != "{" or end < 0:
            raise self._error("Illegal character name escape sequence", self._at)
        name, self._at = self._text[self._at + 1 : end], end + 1
        try:
            return unicodedata.lookup(name)
        except KeyError:
            raise self._error(f"Unknown character name [{name}]") from None

    def _class(self) -> tuple[bool, Ranges]:
        """The set between brackets, and whether its complement is meant."""
        negated = self._take("^")
        result: Ranges | None = None
        parts: list[Ranges] = []
        while True:
            self._skip_comments()
            if self._at >= len(self._text):
                raise self._error("Unclosed character class", len(self._text) - 1)
            if (parts or result is not None) and self._take("]"):
                break
            if self._take("&&"):
                result = self._met(result, parts) if parts or result is not None else None
                parts = []
            else:
                parts.append(self._class_item())
        return negated, self._met(result, parts)

    def _met(self, result: Ranges | None, parts: list[Ranges]) -> Ranges:
        if result is None:
            return classes.union(parts)
        return classes.intersection(result, classes.union(parts)) if parts else result

    def _class_item(self) -> Ranges:
        sign = self._next()
        if sign == "[":
            negated, ranges = self._class()
            return classes.complement(ranges) if negated else ranges
        if sign == "\\":
            sign = self._next()
            if sign == "Q":
                end = self._text.find("\\E", self._at)
                end = len(self._text) if end < 0 else end
                quoted, self._at = self._text[self._at : end], end + 2
                return self._folded(classes.chars(quoted))
            found = self._set_escape(sign)
            if found is not None:
                return found
            sign = self._char_escape(sign)
        return self._folded(self._range(sign))

    def _range(self, first: str) -> Ranges:
        if self._peek() != "-" or self._peek(2)[1:] in ("", "]", "["):
            return classes.chars(first)
        self._at += 1
        last = self._next()
        if last == "\\":
            last = self._next()
            if last in "dDsSwWhHvVpP":
                raise self._error("Illegal character range")
            last = self._char_escape(last)
        if last < first:
            raise self._error("Illegal character range")
        return ((ord(first), ord(last)),)

    def _folded(self, ranges: Ranges) -> Ranges:
        if "i" not in self._flags:
            return ranges
        if "u" not in self._flags:
            return classes.ignoring_case(ranges)
        letters = [chr(code) for low, high in ranges for code in range(low, min(high, 0xFFFF) + 1)]
        other = [c for letter in letters for c in (letter.lower(), letter.upper()) if len(c) == 1]
        return classes.union([ranges, classes.chars("".join(other))])
