"""How a classic mistake is recognised, and what is said about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from penstock.runtime.error_text import error_message
from penstock.sdk.errors import java_class

_SIDES = {
    "KEY_CONVERTER": "key.converter",
    "VALUE_CONVERTER": "value.converter",
    "HEADER_CONVERTER": "header.converter",
}
_WORD = re.compile(r"\{(\w+)\}")
_CONVERTING = frozenset(_SIDES)


class Clues(NamedTuple):
    """What is known when something went wrong; `chain` leads from the error to its root."""

    chain: Sequence[BaseException]
    stage: str | None
    component: str | None
    config: Mapping[str, str]
    payload: bytes | None = None  # the bytes that a converter was given

    @property
    def converter(self) -> str:
        """The setting that names the converter at work."""
        return _SIDES.get(self.stage or "", "value.converter")

    @property
    def place(self) -> str:
        """Where the options of that converter are read from."""
        if self.converter in self.config:
            return "in the connector's configuration"
        return (
            "in the worker's properties, or in the connector's configuration together with a "
            f"{self.converter} of its own"
        )

    @property
    def transform(self) -> str:
        """The prefix of the settings of the transformation at work."""
        simple = (self.component or "").replace("$", ".").rsplit(".", 2)
        fits = [
            alias
            for alias in map(str.strip, self.config.get("transforms", "").split(","))
            if _same_class(self.config.get(f"transforms.{alias}.type", ""), simple)
        ]
        return f"transforms.{fits[0]}" if len(fits) == 1 else "transforms.<name>"

    def words(self) -> dict[str, str]:
        """What a remedy may mention."""
        return {
            "converter": self.converter,
            "side": self.converter.partition(".")[0],
            "place": self.place,
            "transform": self.transform,
            "letters": self.config.get("errors.deadletterqueue.topic.name", "").strip(),
        }


class Advice(NamedTuple):
    """What helps, and the field or setting it is about."""

    hint: str
    remedy: str
    field: str | None


Test = Callable[[Clues], bool]


@dataclass(frozen=True)
class Hint:
    """One mistake. It is recognised by a message, and by where and as what that was raised.

    Names in braces in the remedy stand for groups of the pattern and for the words of `Clues`.
    """

    name: str
    mistake: str  # as a reader of the list of hints knows it
    message: str  # a pattern, searched in the message of one of the errors
    remedy: str
    classes: tuple[str, ...] = ()  # ends of Java class names; none: any
    stages: frozenset[str] = frozenset()  # none: any
    components: tuple[str, ...] = ()  # ends of class names of what was at work; none: any
    test: Test | None = None
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", re.compile(self.message, re.DOTALL))

    def advice(self, clues: Clues) -> Advice | None:
        """None if it is not this mistake."""
        if self.stages and clues.stage not in self.stages:
            return None
        if self.components and not (clues.component or "").endswith(self.components):
            return None
        found = next(filter(None, map(self._match, reversed(clues.chain))), None)
        if found is None or (self.test is not None and not self.test(clues)):
            return None
        groups = {name: text for name, text in found.groupdict().items() if text is not None}
        words = clues.words() | groups
        remedy = _WORD.sub(lambda word: words.get(word[1], word[0]), self.remedy)
        return Advice(self.name, remedy, groups.get("field") or groups.get("setting"))

    def _match(self, error: BaseException) -> re.Match[str] | None:
        if self.classes and not java_class(error).endswith(self.classes):
            return None
        return self.pattern.search(error_message(error) or "")


def converting(*sides: str) -> frozenset[str]:
    """The stages of converters: of `key`, `value` and `header`, all if none is named."""
    return frozenset(f"{side.upper()}_CONVERTER" for side in sides) or _CONVERTING


def _same_class(typed: str, simple: Sequence[str]) -> bool:
    """Whether a class as typed in a configuration may be the one of these last names."""
    wanted = "".join(simple[-2:]) if simple[-1] in ("Key", "Value") else simple[-1]
    return "".join(re.split(r"[.$:]", typed.strip())).endswith(wanted)
