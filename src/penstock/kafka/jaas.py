"""Reads `sasl.jaas.config`: one login module, a control flag and options, ended by a semicolon.

org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from penstock.sdk.errors import ConfigError

_FLAGS = frozenset(("required", "requisite", "sufficient", "optional"))
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_TOKEN = re.compile(
    r"""\s+ | /\*.*?\*/ | //[^\n]* | \#[^\n]*
    | "(?P<double>(?:[^"\\\n]|\\.)*)" | '(?P<single>(?:[^'\\\n]|\\.)*)'
    | (?P<mark>[=;]) | (?P<word>[^\s=;"']+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class LoginModule:
    """What a client should log in with."""

    name: str  # without its package
    options: Mapping[str, str] = field(repr=False)  # they hold secrets


def parse(text: str, setting: str = "sasl.jaas.config") -> LoginModule:
    """The one login module in `text`. Never quotes the text in an error: it holds secrets."""
    words = list(_words(text, setting))
    if len(words) < 2:
        raise _bad(setting, "a login module and a control flag are expected")
    module, flag, *rest = words
    if flag.lower() not in _FLAGS:
        raise _bad(setting, "after the login module comes required, requisite, sufficient, or "
                   "optional")  # fmt: skip
    if not rest or rest.pop() != ";":
        raise _bad(setting, "it must end with a semicolon")
    if ";" in rest:
        raise _bad(setting, "it must hold one login module only")
    return LoginModule(module.rsplit(".", 1)[-1], _options(rest, setting))


def _options(words: list[str], setting: str) -> dict[str, str]:
    if len(words) % 3 or any(mark != "=" for mark in words[1::3]):
        raise _bad(setting, 'options look like name="value"')
    return dict(zip(words[::3], map(str, words[2::3]), strict=True))


class _Quoted(str):
    """A quoted word, which is never a mark."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Quoted) and str.__eq__(self, other)

    __hash__ = str.__hash__


def _words(text: str, setting: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _bad(setting, "a quotation mark is not closed")
        position = match.end()
        kind = match.lastgroup
        if kind in ("double", "single"):
            yield _Quoted(_unescaped(match[kind]))
        elif kind is not None:
            yield match[kind]


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text, flags=re.DOTALL)


def _bad(setting: str, detail: str) -> ConfigError:
    return ConfigError(f"Invalid value [hidden] for configuration {setting}: {detail}.")
