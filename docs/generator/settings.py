"""Tables of settings, as their declarations have them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from penstock.sdk.config import (
    NO_DEFAULT,
    Check,
    ConfigDef,
    ConfigError,
    ConfigKey,
    ConfigType,
    Importance,
    to_text,
)

_HEAD = (
    "| Setting | Type | Default | Valid values | Importance | Description |\n"
    "|---|---|---|---|---|---|\n"
)
_UNITS = ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1000, "second"))
_ANY_CASE = " (in any case)"
_DIRECTIVE = re.compile(r"^<!-- settings: (.+?) -->$", re.MULTILINE)


class UndocumentedSetting(Exception):
    """A setting has no text, or stands in no table of its page."""


def table(keys: Iterable[ConfigKey]) -> str:
    """Settings, one per line; the required ones first, then by importance as declared."""
    order = list(Importance)
    shown = sorted(keys, key=lambda key: (key.has_default, order.index(key.importance)))
    return _HEAD + "\n".join(map(_row, shown))


def fill_tables(text: str, definition: ConfigDef) -> str:
    """The text with a table for each `<!-- settings: PATTERN… -->`; the first that fits counts."""
    left = dict(definition.keys)

    def filled(match: re.Match[str]) -> str:
        patterns = match[1].split()
        names = [name for name in left if any(fnmatchcase(name, p) for p in patterns)]
        if not names:
            raise UndocumentedSetting(f"No setting is left for the table {match[1]}.")
        return table([left.pop(name) for name in names])

    result = _DIRECTIVE.sub(filled, text)
    if left:
        raise UndocumentedSetting(f"These settings are in no table: {', '.join(left)}.")
    return result


def _row(key: ConfigKey) -> str:
    if not key.doc:
        raise UndocumentedSetting(f"The setting {key.name} has no documentation.")
    cells = (
        f"`{key.name}`",
        key.type.value.lower(),
        default_text(key),
        valid_values(key),
        key.importance.name.lower(),
        key.doc,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def default_text(key: ConfigKey) -> str:
    """The default as one would write it, with long times in words."""
    value: Any = key.default
    if value is NO_DEFAULT:
        return "**required**"
    if value is None:
        return "not set"
    text = to_text(value, key.type)
    return f"`{text}`{_in_words(key, value)}" if text else "empty"


def _in_words(key: ConfigKey, value: Any) -> str:
    if not key.name.endswith(".ms") or not isinstance(value, int):
        return ""
    for size, unit in _UNITS:
        if value >= size and value % size == 0:
            count = value // size
            return f" ({count} {unit}{'' if count == 1 else 's'})"
    return ""


def valid_values(key: ConfigKey) -> str:
    """What the check of a setting says of itself, in words."""
    if key.type is ConfigType.BOOLEAN:
        return "`true`, `false`"
    if key.check is None:
        return ""
    text = str(key.check)
    if text.startswith("<"):
        raise UndocumentedSetting(f"The check of {key.name} does not describe itself.")
    if not text:  # how lists say that they take anything
        return "no value twice" + (", at least one" if _refused(key.check, key.name) else "")
    for pattern, words in _IN_WORDS:
        text = pattern.sub(words, text)
    lower = text.endswith(_ANY_CASE) and str(key.default).islower()
    return text.lower() if lower else text


def _refused(check: Check, name: str) -> bool:
    try:
        check(name, [])
    except ConfigError:
        return True
    return False


def _choices(match: re.Match[str]) -> str:
    choices = match[2].split(", ")
    if match[1]:  # Java's own order is that of a set
        return ", ".join(f"`{choice}`" for choice in sorted(choices)) + _ANY_CASE
    return ", ".join(f"`{choice}`" for choice in choices)


_IN_WORDS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"</?code>"), "`"),
    (re.compile(r"^non-null string, "), ""),
    (re.compile(r"^A concrete subclass of (?:[\w.]+\.)?(\w+).*"), r"a class that implements \1"),
    (re.compile(r"^\[(\S+),\.\.\.\]$"), r"at least \1"),
    (re.compile(r"^\[(\S+),\.\.\.,(\S+)\]$"), r"\1 to \2"),
    (re.compile(r"^(\(case insensitive\) )?\[(.*)\]$"), _choices),
)
