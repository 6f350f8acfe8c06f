"""TimestampConverter: change the form of a time: text, Unix number, Date, Time or Timestamp."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from functools import partial
from typing import Annotated, Any, ClassVar, Final

from penstock.sdk.config import Config, Importance, Option, one_of
from penstock.sdk.errors import ConfigError, ConnectError, DataError
from penstock.sdk.java_date_format import BadPatternError, JavaDateFormat
from penstock.sdk.logical import DATE_NAME, TIME_NAME, TIMESTAMP_NAME
from penstock.sdk.numbers import Int64
from penstock.sdk.schema import Schema, Type
from penstock.sdk.values import java_type_name
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.requirements import not_a_struct, required_map
from penstock.transforms.schema_update import Projection, copying, is_struct, struct_like
from penstock.transforms.timestamp_formats import PRECISIONS, TimeForm, time_forms

_PURPOSE = "converting timestamp formats"
_TARGETS: Final = ("string", "unix", "Date", "Time", "Timestamp")
_LOGICAL: Final = {TIMESTAMP_NAME: "Timestamp", DATE_NAME: "Date", TIME_NAME: "Time"}


class TimestampConverterConfig(Config):
    """Settings of TimestampConverter."""

    field: Annotated[
        str,
        Option("Field that holds the time; empty for the whole key or value.", Importance.HIGH),
    ] = ""
    target_type: Annotated[
        str, Option("The form to convert to.", Importance.HIGH, check=one_of(*_TARGETS))
    ]
    format: Annotated[
        str,
        Option(
            "How texts are read and written: a pattern of Java's SimpleDateFormat.",
            Importance.MEDIUM,
        ),
    ] = ""
    unix_precision: Annotated[
        str,
        Option("What Unix numbers count.", Importance.LOW, check=one_of(*PRECISIONS)),
    ] = "milliseconds"
    replace_null_with_default: ReplaceNulls = True

    def check_together(self) -> None:
        if self.target_type == "string" and not (self.format or "").strip():
            raise ConfigError(
                "TimestampConverter requires format option to be specified "
                "when using string timestamps"
            )
        self.pattern()

    def pattern(self) -> JavaDateFormat | None:
        """The format of texts, if there is one."""
        if not (self.format or "").strip():
            return None
        try:
            return JavaDateFormat(self.format)
        except BadPatternError as error:
            raise ConfigError.invalid(
                "TimestampConverter requires a SimpleDateFormat-compatible pattern "
                f"for string timestamps: {self.format}",
                f"java.lang.IllegalArgumentException: {error}",
            ) from error


class TimestampConverter(PartTransform[TimestampConverterConfig]):
    """Converts the whole part or one field of it; null stays null."""

    keeps_null: ClassVar[bool] = False

    def __init__(self, config: TimestampConverterConfig) -> None:
        super().__init__(config)
        self._forms = time_forms(config.pattern(), config.unix_precision)
        self._target = config.target_type

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._in_map if self.config.field else self._inferred)
        if not self.config.field:
            new = _schema_of(self._forms[self._target], schema)
            return Change(new, self._converter(schema))
        if not is_struct(schema):
            return Change(None, partial(_no_struct, schema))
        return self._field_change(schema)

    def _in_map(self, value: Any) -> Any:
        if value is None:
            return None
        given, name = required_map(_PURPOSE, value), self.config.field
        return given | {name: self._inferred(given.get(name))}

    def _inferred(self, value: Any) -> Any:
        """A value without schema in its new form."""
        return None if value is None else self._converted(_form_of(value), value)

    def _converted(self, source: str, value: Any) -> Any:
        if source == self._target == "Timestamp":
            return value
        return self._forms[self._target].write(self._forms[source].read(value))

    def _converter(self, schema: Schema) -> Callable[[Any], Any]:
        source = _source_of(schema)
        if source is None:
            return partial(_unknown, schema)
        return lambda value: None if value is None else self._converted(source, value)

    def _field_change(self, schema: Schema) -> Change:
        field = schema.field(self.config.field)
        defaults = self.config.replace_null_with_default
        copy = copying(schema, purpose=_PURPOSE, defaults=defaults)
        builder = struct_like(schema)
        for each in schema.fields:
            if each is field:
                builder.field(each.name, _schema_of(self._forms[self._target], each.schema))
            else:
                builder.field(each.name, each.schema)
        convert = None if field is None else self._converter(field.schema)
        change = _null_or(self._in_struct(copy, convert))
        if schema.optional:
            builder.optional()
        if schema.default is not None:
            builder.default(change(schema.default))
        return Change(builder.build(), change)

    def _in_struct(
        self, copy: Projection, convert: Callable[[Any], Any] | None
    ) -> Callable[[Any], Any]:
        name = self.config.field
        if convert is None:
            return copy

        def change(value: Any) -> Any:
            changed = copy(value)
            changed[name] = convert(changed[name])
            return changed

        return change


def _no_struct(schema: Schema, value: Any) -> Any:
    if value is not None:
        raise not_a_struct(_PURPOSE, value, schema)
    return schema.fields  # which says that there are none


def _null_or(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else change(value)


def _schema_of(form: TimeForm, source: Schema) -> Schema:
    return form.optional if source.optional else form.required


def _source_of(schema: Schema) -> str | None:
    if schema.name in _LOGICAL:
        return _LOGICAL[schema.name]
    return {Type.STRING: "string", Type.INT64: "unix"}.get(schema.type)


def _unknown(schema: Schema, value: Any) -> Any:
    raise ConnectError(f"Schema {schema} does not correspond to a known timestamp type format")


def _form_of(value: Any) -> str:
    if isinstance(value, date | time):
        return "Timestamp"
    if type(value) is int or type(value) is Int64:
        return "unix"
    if isinstance(value, str):
        return "string"
    found = java_type_name(value)
    raise DataError(f"TimestampConverter does not support class {found} objects as timestamps")


class TimestampConverterKey(TimestampConverter):
    """Converts times in the key."""

    on_key: ClassVar[bool] = True


class TimestampConverterValue(TimestampConverter):
    """Converts times in the value."""
