"""Which of its two ways to read a converter is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.converters.string import StringConverter, StringConverterConfig
from penstock.sdk.converter import Converter
from penstock.sdk.schema import OPTIONAL_STRING, Schema

PAYLOADS = [b"a", None]


def made(kind: type[StringConverter]) -> Converter[Any]:
    return kind(StringConverterConfig.parse({"converter.type": "value"}))


class Loud(StringConverter):
    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return [(schema, text and text.upper()) for schema, text in super().decode(topic, payloads)]


class LoudAsWell(Loud):
    """Overrides nothing itself."""


def test_columns_are_what_decode_gives() -> None:
    for kind in (StringConverter, Loud, LoudAsWell):
        converter = made(kind)
        assert list(zip(*converter.decode_columns("t", PAYLOADS), strict=True)) == (
            converter.decode("t", PAYLOADS)
        )


def test_a_converter_that_overrides_decode_alone_is_asked_that() -> None:
    assert made(StringConverter).decode_columns("t", PAYLOADS)[1] == ["a", None]
    assert made(LoudAsWell).decode_columns("t", PAYLOADS)[1] == ["A", None]
    assert made(LoudAsWell).decode_columns("t", [b"a"])[0] == [OPTIONAL_STRING]
