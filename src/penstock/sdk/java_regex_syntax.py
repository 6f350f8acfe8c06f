"""Reads a Java regular expression and writes the one for Python's `re` that means the same."""

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


def translated(pattern: str) -> str:
    """The pattern in Python's syntax, for `re.ASCII`. Raises `PatternSyntaxError`."""
    return _Translation(pattern).all()


_FLAGS: Final = "idmsuxU"
_NEVER: Final = "(?!)"
_ANY: Final = classes.shown(classes.EVERYTHING)
_NOT_LINE_END: Final = classes.shown(classes.complement(classes.LINE_ENDS))
_NOT_NEWLINE: Final = r"[^\n]"
_AT_END: Final = r"(?=(?:\r\n|(?<!\r)\n|[\r\x85\u2028\u2029])?\Z)"
_AT_LINE_END: Final = r"(?=\r\n|(?<!\r)\n|[\r\x85\u2028\u2029]|\Z)"
_AT_LINE_START: Final = r"(?:(?:\A|(?<=[\n\x85\u2028\u2029])|(?<=\r)(?!\n))(?!\Z))"

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
_ASSERTIONS: Final = {
    "A": r"\A",
    "G": r"\A",  # where the previous match ended: only first matches are looked for
    "z": r"\Z",
    "Z": _AT_END,
    "b": r"(?u:\b)",
    "B": r"(?u:\B)",
    "R": r"(?:\r\n|[\n-\r\x85\u2028\u2029])",
}
_QUANTIFIER: Final = re.compile(r"\?|\*|\+|\{[0-9]+(?:,[0-9]*)?\}")
_NAME: Final = re.compile("[A-Za-z][A-Za-z0-9]*")


