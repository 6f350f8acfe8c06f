"""The worker's settings that hosts and tasks need."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from penstock.runtime.worker_config import WorkerConfig
from penstock.sdk.converter import Role

_KEYS = {
    Role.KEY: "key.converter",
    Role.VALUE: "value.converter",
    Role.HEADER: "header.converter",
}


def converter_key(role: Role) -> str:
    """The setting that names the converter of this role; its options stand below it."""
    return _KEYS[role]


class ConverterSettings(Struct, frozen=True):
    """A converter as the worker configures it."""

    class_name: str
    options: dict[str, str]


class HostSettings(Struct, frozen=True):
    """What is the same for all tasks of a worker."""

    converters: dict[Role, ConverterSettings]
    offset_flush_interval_ms: int = 60_000
    offset_flush_timeout_ms: int = 5_000
    topic_creation_enable: bool = True
    topic_tracking_enable: bool = True

    @classmethod
    def of(cls, worker: WorkerConfig) -> Self:
        names = {
            Role.KEY: worker.key_converter.name,
            Role.VALUE: worker.value_converter.name,
            Role.HEADER: worker.header_converter.name,
        }
        return cls(
            {
                role: ConverterSettings(name, worker.with_prefix(converter_key(role) + "."))
                for role, name in names.items()
            },
            worker.offset_flush_interval_ms,
            worker.offset_flush_timeout_ms,
            worker.topic_creation_enable,
            worker.topic_tracking_enable,
        )
