"""Builds schemas step by step, with Connect's own checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.sdk.errors import DataError, SchemaBuilderError
from penstock.sdk.schema import Field, Schema, Type, same_value
from penstock.sdk.struct import Struct
from penstock.sdk.validation import validate_value


class SchemaBuilder:
    """`SchemaBuilder.struct().name("n").field("id", INT64).build()`.

    Every attribute may be set once; setting the same again is allowed. A default is checked
    against what has been built so far, so state `optional` and `field`s first.
    """

    def __init__(
        self,
        type: Type,  # noqa: A002  Connect's word
        *,
        key_schema: Schema | None = None,
        value_schema: Schema | None = None,
    ) -> None:
        _check_not_null("type", type)
        self.type = type
        self._set: dict[str, Any] = {}
        self._parameters: dict[str, str] | None = None
        self._fields: dict[str, Schema] = {}
        self._key_schema = key_schema
        self._value_schema = value_schema

    def optional(self) -> SchemaBuilder:
        """Allow null."""
        return self._once("optional", True)

    def required(self) -> SchemaBuilder:
        """Forbid null, as is the default."""
        return self._once("optional", False)

    def default(self, value: Any) -> SchemaBuilder:
        """What null stands for; must fit the schema so far."""
        if not same_value(self._set.get("default"), value):
            self._check_unset("default")
        try:
            if isinstance(value, Struct) and self.type is Type.STRUCT:
                raise DataError("Struct schemas do not match.")
            validate_value(self._so_far(), value)
        except DataError as error:
            raise SchemaBuilderError("Invalid default value") from error
        self._set["default"] = value
        return self

    def name(self, name: str) -> SchemaBuilder:
        """The schema's name."""
        return self._once("name", name)

    def version(self, version: int) -> SchemaBuilder:
        """The schema's version."""
        return self._once("version", version)

    def doc(self, doc: str) -> SchemaBuilder:
        """What the schema is about."""
        return self._once("doc", doc)

    def parameter(self, name: str, value: str) -> SchemaBuilder:
        """Add a parameter, or set it anew."""
        self._parameters = {**(self._parameters or {}), name: value}
        return self

    def parameters(self, parameters: Mapping[str, str]) -> SchemaBuilder:
        """Add parameters; none at all change nothing."""
        if parameters:
            self._parameters = {**(self._parameters or {}), **parameters}
        return self

    def field(self, name: str, schema: Schema) -> SchemaBuilder:
        """Add a field to a STRUCT."""
        if self.type is not Type.STRUCT:
            raise SchemaBuilderError(f"Cannot create fields on type {self.type.name}")
        if not name:
            raise SchemaBuilderError("fieldName cannot be null.")
        _check_not_null(f"fieldSchema for field {name}", schema)
        if name in self._fields:
            raise SchemaBuilderError(
                f"Cannot create field because of field name duplication {name}"
            )
        self._fields[name] = schema
        return self

    def build(self) -> Schema:
        """The schema."""
        return self._so_far()

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields so far. Raises `DataError` unless this is a STRUCT."""
        return self._so_far().fields

    @property
    def key_schema(self) -> Schema | None:
        """Of a MAP's keys."""
        return self._key_schema

    @property
    def value_schema(self) -> Schema | None:
        """Of a MAP's values or an ARRAY's elements."""
        return self._value_schema

    @classmethod
    def int8(cls) -> SchemaBuilder:
        return cls(Type.INT8)

    @classmethod
    def int16(cls) -> SchemaBuilder:
        return cls(Type.INT16)

    @classmethod
    def int32(cls) -> SchemaBuilder:
        return cls(Type.INT32)

    @classmethod
    def int64(cls) -> SchemaBuilder:
        return cls(Type.INT64)

    @classmethod
    def float32(cls) -> SchemaBuilder:
        return cls(Type.FLOAT32)

    @classmethod
    def float64(cls) -> SchemaBuilder:
        return cls(Type.FLOAT64)

    @classmethod
    def bool(cls) -> SchemaBuilder:
        return cls(Type.BOOLEAN)

    @classmethod
    def string(cls) -> SchemaBuilder:
        return cls(Type.STRING)

    @classmethod
    def bytes(cls) -> SchemaBuilder:
        return cls(Type.BYTES)

    @classmethod
    def struct(cls) -> SchemaBuilder:
        return cls(Type.STRUCT)

    @classmethod
    def array(cls, value_schema: Schema) -> SchemaBuilder:
        _check_not_null("valueSchema", value_schema)
        return cls(Type.ARRAY, value_schema=value_schema)

    @classmethod
    def map(cls, key_schema: Schema, value_schema: Schema) -> SchemaBuilder:
        _check_not_null("keySchema", key_schema)
        _check_not_null("valueSchema", value_schema)
        return cls(Type.MAP, key_schema=key_schema, value_schema=value_schema)

    @classmethod
    def of(cls, schema: Schema) -> SchemaBuilder:
        """A builder that starts with everything a schema says but optional and default."""
        builder = cls(schema.type)
        builder._key_schema = schema.key_schema if schema.type is Type.MAP else None
        if schema.type in (Type.MAP, Type.ARRAY):
            builder._value_schema = schema.value_schema
        if schema.type is Type.STRUCT:
            builder._fields = {field.name: field.schema for field in schema.fields}
        named = {"name": schema.name, "version": schema.version, "doc": schema.doc}
        builder._set = {key: value for key, value in named.items() if value is not None}
        builder._parameters = None if schema.parameters is None else dict(schema.parameters)
        return builder

    def _once(self, attribute: str, value: Any) -> SchemaBuilder:
        if self._set.get(attribute) != value:
            self._check_unset(attribute)
        self._set[attribute] = value
        return self

    def _check_unset(self, attribute: str) -> None:
        if self._set.get(attribute) is not None:
            raise SchemaBuilderError(
                f"Invalid SchemaBuilder call: {attribute} has already been set."
            )

    def _so_far(self) -> Schema:
        return Schema(
            self.type,
            **self._set,
            parameters=self._parameters,
            fields=self._fields.items(),
            key_schema=self._key_schema,
            value_schema=self._value_schema,
        )


def _check_not_null(what: str, given: object) -> None:
    if given is None:
        raise SchemaBuilderError(f"{what} cannot be null.")
