"""Every built-in transformation and predicate keeps the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis import strategies as st

from penstock.sdk.logical import EPOCH, TIMESTAMP, decimal_schema
from penstock.sdk.record import Header, Record, SinkRecord, SourceRecord, TimestampType
from penstock.sdk.schema import (
    BYTES,
    FLOAT64,
    INT8,
    OPTIONAL_INT64,
    OPTIONAL_STRING,
    Schema,
    Type,
)
from penstock.testing.strategies import schemaless_values, values
from penstock.testing.transform_contract import PredicateContract, TransformContract
from penstock.transforms.cast import CastKey, CastValue
from penstock.transforms.drop_headers import DropHeaders
from penstock.transforms.extract_field import ExtractFieldKey, ExtractFieldValue
from penstock.transforms.filter import Filter
from penstock.transforms.flatten import FlattenKey, FlattenValue
from penstock.transforms.header_from import HeaderFromKey, HeaderFromValue
from penstock.transforms.hoist_field import HoistFieldKey, HoistFieldValue
from penstock.transforms.insert_field import InsertFieldKey, InsertFieldValue
from penstock.transforms.insert_header import InsertHeader
from penstock.transforms.mask_field import MaskFieldKey, MaskFieldValue
from penstock.transforms.predicates.has_header_key import HasHeaderKey
from penstock.transforms.predicates.record_is_tombstone import RecordIsTombstone
from penstock.transforms.predicates.topic_name_matches import TopicNameMatches
from penstock.transforms.regex_router import RegexRouter
from penstock.transforms.replace_field import ReplaceFieldKey, ReplaceFieldValue
from penstock.transforms.set_schema_metadata import SetSchemaMetadataKey, SetSchemaMetadataValue
from penstock.transforms.timestamp_converter import TimestampConverterKey, TimestampConverterValue
from penstock.transforms.timestamp_router import TimestampRouter
from penstock.transforms.value_to_key import ValueToKey

Part = tuple[Schema | None, Any]

# fields a and b, which the options below name, of types that matter to some transformation
FIELDS = (
    *(INT8, OPTIONAL_INT64, FLOAT64, OPTIONAL_STRING, BYTES, TIMESTAMP, decimal_schema(2)),
    Schema(Type.STRING, default="x"),
    Schema(Type.ARRAY, value_schema=INT8),
    Schema(Type.STRUCT, optional=True, fields=[("b", Schema(Type.INT32, default=3))]),
)
STRUCTS = [
    Schema(Type.STRUCT, optional=optional, name="S", fields=[("a", first), ("b", second)])
    for first in FIELDS
    for second in FIELDS
    for optional in (False, True)
]


def structs() -> st.SearchStrategy[Part]:
    return st.sampled_from(STRUCTS).flatmap(
        lambda schema: values(schema).map(lambda value: (schema, value))
    )


def maps() -> st.SearchStrategy[Part]:
    inner = schemaless_values(3)
    return st.dictionaries(st.sampled_from(("a", "b", "c")), inner, max_size=3).map(
        lambda made: (None, made)
    )


def scalars() -> st.SearchStrategy[Part]:
    return st.sampled_from(
        [(None, None), (None, "text"), (OPTIONAL_INT64, None), (TIMESTAMP, EPOCH), (INT8, 5)]
    )


def records() -> st.SearchStrategy[Record]:
    part = structs() | maps() | scalars()
    times = st.sampled_from((None, 0, 1_700_000_000_123))
    return st.builds(_record, st.booleans(), st.sampled_from("bz"), part, part, times)


def _record(sink: bool, topic: str, key: Part, value: Part, time: int | None) -> Record:
    headers = (Header("a", 1, INT8), Header("c", "x"), Header("a"))
    common = (topic, value[1], value[0], key[1], key[0], time, headers, 0)
    if sink:
        return SinkRecord(*common, 7, TimestampType.CREATE_TIME, "first", 1, 2)
    return SourceRecord(*common, {"stream": "s"}, {"position": 9})


class Stock(TransformContract):
    """Tries records with the fields that the options name."""

    __test__ = False

    def records(self) -> st.SearchStrategy[Record]:
        return records()

    def __init_subclass__(cls) -> None:
        cls.__test__ = True


class StockPredicate(PredicateContract):
    """Likewise."""

    __test__ = False

    def records(self) -> st.SearchStrategy[Record]:
        return records()

    def __init_subclass__(cls) -> None:
        cls.__test__ = True


class TestCastOfFields(Stock):
    transform = CastValue
    options: ClassVar[Mapping[str, str]] = {"spec": "a:string,b:int8"}


class TestCastOfKeys(Stock):
    transform = CastKey
    options: ClassVar[Mapping[str, str]] = {"spec": "string"}


class TestDropHeaders(Stock):
    transform = DropHeaders
    options: ClassVar[Mapping[str, str]] = {"headers": "a,b"}


class TestExtractField(Stock):
    transform = ExtractFieldValue
    options: ClassVar[Mapping[str, str]] = {"field": "a.b", "field.syntax.version": "V2"}


class TestExtractFieldOfKeys(Stock):
    transform = ExtractFieldKey
    options: ClassVar[Mapping[str, str]] = {"field": "a"}


class TestFilter(Stock):
    transform = Filter


class TestFlatten(Stock):
    transform = FlattenValue


class TestFlattenOfKeys(Stock):
    transform = FlattenKey
    options: ClassVar[Mapping[str, str]] = {"delimiter": "_"}


class TestHeaderFromByMoving(Stock):
    transform = HeaderFromValue
    options: ClassVar[Mapping[str, str]] = {"fields": "a", "headers": "h", "operation": "move"}


class TestHeaderFromByCopying(Stock):
    transform = HeaderFromKey
    options: ClassVar[Mapping[str, str]] = {"fields": "a,b", "headers": "h,h", "operation": "copy"}


class TestHoistField(Stock):
    transform = HoistFieldValue
    options: ClassVar[Mapping[str, str]] = {"field": "whole"}


class TestHoistFieldOfKeys(Stock):
    transform = HoistFieldKey
    options: ClassVar[Mapping[str, str]] = {"field": "whole"}


class TestInsertFieldWithText(Stock):
    transform = InsertFieldValue
    options: ClassVar[Mapping[str, str]] = {"static.field": "from", "static.value": "shop"}


class TestInsertFieldWithCoordinates(Stock):
    transform = InsertFieldKey
    options: ClassVar[Mapping[str, str]] = {
        "topic.field": "t!",
        "partition.field": "p",
        "timestamp.field": "ts?",
        "static.field": "s",
        "static.value": "v",
    }


class TestInsertHeader(Stock):
    transform = InsertHeader
    options: ClassVar[Mapping[str, str]] = {"header": "h", "value.literal": "[1, 2]"}


class TestMaskField(Stock):
    transform = MaskFieldValue
    options: ClassVar[Mapping[str, str]] = {"fields": "a,b"}


class TestMaskFieldWithReplacement(Stock):
    transform = MaskFieldKey
    options: ClassVar[Mapping[str, str]] = {"fields": "a", "replacement": "300"}


class TestRegexRouter(Stock):
    transform = RegexRouter
    options: ClassVar[Mapping[str, str]] = {"regex": "([a-m]).*", "replacement": "$1"}


class TestReplaceFieldByExcluding(Stock):
    transform = ReplaceFieldValue
    options: ClassVar[Mapping[str, str]] = {"exclude": "a"}


class TestReplaceFieldByRenaming(Stock):
    transform = ReplaceFieldKey
    options: ClassVar[Mapping[str, str]] = {"include": "a,b", "renames": "a:z"}


class TestSetSchemaMetadata(Stock):
    transform = SetSchemaMetadataValue
    options: ClassVar[Mapping[str, str]] = {"schema.name": "N", "schema.version": "7"}


class TestSetSchemaMetadataOfKeys(Stock):
    transform = SetSchemaMetadataKey
    options: ClassVar[Mapping[str, str]] = {"schema.version": "7"}


class TestTimestampConverter(Stock):
    transform = TimestampConverterValue
    options: ClassVar[Mapping[str, str]] = {
        "target.type": "string",
        "format": "yyyy-MM-dd HH:mm:ss.SSS",
        "field": "a",
    }


class TestTimestampConverterOfKeys(Stock):
    transform = TimestampConverterKey
    options: ClassVar[Mapping[str, str]] = {"target.type": "unix", "unix.precision": "seconds"}


class TestTimestampRouter(Stock):
    transform = TimestampRouter
    options: ClassVar[Mapping[str, str]] = {
        "topic.format": "${topic}.${timestamp}",
        "timestamp.format": "yyyyMMddHH",
    }


class TestValueToKey(Stock):
    transform = ValueToKey
    options: ClassVar[Mapping[str, str]] = {"fields": "a"}


class TestValueToKeyOfTwoFields(Stock):
    transform = ValueToKey
    options: ClassVar[Mapping[str, str]] = {"fields": "b,a", "replace.null.with.default": "false"}


class TestHasHeaderKey(StockPredicate):
    predicate = HasHeaderKey
    options: ClassVar[Mapping[str, str]] = {"name": "a"}


class TestRecordIsTombstone(StockPredicate):
    predicate = RecordIsTombstone


class TestTopicNameMatches(StockPredicate):
    predicate = TopicNameMatches
    options: ClassVar[Mapping[str, str]] = {"pattern": "[a-m].*"}
