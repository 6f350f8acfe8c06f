"""Versions of plugins and requirements on them, in the syntax of Maven's version ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from penstock.sdk.checks import described
from penstock.sdk.config import ConfigError

LATEST = "latest"
UNDEFINED = "undefined"
_RANGE = re.compile(r"\s*([\[(])([^\[\]()]*)([\])])\s*(,|$)")
_TOKEN = re.compile(r"\d+|[A-Za-z]+")
_QUALIFIERS = {
    "alpha": -5,
    "a": -5,
    "beta": -4,
    "b": -4,
    "milestone": -3,
    "m": -3,
    "rc": -2,
    "cr": -2,
    "snapshot": -1,
    "ga": 0,
    "final": 0,
    "release": 0,
    "sp": 1,
}


class VersionError(ValueError):
    """A requirement is not written as it has to be."""


class Restriction(Struct, frozen=True):
    """Versions between two limits; None is no limit."""

    least: str | None
    least_included: bool
    most: str | None
    most_included: bool

    @property
    def text(self) -> str:
        """The restriction as a range."""
        opening, closing = "[" if self.least_included else "(", "]" if self.most_included else ")"
        return f"{opening}{self.least or ''},{self.most or ''}{closing}"

    def holds(self, version: str) -> bool:
        order = version_key(version)
        if self.least is not None:
            least = version_key(self.least)
            if order < least or (order == least and not self.least_included):
                return False
        if self.most is None:
            return True
        most = version_key(self.most)
        return order < most or (order == most and self.most_included)


def version_key(version: str) -> tuple[Any, ...]:
    """A key that sorts versions: numbers by size, qualifiers before the release they announce."""
    parts: list[tuple[int, int, str]] = []
    for part in [*map(_part, _TOKEN.findall(version)), _END]:
        while part[0] <= 0 and part != _ZERO and parts and parts[-1] == _ZERO:
            parts.pop()  # zeros before a qualifier or the end do not count
        parts.append(part)
    return tuple(parts)


def _part(token: str) -> tuple[int, int, str]:
    if token.isdecimal():
        number = int(token)
        return (1, number, "") if number else _ZERO
    known = _QUALIFIERS.get(token.lower())
    if known is None:
        return (0, 2, token.lower())
    return (0 if known >= 0 else -1, known, "")


_ZERO = (0, 0, "zero")
_END = (0, 0, "")


def requirement(text: str | None) -> tuple[Restriction, ...] | None:
    """What a version setting asks for; None: the newest. Raises VersionError."""
    if text is None or text == LATEST:
        return None
    spec = text.strip()
    return tuple(_restrictions(spec if spec.startswith(("[", "(")) else f"[{spec}]"))


def range_text(text: str) -> str:
    """What a version setting asks for, as messages show it."""
    return ",".join(restriction.text for restriction in requirement(text) or ())


def _restrictions(spec: str) -> list[Restriction]:
    found: list[Restriction] = []
    at = 0
    while at < len(spec):
        match = _RANGE.match(spec, at)
        if match is None:
            raise VersionError(f"Unbounded range: {spec}")
        found.append(_restriction(match, spec))
        at = match.end()
    return found


def _restriction(match: re.Match[str], spec: str) -> Restriction:
    opening, inner, closing = match[1], match[2], match[3]
    if "," not in inner:
        if opening == "(" or closing == ")":
            raise VersionError(f"Single version must be surrounded by []: {spec}")
        exact = inner.strip()
        return Restriction(exact, True, exact, True)
    least, _, most = (part.strip() for part in inner.partition(","))
    if least and most and version_key(most) < version_key(least):
        raise VersionError(f"Range defies version ordering: {spec}")
    return Restriction(least or None, opening == "[", most or None, closing == "]")


def best(versions: Sequence[str], text: str | None) -> str | None:
    """The newest of the versions that the setting accepts."""
    wanted = requirement(text)
    fitting = [v for v in versions if wanted is None or any(w.holds(v) for w in wanted)]
    return max(fitting, key=version_key, default=None)


@described("a version, or a range of versions")
def version_requirement(name: str, value: Any) -> None:
    """A requirement on the version of a plugin."""
    try:
        requirement(value)
    except VersionError as error:
        raise ConfigError(str(error)) from error
