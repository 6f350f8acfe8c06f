"""Cast: turn a whole key or value, or some of its fields, into another primitive type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Final

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.config import Config, Importance, Option, described
from penstock.sdk.errors import ConfigError
from penstock.sdk.java_order import hash_order
from penstock.sdk.schema import Schema, Type
from penstock.transforms.casting import CASTABLE, caster
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.requirements import required_map
from penstock.transforms.schema_update import copying, struct_like, with_basics

_PURPOSE = "cast types"
_WHOLE: Final = None  # the key of the cast that is for the value itself


def parsed_spec(texts: list[str]) -> dict[str | None, Type]:
    """The types that fields, or the whole value (None), are cast to."""
    casts: dict[str | None, Type] = {}
    for text in texts:
        parts = java_split(text)
        if len(parts) > 2:
            raise ConfigError.invalid("renames", texts, f"Invalid rename mapping: {text}")
        if len(parts) == 1:
            casts[_WHOLE] = _target(parts[0].strip())
        else:
            casts[parts[0].strip()] = _target(parts[1].strip())
    if _WHOLE in casts and len(texts) > 1:
        raise ConfigError(
            "Cast transformations that specify a type to cast the entire value to "
            "may only specify a single cast in their spec"
        )
    return casts


def java_split(text: str) -> list[str]:
    """Split at colons as Java does: nothing stands behind the last one that matters."""
    parts = text.split(":")
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


def _target(name: str) -> Type:
    kind = Type.__members__.get(name.upper())
    if kind is None:
        constant = f"org.apache.kafka.connect.data.Schema.Type.{name.upper()}"
        raise ConfigError.invalid(
            f"Invalid type found in casting spec: {name}",
            f"java.lang.IllegalArgumentException: No enum constant {constant}",
        )
    if kind not in CASTABLE:
        raise ConfigError(
            f"Cast transformation does not support casting to {kind.name}; "
            f"supported types are [{', '.join(each.name for each in CASTABLE)}]"
        )
    return kind


@described("list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>")
def _spec(name: str, value: Any) -> None:
    if not value:
        raise ConfigError("Must specify at least one field to cast.")
    parsed_spec(value)


class CastConfig(Config):
    """Settings of Cast."""

    spec: Annotated[
        list[str],
        Option(
            "Fields and the types to cast them to, as `field1:type,field2:type`, or one type "
            "for the whole key or value. Types: int8, int16, int32, int64, float32, float64, "
            "boolean and string.",
            Importance.HIGH,
            check=_spec,
        ),
    ]
    replace_null_with_default: ReplaceNulls = True


class Cast(PartTransform[CastConfig]):
    """Casts fields, or the whole key or value, to other primitive types."""

    def __init__(self, config: CastConfig) -> None:
        super().__init__(config)
        self._casts = parsed_spec(config.spec)

    def change(self, schema: Schema | None) -> Change:
        whole = self._casts.get(_WHOLE)
        if whole is not None:
            of = caster(schema, whole)
            return Change(None if schema is None else _whole_schema(schema, whole, of), of)
        if schema is None:
            return Change(None, self._map_change())
        fields = {  # of anything but a struct there are none, says `fields`
            field.name: caster(field.schema, self._casts[field.name])
            for field in schema.fields
            if field.name in self._casts
        }
        return Change(self._struct_schema(schema, fields), self._struct_change(schema, fields))

    def _map_change(self) -> Callable[[Any], Any]:
        names = hash_order(
            name for name in self._casts if name is not None
        )  # tells who fails first
        casts = [(name, caster(None, self._casts[name])) for name in names]

        def change(value: Any) -> Any:
            given = required_map(_PURPOSE, value)
            changed = dict(given)
            for name, cast in casts:
                changed[name] = cast(given.get(name))
            return changed

        return change

    def _struct_change(
        self, schema: Schema, fields: Mapping[str, Callable[[Any], Any]]
    ) -> Callable[[Any], Any]:
        defaults = self.config.replace_null_with_default
        copy = copying(schema, purpose=_PURPOSE, defaults=defaults)
        casts = list(fields.items())

        def change(value: Any) -> Any:
            changed = copy(value)
            for name, cast in casts:
                changed[name] = cast(changed[name])
            return changed

        return change

    def _struct_schema(self, schema: Schema, fields: Mapping[str, Callable[[Any], Any]]) -> Schema:
        builder = struct_like(schema)
        for field in schema.fields:
            if field.name in fields:
                kind = self._casts[field.name]
                changed = _kept(field.schema, SchemaBuilder(kind), fields[field.name])
                builder.field(field.name, changed.build())
            else:
                builder.field(field.name, field.schema)
        return _kept(schema, builder, caster(schema, Type.STRING)).build()


def _whole_schema(schema: Schema, kind: Type, cast: Callable[[Any], Any]) -> Schema:
    return _kept(schema, with_basics(schema, SchemaBuilder(kind)), cast).build()


def _kept(source: Schema, builder: SchemaBuilder, cast: Callable[[Any], Any]) -> SchemaBuilder:
    """The builder, optional if `source` is and with its default, cast."""
    if source.optional:
        builder.optional()
    return builder if source.default is None else builder.default(cast(source.default))


class CastKey(Cast):
    """Casts the key."""

    on_key: ClassVar[bool] = True


class CastValue(Cast):
    """Casts the value."""
