"""Says in Connect's words what a transformation needs and did not find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final

from penstock.sdk.errors import ConfigError, DataError
from penstock.sdk.record import Record, SinkRecord, SourceRecord
from penstock.sdk.schema import Schema
from penstock.sdk.struct import Struct
from penstock.sdk.values import java_type_name


class NullError(DataError):
    """Something that must be there is null."""

    java_class: ClassVar[str] = "java.lang.NullPointerException"


class NullSettingError(ConfigError):
    """A setting that must have a value was set to null."""

    java_class: ClassVar[str] = "java.lang.NullPointerException"


class KeyTypeError(DataError):
    """A map has a key that is no string."""

    java_class: ClassVar[str] = "java.lang.ClassCastException"


class UnknownFieldError(DataError):
    """A schema has no field of the name a setting gives."""

    java_class: ClassVar[str] = "java.lang.IllegalArgumentException"


_RECORD_CLASSES: Final[dict[type[Record], str]] = {
    SourceRecord: "org.apache.kafka.connect.source.SourceRecord",
    SinkRecord: "org.apache.kafka.connect.sink.SinkRecord",
}


def not_a_map(purpose: str, value: Any) -> DataError:
    """The complaint about a value without schema that is no map."""
    return DataError(
        f"Only Map objects supported in absence of schema for [{purpose}], "
        f"found: {java_type_name(value)}"
    )


def not_a_struct(purpose: str, value: Any, schema: Schema) -> DataError:
    """The complaint about a value with schema that is no struct."""
    found = java_type_name(value, schema)
    return DataError(f"Only Struct objects supported for [{purpose}], found: {found}")


def not_a_sink_record(purpose: str, record: Record) -> DataError:
    """The complaint about a record that has no offset in Kafka."""
    found = _RECORD_CLASSES.get(type(record), type(record).__qualname__)
    return DataError(f"Only SinkRecord supported for [{purpose}], found: {found}")


def required_map(purpose: str, value: Any) -> dict[Any, Any]:
    """The value, if it is a map."""
    if type(value) is dict:
        return value  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict) and not isinstance(value, Struct):
        return value  # pyright: ignore[reportUnknownVariableType]
    raise not_a_map(purpose, value)


def refusing_structs(purpose: str, schema: Schema) -> Callable[[Any], Any]:
    """Refuses every value of a schema that is no struct's."""

    def refuse(value: Any) -> Any:
        raise not_a_struct(purpose, value, schema)

    return refuse


def null_for_required(name: str, schema: Schema) -> DataError:
    """The complaint about a null that a field does not allow."""
    return DataError(
        f'Invalid value: null used for required field: "{name}", schema type: {schema.type.name}'
    )
