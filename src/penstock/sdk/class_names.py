"""Classes named in settings: `module:Class`, `module.Class`, or the Java name of one of ours."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

ClassFinder = Callable[[str], "ClassRef | None"]


class ClassRef:
    """A class by name. Java classes that have no counterpart in Python have a name only.

    `variants` are the concrete classes to take instead of one that is abstract in Java.
    """

    __slots__ = ("_load", "name", "variants")

    def __init__(
        self,
        name: str,
        load: Callable[[], type] | None = None,
        variants: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.variants = variants
        self._load = load

    @classmethod
    def of(cls, loaded: type) -> ClassRef:
        """The reference to a class at hand."""
        return cls(f"{loaded.__module__}.{loaded.__qualname__}", lambda: loaded)

    def load(self) -> type:
        """The Python class; `LookupError` when there is none of this name."""
        load = self._load
        if load is None:
            found = find_class(self.name)
            load = found._load if found is not None else None
        if load is None:
            raise LookupError(f"Class {self.name} has no implementation in Python.")
        return load()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"ClassRef({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassRef) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


JAVA_ONLY: Final = frozenset(
    [
        *("java.lang.Object", "java.lang.String", "java.lang.Integer", "java.lang.Long"),
        *("java.lang.Boolean", "java.util.List", "java.util.Map", "java.util.Map$Entry"),
        *("java.util.ArrayList", "java.util.HashMap"),
    ]
)


# Serializers, partitioners, callback handlers…: named in settings of clients, never loaded here.
_KAFKA_CLASS: Final = re.compile(r"org\.apache\.kafka\.(?:clients|common)(?:\.\w+)*\.[A-Z][\w$]*")


def java_only(name: str) -> ClassRef | None:
    """A Java class that settings may name although there is nothing like it in Python."""
    return ClassRef(name) if name in JAVA_ONLY or _KAFKA_CLASS.fullmatch(name) else None


def import_class(name: str) -> ClassRef | None:
    """The class of a Python name; None when there is no such module or class in it."""
    if found := java_only(name):
        return found
    module, _, qualname = name.partition(":") if ":" in name else name.rpartition(".")
    if not qualname or not all(part.isidentifier() for part in module.split(".")):
        return None
    try:
        loaded: object = importlib.import_module(module)
        for part in qualname.split("."):
            loaded = getattr(loaded, part)
    except (ModuleNotFoundError, AttributeError):
        return None
    return ClassRef(name, lambda: loaded) if isinstance(loaded, type) else None


_finders: list[ClassFinder] = [import_class]


def find_class(name: str) -> ClassRef | None:
    """The class a setting names, by the finder in force."""
    return _finders[-1](name)


@contextmanager
def finding_classes(finder: ClassFinder) -> Generator[None]:
    """Within the block, on every thread, let `finder` say which class a name means."""
    _finders.append(finder)
    try:
        yield
    finally:
        _finders.remove(finder)
