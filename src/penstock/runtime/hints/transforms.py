"""Mistakes with transformations: records they are not for, and fields that do not exist."""

from __future__ import annotations

from penstock.runtime.hints.model import Hint

_AT_WORK = frozenset(("TRANSFORMATION",))

TRANSFORMS: tuple[Hint, ...] = (
    Hint(
        "tombstone-in-transform",
        "A transformation that cannot handle them is given tombstones (records with a null value).",
        r"Only (Map|Struct) objects supported .*found: null|Only (Map|Struct) objects .*null$",
        "The record is a tombstone: leave such records out of this transformation with "
        "{transform}.predicate=tombstone, {transform}.negate=true, predicates=tombstone and "
        "predicates.tombstone.type=org.apache.kafka.connect.transforms.predicates."
        "RecordIsTombstone.",
        stages=_AT_WORK,
    ),
    Hint(
        "transform-needs-fields",
        "A transformation that works on fields is given text, a number or a list.",
        r"Only (?:Map|Struct) objects supported .*for \[(?P<purpose>[^\]]+)\], "
        r"found: (?P<found>[\w.$]+)",
        "{transform} works on records with fields, but is given a {found}: use a converter that "
        "reads fields, as org.apache.kafka.connect.json.JsonConverter, or put the transformation "
        "HoistField before it, which makes a record with one field.",
        stages=_AT_WORK,
    ),
    Hint(
        "transform-needs-schema",
        "A transformation that changes the schema is given values without one.",
        r"Schema required for \[(?P<purpose>[^\]]+)\]",
        "{transform} needs values with a schema: read them with a converter that knows schemas, "
        "or leave this transformation out.",
        stages=_AT_WORK,
    ),
    Hint(
        "sink-only-transform",
        "A source uses a transformation that only a sink's records have the data for.",
        "Only SinkRecord supported for",
        "A source's records have no offset in Kafka yet: leave {transform}.offset.field out, "
        "which is for sink connectors.",
        stages=_AT_WORK,
    ),
    Hint(
        "unknown-field",
        "A transformation is told to take a field that the record does not have.",
        r"(?:Unknown field|Field does not exist): (?P<field>[^\n]+)",
        "The record has no field {field}: correct {transform}.field, where upper and "
        "lower case count; a path to an inner field needs {transform}.field.syntax.version=V2; "
        "records of other shapes are left out with {transform}.predicate.",
        stages=_AT_WORK,
        components=("ExtractField$Key", "ExtractField$Value"),
    ),
    Hint(
        "unknown-field-for-key",
        "ValueToKey is told to take a field that the record does not have.",
        r"Field does not exist: (?P<field>[^\n]+)",
        "The value has no field {field}: correct {transform}.fields, where upper and lower case "
        "count; records of other shapes are left out with {transform}.predicate.",
        stages=_AT_WORK,
        components=("ValueToKey",),
    ),
    Hint(
        "cast-of-text",
        "Cast is to make a number of a text that is none, or that is too large.",
        r"Value \((?P<found>.*)\) was out of range for requested data type",
        "A text here is no number of the type that {transform}.spec wants: take a wider type "
        "there, or leave the field as string; errors.tolerance=all passes over such records.",
        stages=_AT_WORK,
        components=("Cast$Key", "Cast$Value"),
    ),
    Hint(
        "cast-from-structure",
        "Cast is to change a field that is a structure, a list or a map.",
        r"Cast transformation does not support casting from (?P<kind>\w+)|"
        "Unexpected type in Cast transformation",
        "Cast changes numbers, booleans, texts and times: name a field of such a type in "
        "{transform}.spec, or take the structure apart with the transformation Flatten first.",
        stages=_AT_WORK,
    ),
    Hint(
        "cast-to-unknown-type",
        "Cast is configured with a type that does not exist.",
        r"Invalid type found in casting spec: (?P<field>\w+)",
        "{field} is no type of Connect: in the setting spec of Cast, write int8, int16, int32, "
        "int64, float32, float64, boolean or string.",
    ),
    Hint(
        "date-format",
        "TimestampConverter is given texts that are written in another way than its format says.",
        r"Could not parse timestamp: value \((?P<found>.*)\) does not match pattern "
        r"\((?P<pattern>.*)\)",
        "Set {transform}.format to the pattern the texts are written by (letters as in Java's "
        "SimpleDateFormat); it is {pattern} now.",
        stages=_AT_WORK,
    ),
    Hint(
        "date-format-missing",
        "TimestampConverter is given texts, but no format to read them by.",
        "The value is a text: set 'format'",
        "Set {transform}.format to the pattern the texts are written by, as yyyy-MM-dd HH:mm:ss.",
        stages=_AT_WORK,
    ),
    Hint(
        "date-pattern-invalid",
        "TimestampConverter's format is no pattern of dates.",
        r"TimestampConverter requires a SimpleDateFormat-compatible pattern for string "
        r"timestamps: (?P<field>[^\n]*)",
        "The pattern {field} is none of Java's SimpleDateFormat: write letters it knows, as "
        "yyyy-MM-dd'T'HH:mm:ss.SSS, and put other letters between single quotes.",
    ),
)
