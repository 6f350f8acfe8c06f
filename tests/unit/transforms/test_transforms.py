"""What users meet: the usual results, and the errors that tell what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.sdk.config import config_class
from penstock.sdk.errors import ConfigError, ConnectError, DataError, SchemaBuilderError
from penstock.sdk.logical import TIMESTAMP
from penstock.sdk.numbers import Int8
from penstock.sdk.record import Header, SinkRecord, SourceRecord
from penstock.sdk.schema import INT32, INT64, OPTIONAL_STRING, STRING, Schema, Type
from penstock.sdk.struct import Struct
from penstock.transforms import java_names

NOTE = Schema(Type.STRING, optional=True, default="none")
ORDER = Schema(Type.STRUCT, name="Order", version=3, fields=[("id", INT64), ("note", NOTE)])
PACKAGE = "org.apache.kafka.connect.transforms."


def made(name: str, **options: str) -> Any:
    kind = java_names.plugin_class(PACKAGE + name)
    given = {key.replace("_", "."): value for key, value in options.items()}
    return kind(config_class(kind).parse(given))


def applied(name: str, *records: Any, **options: str) -> list[Any]:
    return made(name, **options).apply(list(records))


def bare(value: Any, topic: str = "shop.orders") -> SourceRecord:
    return SourceRecord(topic, value)


def order(**value: Any) -> SinkRecord:
    return SinkRecord("shop.orders", value, ORDER, offset=4)


def test_every_java_name_leads_to_a_class() -> None:
    names = [*java_names.TRANSFORMS, *java_names.PREDICATES, *java_names.ABSTRACT_TRANSFORMS]
    assert len({java_names.plugin_class(name) for name in names}) == len(names) == 16 + 10 + 10 + 3
    with pytest.raises(LookupError, match="no transformation or predicate"):
        java_names.plugin_class(PACKAGE + "Unknown")


def test_cast_converts_fields_and_their_schemas() -> None:
    (found,) = applied("Cast$Value", order(id=5, note=None), spec="id:string")
    assert found.value == {"id": "5", "note": "none"}
    assert found.value_schema.field("id").schema == STRING
    assert found.value_schema.name == "Order"


def test_cast_without_schema_writes_every_field_it_names() -> None:
    (found,) = applied("Cast$Value", bare({"a": "7"}), spec="a:int8,b:int8")
    assert found.value == {"a": 7, "b": None}
    assert type(found.value["a"]) is Int8


def test_cast_keeps_a_default_cast() -> None:
    schema = Schema(Type.INT64, optional=True, default=300)
    (found,) = applied("Cast$Value", SourceRecord("t", 1, schema), spec="int8")
    assert found.value_schema == Schema(Type.INT8, optional=True, default=44)


def test_replace_field_excludes_and_renames() -> None:
    found = applied("ReplaceField$Value", bare({"a": 1, "b": 2}), exclude="a", renames="b:c")
    assert found[0].value == {"c": 2}
    (kept,) = applied("ReplaceField$Value", order(id=1), exclude="id")
    assert kept.value == {"note": "none"}
    (null,) = applied(
        "ReplaceField$Value", order(id=1), exclude="id", replace_null_with_default="false"
    )
    assert null.value == {"note": None}


def test_a_rename_to_the_name_of_another_field_is_refused() -> None:
    with pytest.raises(SchemaBuilderError, match="duplication note"):
        applied("ReplaceField$Value", order(id=1), renames="id:note")
    with pytest.raises(DataError, match="gone is not a valid field name"):
        applied("ReplaceField$Value", order(id=1), renames="gone:note")


def test_maps_with_other_keys_than_strings_are_refused() -> None:
    for name, options in (("ReplaceField$Value", {"exclude": "a"}), ("Flatten$Value", {})):
        with pytest.raises(DataError, match="a key that is no string"):
            applied(name, bare({1: 2}), **options)


def test_a_missing_required_field_is_refused_like_a_null() -> None:
    with pytest.raises(DataError, match='null used for required field: "id", schema type: INT64'):
        applied("ReplaceField$Value", order(note="x"), include="id")


def test_insert_field_adds_coordinates() -> None:
    (found,) = applied(
        "InsertField$Value", order(id=1, note="n"), topic_field="t!", offset_field="o"
    )
    assert found.value == {"id": 1, "note": "n", "t": "shop.orders", "o": 4}
    assert found.value_schema.field("t").schema == STRING
    assert found.value_schema.field("o").schema.optional


def test_insert_field_refuses_the_offset_of_a_source_record() -> None:
    with pytest.raises(DataError, match="Only SinkRecord supported"):
        applied("InsertField$Value", bare({}), offset_field="o")


def test_insert_field_refuses_a_name_that_is_taken() -> None:
    with pytest.raises(SchemaBuilderError, match="duplication id"):
        applied("InsertField$Value", order(id=1), topic_field="id")


def test_mask_field_empties_or_replaces() -> None:
    (found,) = applied("MaskField$Value", bare({"a": "x", "n": 5, "l": [1]}), fields="a,n,l,gone")
    assert found.value == {"a": "", "n": 0, "l": [], "gone": None}
    (replaced,) = applied("MaskField$Value", bare({"n": Int8(5)}), fields="n", replacement="300")
    assert replaced.value == {"n": 44}
    with pytest.raises(DataError, match="Cannot mask value of type: class \\[B"):
        applied("MaskField$Value", bare({"a": b""}), fields="a")


def test_flatten_joins_names_and_passes_optionality_on() -> None:
    inner = Schema(Type.STRUCT, optional=True, fields=[("b", INT32)])
    schema = Schema(Type.STRUCT, fields=[("a", inner), ("c", STRING)])
    (found,) = applied("Flatten$Value", SourceRecord("t", {"a": {"b": 1}, "c": "x"}, schema))
    assert found.value == {"a.b": 1, "c": "x"}
    assert found.value_schema.field("a.b").schema.optional
    (null,) = applied("Flatten$Value", SourceRecord("t", {"a": None, "c": "x"}, schema))
    assert null.value.get("a.b") is None


def test_flatten_refuses_structs_among_maps() -> None:
    with pytest.raises(DataError, match=r"record without schemas \(for field a\)"):
        applied("Flatten$Value", bare({"a": Struct(ORDER, {})}))


def test_value_to_key_and_extract_field_make_a_plain_key() -> None:
    keyed = applied("ValueToKey", order(id=1, note=None), fields="id")
    (found,) = applied("ExtractField$Key", *keyed, field="id")
    assert (found.key, found.key_schema) == (1, INT64)


def test_extract_field_names_the_field_it_does_not_find() -> None:
    with pytest.raises(DataError, match="Unknown field: nope"):
        applied("ExtractField$Value", order(id=1), field="nope")


def test_headers_are_added_moved_and_dropped() -> None:
    record = SourceRecord("t", {"a": 1, "b": 2}, headers=(Header("x"), Header("x", 1)))
    (moved,) = applied("HeaderFrom$Value", record, fields="a", headers="h", operation="move")
    assert moved.value == {"b": 2}
    assert moved.headers[-1] == Header("h", 1)
    (inserted,) = applied("InsertHeader", record, header="n", value_literal="1")
    assert inserted.headers[-1].value == 1
    (dropped,) = applied("DropHeaders", record, headers="x")
    assert dropped.headers == ()


def test_routers_rename_topics() -> None:
    assert applied("RegexRouter", bare({}), regex=r"shop\.(.*)", replacement="$1")[0].topic == (
        "orders"
    )
    timed = SourceRecord("t", timestamp=1_700_000_000_123)
    assert applied("TimestampRouter", timed)[0].topic == "t-20231114"
    with pytest.raises(DataError, match="Timestamp missing on record: SourceRecord"):
        applied("TimestampRouter", bare(None))


def test_a_record_whose_topic_does_not_match_is_handed_on() -> None:
    record = bare({})
    assert applied("RegexRouter", record, regex="other", replacement="x")[0] is record


def test_timestamp_converter_reads_and_writes_texts() -> None:
    options = {"target_type": "Timestamp", "format": "yyyy-MM-dd", "field": "d"}
    schema = Schema(Type.STRUCT, fields=[("d", OPTIONAL_STRING)])
    (found,) = applied(
        "TimestampConverter$Value", SourceRecord("t", {"d": "2023-11-14"}, schema), **options
    )
    assert found.value["d"].isoformat() == "2023-11-14T00:00:00+00:00"
    assert found.value_schema.field("d").schema == TIMESTAMP.as_optional()
    with pytest.raises(DataError, match=r"value \(x\) does not match pattern \(yyyy-MM-dd\)"):
        applied("TimestampConverter$Value", bare({"d": "x"}), **options)


def test_timestamp_converter_refuses_other_schemas() -> None:
    with pytest.raises(ConnectError, match="does not correspond to a known timestamp type"):
        applied("TimestampConverter$Value", SourceRecord("t", 1, INT32), target_type="Date")


def test_times_that_no_datetime_can_hold_are_refused() -> None:
    with pytest.raises(DataError, match="outside the years 1 to 9999"):
        applied("TimestampConverter$Value", bare(2**62), target_type="Timestamp")


def test_set_schema_metadata_needs_a_struct() -> None:
    (found,) = applied("SetSchemaMetadata$Value", order(id=1), schema_name="N", schema_version="9")
    assert (found.value_schema.name, found.value_schema.version) == ("N", 9)
    with pytest.raises(DataError, match="Cannot list fields on non-struct type"):
        applied("SetSchemaMetadata$Value", SourceRecord("t", 1, INT32), schema_name="N")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("Cast$Value", {"spec": ""}, "Must specify at least one field to cast."),
        ("Cast$Value", {"spec": "a:bytes"}, "does not support casting to BYTES"),
        ("InsertField$Value", {}, "No field insertion configured"),
        ("SetSchemaMetadata$Key", {}, "Neither schema name nor version configured"),
        ("ReplaceField$Value", {"renames": "a"}, "Invalid rename mapping: a"),
        ("TimestampConverter$Value", {"target_type": "string"}, "requires format option"),
        ("TimestampConverter$Value", {"target_type": "unix", "format": "q"}, "pattern character"),
        ("ExtractField$Key", {"field": "a", "field_syntax_version": "3"}, "V1, V2"),
    ],
)
def test_wrong_settings_are_named(name: str, options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        made(name, **options)


def test_few_schemas_are_remembered() -> None:
    transform = made("Cast$Value", spec="a:string")
    for number in range(40):
        schema = Schema(Type.STRUCT, fields=[("a", INT32), (f"f{number}", OPTIONAL_STRING)])
        transform.apply([SourceRecord("t", {"a": 1}, schema)])
    assert transform._change.cache_info().currsize == 16
