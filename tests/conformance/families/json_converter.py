"""JsonConverter as key and value converter."""

from __future__ import annotations

from typing import Any

from penstock.converters.json import JsonConverter
from tests.conformance.converters import converted
from tests.conformance.converters import equal as equal
from tests.conformance.runner import Case


def run(case: Case) -> Any:
    return converted(JsonConverter, case)
