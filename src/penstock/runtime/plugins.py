"""The plugins of a task, each with the class name that logs and dead letters show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from penstock.sdk.converter import Converter, HeaderConverter
from penstock.sdk.record import Record

R = TypeVar("R", bound=Record)


class TransformStage(Protocol):
    """One transformation with its predicate."""

    @property
    def class_name(self) -> str: ...
    def apply(self, records: Sequence[R]) -> Sequence[R]: ...


class Transforms(Protocol):
    """A chain of transformations."""

    @property
    def stages(self) -> Sequence[TransformStage]: ...
    def close(self) -> None: ...


class NoTransforms(Struct, frozen=True):
    """The empty chain."""

    stages: Sequence[TransformStage] = ()

    def close(self) -> None:
        """There is nothing to release."""


class Converters(Struct, frozen=True):
    """The converters of a task and their class names."""

    key: Converter[Any]
    value: Converter[Any]
    header: HeaderConverter[Any]
    key_class: str
    value_class: str
    header_class: str

    def close(self) -> None:
        for converter in (self.key, self.value, self.header):
            converter.close()
