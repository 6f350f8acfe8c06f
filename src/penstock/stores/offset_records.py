"""Records of the offsets topic, which are also the entries of a standalone worker's offset file.

A key is `["connector",{partition}]`, a value `{offset}`. Lookups compare key bytes, so partitions
are written in the order a Java hash map would give.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from penstock.runtime.java_order import hash_order
from penstock.sdk.errors import DataError
from penstock.sdk.struct import Struct
from penstock.stores import json_codec
from penstock.stores.config_records import is_map

_INT64 = range(-(2**63), 2**63)
_COMPLEX: tuple[tuple[Any, str], ...] = ((list, "ARRAY"), (Struct, "STRUCT"), (Mapping, "MAP"))


def validate(offset: Any) -> None:
    """A source partition or offset is None or maps texts to primitive values."""
    if offset is None:
        return
    if not isinstance(offset, Mapping) or isinstance(offset, Struct):
        raise DataError("Offsets must be specified as a Map")
    members = cast("Mapping[Any, Any]", offset)
    for name, value in members.items():
        if not isinstance(name, str):
            raise DataError("Offsets may only use String keys")
        if value is not None and not _is_primitive(value):
            raise DataError(
                "Offsets may only contain primitive types as values, "
                f"but field {name} contains {_described(value)}"
            )


def _is_primitive(value: Any) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value) in _INT64
    return isinstance(value, bool | float | str | bytes | bytearray | memoryview)


def _described(value: Any) -> str:
    for kind, name in _COMPLEX:
        if isinstance(value, kind):
            return name
    if isinstance(value, datetime):
        return "class java.util.Date"
    if isinstance(value, Decimal):
        return "class java.math.BigDecimal"
    if isinstance(value, int):
        return "class java.math.BigInteger"
    return f"class {type(value).__module__}.{type(value).__qualname__}"


def key(connector: str, partition: Mapping[str, Any] | None) -> bytes:
    """Members in the order given."""
    return json_codec.dumps([connector, partition])


def value(offset: Mapping[str, Any] | None) -> bytes | None:
    """None forgets the offset."""
    return None if offset is None else json_codec.dumps(offset)


def in_java_order(members: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if members is None else {name: members[name] for name in hash_order(members)}


def canonical(connector: str, partition: Mapping[str, Any] | None) -> bytes:
    """Equal for partitions that mean the same, whatever the order of their members."""
    return key(connector, None if partition is None else dict(sorted(partition.items())))


def read_key(data: bytes | None) -> tuple[str, dict[str, Any]] | None:
    """Connector and partition; None for anything else, such as a partition of null."""
    try:
        found = json_codec.loads(data)
    except DataError:
        return None
    if not isinstance(found, list) or len(cast("list[Any]", found)) != 2:
        return None
    connector, partition = cast("list[Any]", found)
    return (connector, partition) if isinstance(connector, str) and is_map(partition) else None


def read_offset(data: bytes | None) -> dict[str, Any] | None:
    """Raises DataError for what is no offset."""
    found = json_codec.loads(data)
    validate(found)
    return found