class _Translation:
    """One pass over a pattern; `at` is the next character to read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._groups = 0
        self._closed: set[int] = set()
        self._names: dict[str, int] = {}

    def all(self) -> str:
        body = self._alternatives()
        if self._at < len(self._text):
            raise self._error("Unmatched closing ')'", self._at - 1)
        return body

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

    def _alternatives(self) -> str:
        return "|".join(self._branches())

    def _branches(self) -> list[str]:
        outer = self._flags
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        self._flags = outer
        return branches

    def _sequence(self) -> str:
        parts: list[str] = []
        while True:
            self._skip_comments()
            if self._peek() in ("", "|", ")"):
                return "".join(parts)
            if self._take("\\Q"):
                parts.extend(self._quantified(part) for part in self._quoted())
            else:
                parts.append(self._quantified(self._atom()))

    def _quoted(self) -> list[str]:
        """The literals up to `\\E`; a quantifier after it binds to the last of them."""
        end = self._text.find("\\E", self._at)
        end = len(self._text) if end < 0 else end
        literals = [self._literal(c) for c in self._text[self._at : end]]
        self._at = min(end + 2, len(self._text))
        if len(literals) > 1:
            return ["".join(literals[:-1]), self._quantified(literals[-1])]
        return literals

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

    def _quantified(self, atom: str) -> str:
        """The atom with the quantifiers that follow it; after the first, only counts may follow."""
        self._skip_comments()
        found = _QUANTIFIER.match(self._text, self._at)
        while found is not None:
            self._at = found.end()
            counts = [int(n) for n in re.findall("[0-9]+", found.group())]
            if counts != sorted(counts):
                raise self._error("Illegal repetition range")
            suffix = self._next() if self._peek() in ("?", "+") else ""
            atom = f"(?:{atom}){found.group()}{suffix}"
            found = _QUANTIFIER.match(self._text, self._at) if self._peek() == "{" else None
        if self._peek() == "{":
            raise self._bad_count()
        return atom

    def _bad_count(self) -> PatternSyntaxError:
        digits = re.compile(r"\{[0-9]+(?:,[0-9]*)?").match(self._text, self._at)
        if digits is None:
            return self._error("Illegal repetition", self._at + 1)
        return self._error("Unclosed counted closure", digits.end())

    def _atom(self) -> str:
        sign = self._next()
        if sign == "(":
            return self._group()
        if sign == "[":
            negated, ranges = self._class()
            positive = classes.shown(ranges)
            if not negated:
                return positive
            return f"[^{positive[1:]}" if ranges else _ANY
        if sign == "\\":
            return self._escape()
        if sign == "^":
            return self._line_start()
        if sign == "$":
            return self._line_end()
        if sign == ".":
            newline = _NOT_NEWLINE if "d" in self._flags else _NOT_LINE_END
            return _ANY if "s" in self._flags else newline
        if sign in "*+?":
            raise self._error(f"Dangling meta character '{sign}'")
        if sign == "{":
            raise self._error("Illegal repetition", self._at)
        return self._literal(sign)

    def _line_start(self) -> str:
        if "m" not in self._flags:
            return r"\A"
        return r"(?:(?:\A|(?<=\n))(?!\Z))" if "d" in self._flags else _AT_LINE_START

    def _line_end(self) -> str:
        if "d" in self._flags:
            return r"(?=\n|\Z)" if "m" in self._flags else r"(?=\n?\Z)"
        return _AT_LINE_END if "m" in self._flags else _AT_END

    def _literal(self, sign: str) -> str:
        if "i" in self._flags and sign.lower() != sign.upper():
            return f"({'?iu' if 'u' in self._flags else '?i'}:{re.escape(sign)})"
        return re.escape(sign)

    def _group(self) -> str:
        if not self._take("?"):
            return self._capturing("(")
        for opening, joint in (("<=", "|"), ("<!", "")):
            if self._take(opening):  # `re` wants one width, which each branch has by itself
                branches = [f"(?{opening}{branch})" for branch in self._branches()]
                return f"(?:{joint.join(branches)}{self._closing()}"
        for opening in (":", "=", "!", ">"):
            if self._take(opening):
                return f"(?{opening}{self._alternatives()}{self._closing()}"
        if self._take("<"):
            return self._capturing(f"(?P<{self._new_name()}>")
        return self._inline_flags()

    def _capturing(self, opening: str) -> str:
        self._groups += 1
        number = self._groups
        body = self._alternatives()
        closing = self._closing()
        self._closed.add(number)
        return opening + body + closing

    def _closing(self) -> str:
        if not self._take(")"):
            raise self._error("Unclosed group", len(self._text))
        return ")"

    def _new_name(self) -> str:
        name = self._name()
        if name in self._names:
            raise self._error(f"Named capturing group <{name}> is already defined")
        self._names[name] = self._groups + 1
        return name

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if found is None:
            self._at += 1
            raise self._error("capturing group name does not start with a Latin letter")
        self._at = found.end() + 1
        if self._text[found.end() : self._at] != ">":
            raise self._error("named capturing group is missing trailing '>'", found.end())
        return found.group()

    def _inline_flags(self) -> str:
        flags, on = set(self._flags), True
        while (sign := self._peek()) not in (")", ":"):
            self._at += 1
            if sign == "-" and on:
                on = False
            elif sign and sign in _FLAGS:
                (flags.add if on else flags.discard)(sign)
            else:
                raise self._error("Unknown inline modifier")
        if self._take(")"):
            self._flags = frozenset(flags)
            return ""
        outer, self._flags = self._flags, frozenset(flags)
        self._at += 1
        body = self._alternatives()
        self._flags = outer
        return f"(?:{body}{self._closing()}"

    def _escape(self) -> str:
        sign = self._next()
        if sign in "123456789":
            return self._back_reference(sign)
        if sign == "k":
            if not self._take("<"):
                raise self._error("\\k is not followed by '<' for named capturing group", self._at)
            name = self._name()
            if name not in self._names:
                raise self._error(f"named capturing group <{name}> does not exist")
            return self._reference(self._names[name])
        if sign in _ASSERTIONS:
            return _ASSERTIONS[sign]
        if sign == "X":
            marks = classes.shown(classes.named("M") or ())
            return f"(?:\\r\\n|{_ANY}{marks}*)"
        found = self._set_escape(sign)
        if found is not None:
            return classes.shown(found)
        return self._literal(self._char_escape(sign))

    def _back_reference(self, digits: str) -> str:
        while self._peek().isdecimal() and int(digits + self._peek()) <= self._groups:
            digits += self._next()
        return self._reference(int(digits))

    def _reference(self, group: int) -> str:
        if group not in self._closed:
            return _NEVER  # a group without a match so far is never equal to anything
        return f"(?i:\\{group})" if "i" in self._flags else f"(?:\\{group})"

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
