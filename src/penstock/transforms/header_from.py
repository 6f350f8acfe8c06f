"""HeaderFrom: move or copy fields of the key or value into headers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar

from penstock.sdk.config import Config, Importance, Option, non_empty_list, one_of
from penstock.sdk.errors import ConfigError
from penstock.sdk.headers import header
from penstock.sdk.record import Header, Record, replace
from penstock.sdk.schema import Schema
from penstock.sdk.transform import Transform
from penstock.transforms.parts import SCHEMAS_KEPT, ReplaceNulls, runs
from penstock.transforms.requirements import NullError, not_a_struct, required_map
from penstock.transforms.schema_update import Projection, is_struct, keeping, struct_like

R = TypeVar("R", bound=Record)

Taken = tuple[Any, list[Header]]  # the part that is left and the headers made of it


class HeaderFromConfig(Config):
    """Settings of HeaderFrom."""

    fields: Annotated[
        list[str],
        Option("Names of the fields to take.", Importance.HIGH, check=non_empty_list),
    ]
    headers: Annotated[
        list[str],
        Option(
            "Names of the headers to add, in the order of `fields`.",
            Importance.HIGH,
            check=non_empty_list,
        ),
    ]
    operation: Annotated[
        str,
        Option(
            "`move` takes the fields out of where they were, `copy` leaves them there.",
            Importance.HIGH,
            check=one_of("move", "copy"),
        ),
    ]
    replace_null_with_default: ReplaceNulls = True

    def check_together(self) -> None:
        if len(self.fields) != len(self.headers):
            raise ConfigError(
                "'fields' config must have the same number of elements as 'headers' config."
            )


# header, field, schema (None: there is no such field), what null means
Wanted = tuple[str, str, Schema | None, Any]


class _Plan(NamedTuple):
    """What is done with structs of one schema."""

    schema: Schema
    rest: Projection | None  # None: the struct stays as it is
    headers: list[Wanted]


class HeaderFrom(Transform[HeaderFromConfig]):
    """Adds a header for each field named."""

    on_key: ClassVar[bool] = False

    def __init__(self, config: HeaderFromConfig) -> None:
        super().__init__(config)
        self._moves = config.operation == "move"
        self._purpose = f"header {config.operation}"
        self._pairs = list(zip(config.fields, config.headers, strict=True))
        self._plan = lru_cache(maxsize=SCHEMAS_KEPT)(self._planned)

    def apply(self, records: Sequence[R]) -> list[R]:
        changed: list[R] = []
        for schema, run in runs(records, on_key=self.on_key):
            new, take = self._taking(schema)
            changed += [self._changed(record, new, take) for record in run]
        return changed

    def _taking(self, schema: Schema | None) -> tuple[Schema | None, Callable[[Any], Taken]]:
        if schema is None:
            return None, self._from_map
        if not is_struct(schema):
            return schema, lambda value: self._refuse(value, schema)
        plan = self._plan(schema)
        return plan.schema, lambda value: self._from_struct(plan, schema, value)

    def _changed(self, record: R, schema: Schema | None, take: Callable[[Any], Taken]) -> R:
        part, added = take(record.key if self.on_key else record.value)
        headers = (*record.headers, *added)
        if self.on_key:
            return replace(record, key=part, key_schema=schema, headers=headers)
        return replace(record, value=part, value_schema=schema, headers=headers)

    def _from_map(self, value: Any) -> Taken:
        given = required_map(self._purpose, value)
        headers = [Header(name, given.get(field)) for field, name in self._pairs]
        if not self._moves:
            return given, headers
        moved = frozenset(self.config.fields)
        return {key: kept for key, kept in given.items() if key not in moved}, headers

    def _from_struct(self, plan: _Plan, schema: Schema, value: Any) -> Taken:
        if not isinstance(value, dict):
            return self._refuse(value, schema)
        rest = value if plan.rest is None else plan.rest(value)  # pyright: ignore[reportUnknownVariableType]
        headers: list[Header] = []
        for name, field, its_schema, default in plan.headers:
            if its_schema is None:
                raise NullError(f"There is no field {field} in {schema} to make a header of.")
            found = value.get(field)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
            headers.append(header(name, default if found is None else found, its_schema))
        return rest, headers  # pyright: ignore[reportUnknownVariableType]

    def _refuse(self, value: Any, schema: Schema) -> Taken:
        raise not_a_struct(self._purpose, value, schema)

    def _planned(self, schema: Schema) -> _Plan:
        defaults = self.config.replace_null_with_default
        headers: list[Wanted] = []
        for name, header_name in self._pairs:
            field = schema.field(name)
            if field is None:
                headers.append((header_name, name, None, None))
            else:
                default = field.schema.default if defaults else None
                headers.append((header_name, name, field.schema, default))
        if not self._moves:
            return _Plan(schema, None, headers)
        kept = [f for f in schema.fields if f.name not in self.config.fields]
        builder = struct_like(schema)
        for field in kept:
            builder.field(field.name, field.schema)
        rest = keeping(schema, kept, purpose=self._purpose, defaults=defaults)
        return _Plan(builder.build(), rest, headers)


class HeaderFromKey(HeaderFrom):
    """Takes fields of the key."""

    on_key: ClassVar[bool] = True


class HeaderFromValue(HeaderFrom):
    """Takes fields of the value."""
