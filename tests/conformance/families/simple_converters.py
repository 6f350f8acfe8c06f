"""StringConverter, ByteArrayConverter and the converters of single numbers and booleans."""

from __future__ import annotations

from typing import Any

from penstock.converters.bytes import ByteArrayConverter
from penstock.converters.numbers import (
    BooleanConverter,
    DoubleConverter,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from penstock.converters.string import StringConverter
from tests.conformance.converters import converted
from tests.conformance.converters import equal as equal
from tests.conformance.runner import Case

_CLASSES = {
    kind.__name__: kind
    for kind in (
        StringConverter,
        ByteArrayConverter,
        BooleanConverter,
        ShortConverter,
        IntegerConverter,
        LongConverter,
        FloatConverter,
        DoubleConverter,
    )
}


def run(case: Case) -> Any:
    return converted(_CLASSES[case["converter"]], case)
