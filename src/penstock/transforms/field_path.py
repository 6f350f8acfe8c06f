"""Names of fields in settings: one top-level name, or a path with steps (syntax V2)."""

from __future__ import annotations

from typing import Any, cast

from penstock.sdk.errors import ConfigError
from penstock.sdk.schema import Field, Schema
from penstock.transforms.requirements import (
    NullSettingError,
    UnknownFieldError,
    not_a_struct,
    required_map,
)

_PURPOSE = "nested field access"


class FieldPath:
    """The steps that lead to a field."""

    def __init__(self, text: str | None, syntax: str) -> None:
        if text is None:
            raise NullSettingError("The setting 'field' must not be null: name the field.")
        self.steps = parsed(text) if syntax.upper() == "V2" else (text,)

    def field_in(self, schema: Schema) -> Field | None:
        """The field of that path; None where a step has no field."""
        *before, last = self._checked()
        for step in before:
            found = schema.field(step)
            if found is None:
                return None
            schema = found.schema
        return schema.field(last)

    def value_in_map(self, value: dict[Any, Any]) -> Any:
        """What stands there in a value without schema, or None."""
        *before, last = self._checked()
        for step in before:
            inner = value.get(step)
            if inner is None:
                return None
            value = required_map(_PURPOSE, inner)
        return value.get(last)

    def value_in_struct(self, schema: Schema, value: dict[str, Any], *, defaults: bool) -> Any:
        """What stands there in a struct; on the way to it, null always means the default."""
        *before, last = self._checked()
        for step in before:
            schema, inner = _step(schema, value, step)
            if inner is None:
                return None
            if not isinstance(inner, dict):
                raise not_a_struct(_PURPOSE, inner, schema)
            value = cast("dict[str, Any]", inner)
        found = value.get(last)
        if found is None and defaults:
            field = schema.field(last)
            return None if field is None else field.schema.default
        return found

    def _checked(self) -> tuple[str, ...]:
        if not self.steps:
            raise UnknownFieldError("fromIndex(0) > toIndex(-1)")
        return self.steps


def _step(schema: Schema, value: dict[str, Any], step: str) -> tuple[Schema, Any]:
    field = schema.field(step)
    if field is None:
        return schema, None
    inner = value.get(step)
    return field.schema, field.schema.default if inner is None else inner


def parsed(path: str) -> tuple[str, ...]:
    """The steps of a path: `a.b`, with names that hold dots between backticks."""
    steps: list[str] = []
    at = 0
    while path and at <= len(path):
        step, at = _quoted(path, at) if path[at : at + 1] == "`" else _plain(path, at)
        steps.append(step)
    return tuple(steps)


def _plain(path: str, at: int) -> tuple[str, int]:
    end = path.find(".", at)
    end = len(path) if end < 0 else end
    return path[at:end], end + 1


def _quoted(path: str, start: int) -> tuple[str, int]:
    """The name between backticks, and where the next step starts."""
    name: list[str] = []
    for at in range(start + 1, len(path)):
        closes = path[at] == "`" and path[at + 1 : at + 2] in ("", ".")
        if closes and path[at - 1] != "\\":
            return "".join(name), at + 2
        if closes:
            name.pop()  # the backslash only keeps the backtick from closing
        name.append(path[at])
    raise ConfigError(
        f"Incomplete backtick pair in path: [{path}], consider adding a backslash before "
        f"backtick at position {start} to escape it"
    )
