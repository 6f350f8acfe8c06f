"""What becomes of one Java client setting when the client is librdkafka.

A table maps each Java name to a `Rule`. A rule reads the text and writes into the `Draft`: a
setting of librdkafka, a value our own client honours, a remark for the operator, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.sdk.errors import ConfigError

Setting = str | int | float | bool
INT_MAX = 2**31 - 1


class Unsupported(NamedTuple):
    """A setting that is not honoured, or not to the letter."""

    name: str
    reason: str


@dataclass(slots=True)
class Draft:
    """A translation under way."""

    properties: Mapping[str, str]
    settings: dict[str, Setting] = field(default_factory=dict[str, Setting])
    ours: dict[str, int | bool] = field(default_factory=dict[str, int | bool])
    unsupported: list[Unsupported] = field(default_factory=list[Unsupported])

    def remark(self, name: str, reason: str) -> None:
        self.unsupported.append(Unsupported(name, reason))

    def text(self, name: str) -> str | None:
        """What the user gave, trimmed; None when missing or empty."""
        return (self.properties.get(name) or "").strip() or None

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        return default if text is None else integer(name, text)

    def flag(self, name: str, default: bool) -> bool:
        text = self.text(name)
        return default if text is None else boolean(name, text)

    def clamped(self, name: str, value: int, low: int, high: int) -> int:
        """`value`, or the nearest that librdkafka takes, with a remark."""
        nearest = min(max(value, low), high)
        if nearest != value:
            self.remark(name, f"librdkafka takes {low} to {high}; {nearest} is used")
        return nearest


Rule = Callable[[Draft, str, str], None]
Table = Mapping[str, Rule]


def integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigError.invalid(name, text, "Not a number of type LONG") from None


def boolean(name: str, text: str) -> bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    detail = "Expected value to be either true or false"
    raise ConfigError.invalid(name, text, detail)


def same(draft: Draft, name: str, text: str) -> None:
    """Same name, same text."""
    if text:
        draft.settings[name] = text


def renamed(to: str) -> Rule:
    """Another name, same text."""

    def rule(draft: Draft, name: str, text: str) -> None:
        if text:
            draft.settings[to] = text

    return rule


def number(low: int, high: int, to: str | None = None) -> Rule:
    """A number that librdkafka limits to a range."""

    def rule(draft: Draft, name: str, text: str) -> None:
        draft.settings[to or name] = draft.clamped(name, integer(name, text), low, high)

    return rule


def flag(to: str | None = None) -> Rule:
    """True or false."""

    def rule(draft: Draft, name: str, text: str) -> None:
        draft.settings[to or name] = boolean(name, text)

    return rule


def choice(*names: str, to: str | None = None) -> Rule:
    """One of some words; Java ignores case here, librdkafka wants lower case."""

    def rule(draft: Draft, name: str, text: str) -> None:
        if text.lower() not in names:
            raise ConfigError.invalid(name, text, f"String must be one of: {', '.join(names)}")
        draft.settings[to or name] = text.lower()

    return rule


def ours(draft: Draft, name: str, text: str) -> None:
    """A number that Penstock's own client honours."""
    draft.ours[name] = integer(name, text)


def our_flag(draft: Draft, name: str, text: str) -> None:
    """A yes or no that Penstock's own client honours."""
    draft.ours[name] = boolean(name, text)


def neutral(draft: Draft, name: str, text: str) -> None:
    """Concerns only the Java virtual machine, or is read together with another setting."""


def ignored(reason: str, *fine: str) -> Rule:
    """Not honoured; no remark for an empty text or one of `fine`, which ask for nothing more."""
    accepted = frozenset(("", *(text.lower() for text in fine)))

    def rule(draft: Draft, name: str, text: str) -> None:
        if text.lower() not in accepted:
            draft.remark(name, reason)

    return rule
