"""The texts that Java's plugins and clients describe their settings with, as clients know them.

They are data, of Apache Kafka (see NOTICE), and read when a definition is first shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

Texts = Mapping[str, str]  # by the name of the setting


class _File(msgspec.Struct, frozen=True):
    extends: dict[str, tuple[str, ...]]
    texts: dict[str, dict[str, str]]


@cache
def texts_of(scope: str) -> Texts:
    """The texts of a Java class, or of what has settings in common: `source`, `producer`, …

    A class or scope that Java does not have has none. Both variants of a transformation, for keys
    and for values, have the same.
    """
    data, name = _file(), scope.partition("$")[0]
    found: dict[str, str] = {}
    for base in data.extends.get(name, ()):
        found |= {k: v for k, v in texts_of(base).items() if k not in found}
    return found | data.texts.get(name, {})


@cache
def _file() -> _File:
    content = files("penstock.cluster").joinpath("interface_texts.json").read_bytes()
    return msgspec.json.decode(content, type=_File)
