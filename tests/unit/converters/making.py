"""Makes converters the way the runtime does."""

from __future__ import annotations

from typing import Any, TypeVar

from penstock.sdk.config import config_class
from penstock.sdk.converter import Role

K = TypeVar("K")


def make(kind: type[K], role: Role = Role.VALUE, **options: str) -> K:
    """A converter with these options, underscores for the dots in their names."""
    given = {name.replace("_", "."): text for name, text in options.items()}
    config = config_class(kind).parse(given | {"converter.type": role.value})
    maker: Any = kind
    return maker(config, role)
