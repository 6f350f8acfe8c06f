"""The Java class names that configurations use for our transformations and predicates."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_PACKAGE: Final = "org.apache.kafka.connect.transforms"

# module and class; those in the first table come as $Key and $Value too, and are abstract
_SIDED: Final = {
    "Cast": "cast",
    "ExtractField": "extract_field",
    "Flatten": "flatten",
    "HeaderFrom": "header_from",
    "HoistField": "hoist_field",
    "InsertField": "insert_field",
    "MaskField": "mask_field",
    "ReplaceField": "replace_field",
    "SetSchemaMetadata": "set_schema_metadata",
    "TimestampConverter": "timestamp_converter",
}
_WHOLE: Final = {
    "DropHeaders": "drop_headers",
    "Filter": "filter",
    "InsertHeader": "insert_header",
    "RegexRouter": "regex_router",
    "TimestampRouter": "timestamp_router",
    "ValueToKey": "value_to_key",
}
_PREDICATES: Final = {
    "HasHeaderKey": "has_header_key",
    "RecordIsTombstone": "record_is_tombstone",
    "TopicNameMatches": "topic_name_matches",
}

TRANSFORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_PACKAGE}.{name}${side}": f"penstock.transforms.{module}:{name}{side}"
        for name, module in _SIDED.items()
        for side in ("Key", "Value")
    }
    | {
        f"{_PACKAGE}.{name}": f"penstock.transforms.{module}:{name}"
        for name, module in _WHOLE.items()
    }
)
"""Java name to `module:class`, of all transformations that can be used."""

ABSTRACT_TRANSFORMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_PACKAGE}.{name}": f"penstock.transforms.{module}:{name}"
        for name, module in _SIDED.items()
    }
)
"""Of the bases that have a variant for keys and one for values."""

PREDICATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_PACKAGE}.predicates.{name}": f"penstock.transforms.predicates.{module}:{name}"
        for name, module in _PREDICATES.items()
    }
)
"""Java name to `module:class`, of all predicates."""


def plugin_class(java_name: str) -> type[Any]:
    """The class of that Java name; `LookupError` if it is none of ours."""
    for names in (TRANSFORMS, PREDICATES, ABSTRACT_TRANSFORMS):
        if java_name in names:
            module, _, name = names[java_name].partition(":")
            return getattr(importlib.import_module(module), name)
    raise LookupError(f"There is no transformation or predicate of the name {java_name}.")
