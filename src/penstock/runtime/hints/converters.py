"""Mistakes with converters: bytes or values that are not what the converter is for."""

from __future__ import annotations

from penstock.runtime.hints.model import Clues, Hint, converting

_JSON = ("JsonConverter",)
_REGISTRY_HEADER = 5  # a zero, and the number of a schema in four bytes


def _of_a_registry(clues: Clues) -> bool:
    payload = clues.payload
    return payload is not None and len(payload) > _REGISTRY_HEADER and payload[0] == 0


def _without_schemas(clues: Clues) -> bool:
    return clues.config.get("value.converter.schemas.enable", "").strip().lower() == "false"


CONVERTERS: tuple[Hint, ...] = (
    Hint(
        "registry-bytes-as-json",
        "Records written with a schema registry (Avro, Protobuf or JSON Schema) are read as JSON.",
        "Converting byte|not valid|JSON",
        "The {side} begins with a zero byte, as what a schema registry's serializers write does: "
        "set {converter} to the converter that fits the producer (Avro, Protobuf or JSON Schema) "
        "and {converter}.schema.registry.url.",
        stages=converting("key", "value"),
        components=_JSON,
        test=_of_a_registry,
    ),
    Hint(
        "json-without-envelope",
        "Plain JSON is read by a converter that expects an envelope of schema and payload.",
        r'JsonConverter with schemas\.enable requires "schema" and "payload"',
        "The {side} is JSON without an envelope of schema and payload: set "
        "{converter}.schemas.enable=false {place}.",
        components=_JSON,
    ),
    Hint(
        "text-as-json",
        "Plain text, or nothing at all, is read as JSON.",
        "Converting byte.* to Kafka Connect data failed due to serialization error",
        "The {side} is not JSON: if it is plain text, set "
        "{converter}=org.apache.kafka.connect.storage.StringConverter; if only some records are "
        "like this, errors.tolerance=all passes over them.",
        stages=converting("key", "value"),
        components=_JSON,
    ),
    Hint(
        "wrong-number-of-bytes",
        "A number converter is given bytes of another length than its numbers have.",
        r"Size of data received by (?P<kind>\w+?)Deserializer is not (?P<size>\w+)",
        "The {side} does not have the {size} bytes of this type: set {converter} to the converter "
        "the producer's serializer belongs to; digits as text are read by "
        "org.apache.kafka.connect.storage.StringConverter.",
    ),
    Hint(
        "wrong-type-for-number",
        "A source's value is written by a converter for numbers, but is something else.",
        r"Failed to serialize to (?P<kind>\w+) \(was class (?P<found>[\w.$]+)\)",
        "The {side} is a {found}, which {converter} cannot write as {kind}: set {converter} to a "
        "converter for any value, as org.apache.kafka.connect.json.JsonConverter, or change the "
        "value with the transformation Cast.",
    ),
    Hint(
        "not-bytes",
        "A source's value is written by ByteArrayConverter, but is no bytes.",
        r"ByteArrayConverter is not compatible with objects of type class (?P<found>[\w.$]+)"
        r"|Invalid schema type for ByteArrayConverter: (?P<kind>\w+)",
        "ByteArrayConverter hands on bytes and nothing else: set {converter} to a converter for "
        "this value, as org.apache.kafka.connect.json.JsonConverter.",
    ),
    Hint(
        "not-a-boolean",
        "A source's value is written by BooleanConverter, but is no boolean.",
        "BooleanConverter is not compatible with|Invalid schema type for BooleanConverter",
        "BooleanConverter writes true and false and nothing else: set {converter} to a converter "
        "for this value, as org.apache.kafka.connect.json.JsonConverter.",
    ),
    Hint(
        "required-field-is-null",
        "A value lacks a field that its schema requires.",
        r"null value for field that is required and has no default|null used for required field"
        r'(?:: "(?P<field>[^"]+)")?|Invalid null value for required (?P<kind>\w+) field',
        "A field is null, or missing, that the schema requires: make it optional in the schema, "
        "give it a default, or set it where the record is made.",
        stages=converting(),
    ),
    Hint(
        "value-does-not-fit-schema",
        "A value is of another type than the schema that comes with it.",
        r"Invalid type for (?P<kind>\w+)(?:, expected \w+ but was|:) class (?P<found>[\w.$]+)"
        r"|Mismatching schema",
        "Value and schema of the record contradict each other: whatever made the record, the "
        "connector or a transformation, must make both of the same type; Cast changes both.",
        stages=converting(),
    ),
    Hint(
        "header-of-unknown-type",
        "A header's value cannot be written as text.",
        "Failed to serialize unexpected value type",
        "SimpleHeaderConverter writes texts, numbers, times, lists and maps: drop the header with "
        "the transformation DropHeaders, or set header.converter to a converter for it.",
        stages=converting("header"),
    ),
    Hint(
        "sink-wants-schema",
        "A sink needs values with a schema, but the converter is told to ignore schemas.",
        r"non-null Struct schema|[Ss]chema (is )?required|requires? [\w ,-]*with (a )?schema",
        "The sink needs values with a schema, but value.converter.schemas.enable=false reads them "
        "without: if the records hold an envelope of schema and payload, set "
        "value.converter.schemas.enable=true; otherwise use a converter that knows schemas.",
        classes=("ConnectException", "DataException"),
        stages=frozenset(("TASK_PUT",)),
        test=_without_schemas,
    ),
)
