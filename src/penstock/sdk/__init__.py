"""What a plugin author imports; it knows nothing else of ours.

`from penstock.sdk import SourceRecord, SourceTask, …` gives every public name. Each is imported
from the module it lives in when it is first asked for, so that a name costs what it needs only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.sdk.builder import SchemaBuilder as SchemaBuilder
    from penstock.sdk.checks import all_of as all_of
    from penstock.sdk.checks import at_least as at_least
    from penstock.sdk.checks import between as between
    from penstock.sdk.checks import non_empty as non_empty
    from penstock.sdk.checks import non_empty_list as non_empty_list
    from penstock.sdk.checks import one_of as one_of
    from penstock.sdk.checks import one_of_ignoring_case as one_of_ignoring_case
    from penstock.sdk.config import Config as Config
    from penstock.sdk.config import Option as Option
    from penstock.sdk.config import config_class as config_class
    from penstock.sdk.config_def import Check as Check
    from penstock.sdk.config_def import ConfigDef as ConfigDef
    from penstock.sdk.config_def import ConfigKey as ConfigKey
    from penstock.sdk.config_def import ConfigValue as ConfigValue
    from penstock.sdk.config_def import Recommender as Recommender
    from penstock.sdk.config_types import NO_DEFAULT as NO_DEFAULT
    from penstock.sdk.config_types import ConfigType as ConfigType
    from penstock.sdk.config_types import Importance as Importance
    from penstock.sdk.config_types import Password as Password
    from penstock.sdk.config_types import Width as Width
    from penstock.sdk.connector import Connector as Connector
    from penstock.sdk.connector import ConnectorContext as ConnectorContext
    from penstock.sdk.converter import Converter as Converter
    from penstock.sdk.converter import HeaderConverter as HeaderConverter
    from penstock.sdk.converter import Role as Role
    from penstock.sdk.errors import AlreadyExistsError as AlreadyExistsError
    from penstock.sdk.errors import ConfigError as ConfigError
    from penstock.sdk.errors import ConnectError as ConnectError
    from penstock.sdk.errors import DataError as DataError
    from penstock.sdk.errors import IllegalWorkerStateError as IllegalWorkerStateError
    from penstock.sdk.errors import NotFoundError as NotFoundError
    from penstock.sdk.errors import RetriableError as RetriableError
    from penstock.sdk.errors import RetryLater as RetryLater
    from penstock.sdk.errors import SchemaBuilderError as SchemaBuilderError
    from penstock.sdk.errors import SchemaProjectorError as SchemaProjectorError
    from penstock.sdk.errors import java_class as java_class
    from penstock.sdk.exactly_once import ExactlyOnceSinkTask as ExactlyOnceSinkTask
    from penstock.sdk.exactly_once import OffsetMove as OffsetMove
    from penstock.sdk.exactly_once import OffsetsMoved as OffsetsMoved
    from penstock.sdk.headers import Headers as Headers
    from penstock.sdk.headers import header as header
    from penstock.sdk.logical import DATE as DATE
    from penstock.sdk.logical import OPTIONAL_DATE as OPTIONAL_DATE
    from penstock.sdk.logical import OPTIONAL_TIME as OPTIONAL_TIME
    from penstock.sdk.logical import OPTIONAL_TIMESTAMP as OPTIONAL_TIMESTAMP
    from penstock.sdk.logical import TIME as TIME
    from penstock.sdk.logical import TIMESTAMP as TIMESTAMP
    from penstock.sdk.logical import decimal_schema as decimal_schema
    from penstock.sdk.numbers import Float32 as Float32
    from penstock.sdk.numbers import Float64 as Float64
    from penstock.sdk.numbers import Int8 as Int8
    from penstock.sdk.numbers import Int16 as Int16
    from penstock.sdk.numbers import Int32 as Int32
    from penstock.sdk.numbers import Int64 as Int64
    from penstock.sdk.predicate import Predicate as Predicate
    from penstock.sdk.projector import project as project
    from penstock.sdk.provider import ConfigData as ConfigData
    from penstock.sdk.provider import ConfigProvider as ConfigProvider
    from penstock.sdk.provider import LookupFailed as LookupFailed
    from penstock.sdk.record import Header as Header
    from penstock.sdk.record import Record as Record
    from penstock.sdk.record import RecordMetadata as RecordMetadata
    from penstock.sdk.record import SinkRecord as SinkRecord
    from penstock.sdk.record import SourceRecord as SourceRecord
    from penstock.sdk.record import TimestampType as TimestampType
    from penstock.sdk.record import TopicPartition as TopicPartition
    from penstock.sdk.record import replace as replace
    from penstock.sdk.schema import BOOLEAN as BOOLEAN
    from penstock.sdk.schema import BYTES as BYTES
    from penstock.sdk.schema import FLOAT32 as FLOAT32
    from penstock.sdk.schema import FLOAT64 as FLOAT64
    from penstock.sdk.schema import INT8 as INT8
    from penstock.sdk.schema import INT16 as INT16
    from penstock.sdk.schema import INT32 as INT32
    from penstock.sdk.schema import INT64 as INT64
    from penstock.sdk.schema import OPTIONAL_BOOLEAN as OPTIONAL_BOOLEAN
    from penstock.sdk.schema import OPTIONAL_BYTES as OPTIONAL_BYTES
    from penstock.sdk.schema import OPTIONAL_FLOAT32 as OPTIONAL_FLOAT32
    from penstock.sdk.schema import OPTIONAL_FLOAT64 as OPTIONAL_FLOAT64
    from penstock.sdk.schema import OPTIONAL_INT8 as OPTIONAL_INT8
    from penstock.sdk.schema import OPTIONAL_INT16 as OPTIONAL_INT16
    from penstock.sdk.schema import OPTIONAL_INT32 as OPTIONAL_INT32
    from penstock.sdk.schema import OPTIONAL_INT64 as OPTIONAL_INT64
    from penstock.sdk.schema import OPTIONAL_STRING as OPTIONAL_STRING
    from penstock.sdk.schema import STRING as STRING
    from penstock.sdk.schema import Field as Field
    from penstock.sdk.schema import Schema as Schema
    from penstock.sdk.schema import Type as Type
    from penstock.sdk.sink import SinkConnector as SinkConnector
    from penstock.sdk.sink import SinkContext as SinkContext
    from penstock.sdk.sink import SinkTask as SinkTask
    from penstock.sdk.source import ExactlyOnceSupport as ExactlyOnceSupport
    from penstock.sdk.source import SourceConnector as SourceConnector
    from penstock.sdk.source import SourceContext as SourceContext
    from penstock.sdk.source import SourceTask as SourceTask
    from penstock.sdk.source import TransactionBoundaries as TransactionBoundaries
    from penstock.sdk.struct import Struct as Struct
    from penstock.sdk.transform import RecordTransform as RecordTransform
    from penstock.sdk.transform import Transform as Transform
    from penstock.sdk.validation import validate_value as validate_value
    from penstock.sdk.values import convert_to_string as convert_to_string
    from penstock.sdk.values import infer_schema as infer_schema
    from penstock.sdk.values import parse_string as parse_string

_NAMES = {
    "builder": "SchemaBuilder",
    "checks": "all_of at_least between non_empty non_empty_list one_of one_of_ignoring_case",
    "config": "Config Option config_class",
    "config_def": "Check ConfigDef ConfigKey ConfigValue Recommender",
    "config_types": "ConfigType Importance NO_DEFAULT Password Width",
    "connector": "Connector ConnectorContext",
    "converter": "Converter HeaderConverter Role",
    "errors": (
        "AlreadyExistsError ConfigError ConnectError DataError IllegalWorkerStateError "
        "NotFoundError RetriableError RetryLater SchemaBuilderError SchemaProjectorError "
        "java_class"
    ),
    "exactly_once": "ExactlyOnceSinkTask OffsetMove OffsetsMoved",
    "headers": "Headers header",
    "logical": "DATE OPTIONAL_DATE OPTIONAL_TIME OPTIONAL_TIMESTAMP TIME TIMESTAMP decimal_schema",
    "numbers": "Float32 Float64 Int8 Int16 Int32 Int64",
    "predicate": "Predicate",
    "projector": "project",
    "provider": "ConfigData ConfigProvider LookupFailed",
    "record": (
        "Header Record RecordMetadata SinkRecord SourceRecord TimestampType TopicPartition replace"
    ),
    "schema": (
        "BOOLEAN BYTES FLOAT32 FLOAT64 Field INT8 INT16 INT32 INT64 OPTIONAL_BOOLEAN "
        "OPTIONAL_BYTES OPTIONAL_FLOAT32 OPTIONAL_FLOAT64 OPTIONAL_INT8 OPTIONAL_INT16 "
        "OPTIONAL_INT32 OPTIONAL_INT64 OPTIONAL_STRING STRING Schema Type"
    ),
    "sink": "SinkConnector SinkContext SinkTask",
    "source": "ExactlyOnceSupport SourceConnector SourceContext SourceTask TransactionBoundaries",
    "struct": "Struct",
    "transform": "RecordTransform Transform",
    "validation": "validate_value",
    "values": "convert_to_string infer_schema parse_string",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*globals(), *_HOMES]
