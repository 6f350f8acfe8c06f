"""Classes named in settings: `module:Class`, `module.Class`, or the Java name of one of ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

ClassFinder = Callable[[str], "ClassRef | None"]


class ClassRef:
    """A class by name. Java classes that have no counterpart in Python have a name only."""

    __slots__ = ("_loaded", "name")

    def __init__(self, name: str, loaded: type | None = None) -> None:
        self.name = name
        self._loaded = loaded

    @classmethod
    def of(cls, loaded: type) -> ClassRef:
        """The reference to a class at hand."""
        return cls(f"{loaded.__module__}.{loaded.__qualname__}", loaded)

    @property
    def loaded(self) -> type | None:
        """The Python class, if it is known already."""
        return self._loaded

    def load(self) -> type:
        """The Python class; `LookupError` when there is none of this name."""
        if self._loaded is None:
            found = find_class(self.name)
            if found is None or found._loaded is None:
                raise LookupError(f"Class {self.name} has no implementation in Python.")
            self._loaded = found._loaded
        return self._loaded

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"ClassRef({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClassRef) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)


JAVA_ONLY: Final = frozenset(
    {
        "java.lang.Object",
        "java.lang.String",
        "java.lang.Integer",
        "java.lang.Long",
        "java.lang.Boolean",
        "java.util.List",
        "java.util.Map",
        "java.util.Map$Entry",
        "java.util.ArrayList",
        "java.util.HashMap",
        "org.apache.kafka.common.metrics.JmxReporter",
        "org.apache.kafka.common.serialization.ByteArrayDeserializer",
        "org.apache.kafka.common.serialization.ByteArraySerializer",
        "org.apache.kafka.common.serialization.StringDeserializer",
        "org.apache.kafka.common.serialization.StringSerializer",
    }
)


def import_class(name: str) -> ClassRef | None:
    """The class of a Python name; None when there is no such module or class in it."""
    module, _, qualname = name.partition(":") if ":" in name else name.rpartition(".")
    if not module or not qualname or not module.replace(".", "").isidentifier():
        return ClassRef(name) if name in JAVA_ONLY else None
    try:
        found: object = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ModuleNotFoundError, AttributeError):
        return ClassRef(name) if name in JAVA_ONLY else None
    return ClassRef(name, found) if isinstance(found, type) else None


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
