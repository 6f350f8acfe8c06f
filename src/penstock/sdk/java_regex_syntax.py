"""Reads a Java regular expression and writes the one for Python's `re` that means the same."""

from __future__ import annotations

import re
from typing import Final

from penstock.sdk import java_regex_classes as classes
from penstock.sdk.java_regex_reader import PatternReader
from penstock.sdk.java_regex_reader import PatternSyntaxError as PatternSyntaxError


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


class _Translation(PatternReader):
    """One pass over a pattern; `at` is the next character to read."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._groups = 0
        self._closed: set[int] = set()
        self._names: dict[str, int] = {}

    def all(self) -> str:
        body = self._alternatives()
        if self._at < len(self._text):
            raise self._error("Unmatched closing ')'", self._at - 1)
        return body

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
