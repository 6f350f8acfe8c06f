"""ReplaceField: leave out or rename fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar

from penstock.sdk.config import Config, Importance, Option, described, list_without_duplicates
from penstock.sdk.errors import ConfigError, DataError
from penstock.sdk.java_order import hash_order
from penstock.sdk.schema import Field, Schema
from penstock.transforms.cast import java_split
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.requirements import (
    KeyTypeError,
    NullSettingError,
    not_a_struct,
    refusing_structs,
    required_map,
)
from penstock.transforms.schema_update import is_struct, projection, struct_like

_PURPOSE = "field replacement"


def parsed_renames(texts: list[str] | None) -> dict[str, str]:
    """New names by old ones."""
    if texts is None:
        raise NullSettingError("The setting 'renames' must not be null.")
    renames: dict[str, str] = {}
    for text in texts:
        parts = java_split(text)
        if len(parts) != 2:
            raise ConfigError.invalid("renames", texts, f"Invalid rename mapping: {text}")
        renames[parts[0]] = parts[1]
    return renames


@described("list of colon-delimited pairs, e.g. <code>foo:bar,abc:xyz</code>")
def _renames(name: str, value: Any) -> None:
    parsed_renames(value)


class ReplaceFieldConfig(Config):
    """Settings of ReplaceField."""

    exclude: Annotated[
        list[str],
        Option(
            "Fields to leave out; this counts more than `include`.",
            Importance.MEDIUM,
            check=list_without_duplicates(),
        ),
    ] = []  # noqa: RUF012  a default, copied at every parse
    include: Annotated[
        list[str],
        Option(
            "Fields to keep; without it all but those in `exclude`.",
            Importance.MEDIUM,
            check=list_without_duplicates(),
        ),
    ] = []  # noqa: RUF012
    renames: Annotated[
        list[str],
        Option("Fields to rename, as `old:new,…`.", Importance.MEDIUM, check=_renames),
    ] = []  # noqa: RUF012
    replace_null_with_default: ReplaceNulls = True


class ReplaceField(PartTransform[ReplaceFieldConfig]):
    """Keeps some fields and renames some."""

    def __init__(self, config: ReplaceFieldConfig) -> None:
        super().__init__(config)
        self._renames = parsed_renames(config.renames)
        # Of two old names for a new one, Connect reads the one its hash map lists last.
        self._old_names = {self._renames[old]: old for old in hash_order(self._renames)}
        self._excluded = frozenset(config.exclude)
        self._included = frozenset(config.include)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._of_maps())
        if not is_struct(schema):
            return Change(None, refusing_structs(_PURPOSE, schema))
        builder = struct_like(schema)
        kept = [field for field in schema.fields if self._keeps(field.name)]
        for field in kept:
            builder.field(self._renames.get(field.name, field.name), field.schema)
        new = builder.build()
        try:
            members = [(self._source(schema, field.name), field.name) for field in new.fields]
        except DataError as error:
            return Change(new, partial(_failing, schema, error))
        defaults = self.config.replace_null_with_default
        return Change(new, projection(schema, members, purpose=_PURPOSE, defaults=defaults))

    def _source(self, schema: Schema, name: str) -> Field:
        """Where a new field comes from: as in Connect, a new name always means its old one."""
        old = self._old_names.get(name, name)
        found = schema.field(old)
        if found is None:
            raise DataError(f"{old} is not a valid field name")
        return found

    def _keeps(self, name: str) -> bool:
        return name not in self._excluded and (not self._included or name in self._included)

    def _of_maps(self) -> Callable[[Any], Any]:
        if self._renames or self._included:
            return self._of_map
        excluded = list(self._excluded)

        def without(value: Any) -> Any:
            changed = _with_names(required_map(_PURPOSE, value)).copy()
            for name in excluded:
                changed.pop(name, None)
            return changed

        return without

    def _of_map(self, value: Any) -> Any:
        rename, keeps = self._renames.get, self._keeps
        given = _with_names(required_map(_PURPOSE, value))
        return {rename(name, name): kept for name, kept in given.items() if keeps(name)}


def _with_names(value: dict[Any, Any]) -> dict[Any, Any]:
    """The map, if all its keys are strings."""
    try:
        "".join(value)  # the cheapest look at all of them
    except TypeError as error:
        raise KeyTypeError("The map has a key that is no string.") from error
    return value


def _failing(schema: Schema, error: DataError, value: Any) -> Any:
    if not isinstance(value, dict):
        raise not_a_struct(_PURPOSE, value, schema)
    raise error


class ReplaceFieldKey(ReplaceField):
    """Keeps and renames fields of the key."""

    on_key: ClassVar[bool] = True


class ReplaceFieldValue(ReplaceField):
    """Keeps and renames fields of the value."""
