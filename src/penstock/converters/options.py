"""What all converters have in common: the setting that says what they work on, and bad bytes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from penstock.sdk.config import Config, Importance, Option, one_of
from penstock.sdk.errors import ConnectError


class ConverterConfig(Config):
    """Settings of a converter without further options."""

    converter_type: Annotated[
        str,
        Option(
            "Whether the converter is for keys, values or headers; the worker sets it.",
            Importance.LOW,
            check=one_of("key", "value", "header"),
        ),
    ]


class SerializationError(ConnectError):
    """Bytes or texts cannot be read or written as configured."""

    java_class: ClassVar[str] = "org.apache.kafka.common.errors.SerializationException"
