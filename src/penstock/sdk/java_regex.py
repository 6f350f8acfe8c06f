"""Regular expressions as Java writes them, on top of Python's `re`.

Settings such as `topics.regex` hold Java patterns; `compile_regex` gives their meaning. What
neither `re` nor this module can do (look-behind of varying width) is refused with a message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, ClassVar, Final

from penstock.sdk.checks import described
from penstock.sdk.errors import ConfigError
from penstock.sdk.java_regex_syntax import PatternSyntaxError, translated

__all__ = [
    "IllegalReplacementError",
    "JavaPattern",
    "NoSuchGroupError",
    "PatternSyntaxError",
    "compile_regex",
    "valid_regex",
]

PATTERNS_KEPT: Final = 256


class IllegalReplacementError(ValueError):
    """A replacement text does not follow Java's syntax."""

    java_class: ClassVar[str] = "java.lang.IllegalArgumentException"


class NoSuchGroupError(ValueError):
    """A replacement text asks for a group by a number the pattern does not have."""

    java_class: ClassVar[str] = "java.lang.IndexOutOfBoundsException"


class JavaPattern:
    """A compiled Java pattern."""

    __slots__ = ("_compiled", "text")

    def __init__(self, text: str, compiled: re.Pattern[str]) -> None:
        self.text = text
        self._compiled = compiled

    def matches(self, text: str) -> bool:
        """Whether the whole text matches, as `Matcher.matches()`."""
        return self._compiled.fullmatch(text) is not None

    def found_in(self, text: str) -> bool:
        """Whether some part of the text matches, as `Matcher.find()`."""
        return self._compiled.search(text) is not None

    def replace_first(self, text: str, replacement: str) -> str:
        """The text with its first match replaced; `$1`, `${name}` and `\\` mean what Java says."""
        found = self._compiled.search(text)
        if found is None:
            return text
        return text[: found.start()] + expanded(replacement, found) + text[found.end() :]

    def __repr__(self) -> str:
        return f"JavaPattern({self.text!r})"


@lru_cache(maxsize=PATTERNS_KEPT)
def compile_regex(text: str) -> JavaPattern:
    """The pattern; raises `PatternSyntaxError`, worded as Java words it, when it is none."""
    try:
        return JavaPattern(text, re.compile(translated(text), re.ASCII))
    except re.error as error:
        raise PatternSyntaxError(f"Unsupported pattern: {error.msg}", text, -1) from error


@described("valid regex")
def valid_regex(name: str, value: Any) -> None:
    """A Java regular expression."""
    if value is None:
        why = 'Cannot invoke "String.isEmpty()" because "this.pattern" is null'
        raise ConfigError.invalid(name, value, f"Invalid regex: {why}")
    try:
        compile_regex(value)
    except PatternSyntaxError as error:
        raise ConfigError.invalid(name, value, f"Invalid regex: {error}") from error


def expanded(replacement: str, found: re.Match[str]) -> str:
    """A Java replacement text with the groups of this match filled in."""
    if "$" not in replacement and "\\" not in replacement:
        return replacement
    parts: list[str] = []
    at = 0
    while at < len(replacement):
        sign = replacement[at]
        if sign == "\\":
            at += 1
            if at == len(replacement):
                raise IllegalReplacementError("character to be escaped is missing")
            parts.append(replacement[at])
            at += 1
        elif sign == "$":
            group, at = _group(replacement, at + 1, found)
            parts.append(group)
        else:
            parts.append(sign)
            at += 1
    return "".join(parts)


_NAME: Final = re.compile("[A-Za-z0-9]*")


def _group(replacement: str, at: int, found: re.Match[str]) -> tuple[str, int]:
    """What the reference behind a `$` stands for, and where the text goes on."""
    if at == len(replacement):
        raise IllegalReplacementError("Illegal group reference: group index is missing")
    if replacement[at] == "{":
        return _named_group(replacement, at + 1, found)
    if not "0" <= replacement[at] <= "9":
        raise IllegalReplacementError("Illegal group reference")
    number, at = int(replacement[at]), at + 1
    if number > found.re.groups:
        raise NoSuchGroupError(f"No group {number}")
    while at < len(replacement) and "0" <= replacement[at] <= "9":
        longer = number * 10 + int(replacement[at])
        if longer > found.re.groups:
            break
        number, at = longer, at + 1
    return found.group(number) or "", at


def _named_group(replacement: str, at: int, found: re.Match[str]) -> tuple[str, int]:
    matched = _NAME.match(replacement, at)
    name = matched.group() if matched is not None else ""
    end = at + len(name)
    if not name:
        raise IllegalReplacementError("named capturing group has 0 length name")
    if replacement[end : end + 1] != "}":
        raise IllegalReplacementError("named capturing group is missing trailing '}'")
    if name[0].isdigit():
        raise IllegalReplacementError(
            f"capturing group name {{{name}}} starts with digit character"
        )
    if name not in found.re.groupindex:
        raise IllegalReplacementError(f"No group with name {{{name}}}")
    return found.group(name) or "", end + 1
