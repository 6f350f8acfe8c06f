"""From a schema as Avro writes it to columns of made-up values, `arg.properties` obeyed.

Rows are made in blocks: what a row holds depends on the seed and its number alone.
"""

from __future__ import annotations

import json
import string
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Final, NamedTuple, cast

from penstock.connectors.datagen.patterns import Pattern
from penstock.sdk.errors import DataError
from penstock.sdk.schema import Schema, Type

Column = Callable[[Random, int, int], Sequence[Any]]  # random, number of the first row, how many

LENGTH: Final = 8  # of a text or a list that nothing is told of
_LETTERS: Final = string.ascii_letters + string.digits
_TYPES: Final = {
    "boolean": Type.BOOLEAN,
    "int": Type.INT32,
    "long": Type.INT64,
    "float": Type.FLOAT32,
    "double": Type.FLOAT64,
    "string": Type.STRING,
    "bytes": Type.BYTES,
}
_BITS: Final = {"int": 32, "long": 64}


class Generator(NamedTuple):
    """A schema, and what makes columns of its values."""

    schema: Schema
    column: Column


def generator(text: str) -> Generator:
    """Reads a schema. Raises `DataError` that says what is wrong and where."""
    try:
        declared = json.loads(text)
    except ValueError as error:
        raise DataError(f"The schema is no JSON: {error}") from error
    return _made(declared, "the schema", optional=False)


def _made(declared: Any, where: str, *, optional: bool) -> Generator:
    if isinstance(declared, list):
        return _nullable(cast("list[Any]", declared), where)
    given = _mapping(declared) or {"type": declared}
    kind: Any = given.get("type")
    if isinstance(kind, dict | list):  # {"type": {"type": "int", …}}
        return _made(kind, where, optional=optional)
    arguments = _mapping(given.get("arg.properties"))
    if kind == "record":
        return _record(given, where, optional=optional)
    if kind == "array":
        return _array(given, arguments, where, optional=optional)
    if kind == "map":
        return _map(given, arguments, where, optional=optional)
    if kind == "enum":
        column = _chosen(arguments.get("options") or given.get("symbols") or [], where)
        return Generator(Schema(Type.STRING, optional=optional), column)
    if kind not in _TYPES:
        raise DataError(
            f"{where} has the type {kind!r}; known are record, array, map, enum, "
            f"{', '.join(_TYPES)} and a list of null and one of them."
        )
    return Generator(Schema(_TYPES[kind], optional=optional), _simple(kind, arguments, where))


def _mapping(told: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", told) if isinstance(told, dict) else {}


def _nullable(options: list[Any], where: str) -> Generator:
    some = [option for option in options if option != "null"]
    if len(some) != 1:
        raise DataError(f"{where} is a union; it may have null and one other type.")
    made = _made(some[0], where, optional=len(some) < len(options))
    if len(some) == len(options):
        return made
    inner = made.column

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        values = inner(random, first, size)
        there = random.choices((True, True, True, False), k=size)
        return [value if is_there else None for value, is_there in zip(values, there, strict=True)]

    return Generator(made.schema, column)


def _record(given: Mapping[str, Any], where: str, *, optional: bool) -> Generator:
    members: dict[str, Generator] = {}
    for field in given.get("fields") or ():
        name = field["name"]
        declared = field["type"]
        if "arg.properties" in field and not isinstance(declared, dict | list):
            declared = {"type": declared, "arg.properties": field["arg.properties"]}
        members[name] = _made(declared, f"field {name!r} of {where}", optional=False)
    if not members:
        raise DataError(f"{where} is a record without fields.")
    name = given.get("name")
    space = given.get("namespace")
    schema = Schema(
        Type.STRUCT,
        name=f"{space}.{name}" if space and name else name,
        optional=optional,
        fields=[(member, made.schema) for member, made in members.items()],
    )
    columns = [made.column for made in members.values()]
    rows = _rows(list(members))

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        return rows([make(random, first, size) for make in columns])

    return Generator(schema, column)


def _rows(names: Sequence[str]) -> Callable[[Sequence[Sequence[Any]]], list[dict[str, Any]]]:
    """Columns as dicts: a function made for the names, which stand in its text as literals."""
    variables = [f"v{number}" for number in range(len(names))]
    pairs = ", ".join(f"{name!r}: {v}" for name, v in zip(names, variables, strict=True))
    text = f"lambda columns: [{{{pairs}}} for {', '.join(variables)}, in zip(*columns)]"
    made: Any = eval(text, {"__builtins__": {"zip": zip}})
    return made


def _array(
    given: Mapping[str, Any], arguments: Mapping[str, Any], where: str, *, optional: bool
) -> Generator:
    items = _made(given.get("items"), f"the items of {where}", optional=False)
    lengths = _lengths(arguments, where)

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        counts = lengths(random, size)
        drawn = iter(items.column(random, first, sum(counts)))
        return [[next(drawn) for _ in range(count)] for count in counts]

    schema = Schema(Type.ARRAY, optional=optional, value_schema=items.schema)
    return Generator(schema, column)


def _map(
    given: Mapping[str, Any], arguments: Mapping[str, Any], where: str, *, optional: bool
) -> Generator:
    values = _made(given.get("values"), f"the values of {where}", optional=False)
    lengths = _lengths(arguments, where)

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        counts = lengths(random, size)
        drawn = iter(values.column(random, first, sum(counts)))
        return [{f"key{number}": next(drawn) for number in range(count)} for count in counts]

    keys = Schema(Type.STRING)
    return Generator(
        Schema(Type.MAP, optional=optional, key_schema=keys, value_schema=values.schema), column
    )


def _simple(kind: str, arguments: Mapping[str, Any], where: str) -> Column:
    if "options" in arguments:
        return _chosen(arguments["options"], where)
    if "iteration" in arguments:
        return _counted(kind, arguments["iteration"], where)
    if "regex" in arguments:
        pattern = Pattern(arguments["regex"])
        return lambda random, first, size: pattern.column(random, size)
    if kind in _BITS:
        return _whole(kind, arguments.get("range") or {}, where)
    if kind in ("float", "double"):
        return _fraction(arguments.get("range") or {}, where)
    if kind == "boolean":
        return _chosen([True, False], where)
    lengths = _lengths(arguments, where)

    def texts(random: Random, first: int, size: int) -> Sequence[Any]:
        counts = lengths(random, size)
        letters = "".join(random.choices(_LETTERS, k=sum(counts)))
        made: list[Any] = []
        at = 0
        for count in counts:
            made.append(letters[at : at + count])
            at += count
        return made if kind == "string" else [text.encode() for text in made]

    return texts


def _chosen(options: Any, where: str) -> Column:
    if not isinstance(options, list) or not options:
        raise DataError(f"The options of {where} must be a list that is not empty.")
    given = tuple(cast("list[Any]", options))
    if len(given) == 1:
        return lambda random, first, size: given * size
    return lambda random, first, size: random.choices(given, k=size)


def _counted(kind: str, told: Any, where: str) -> Column:
    start, step = _number(told, "start", 0, where), _number(told, "step", 1, where)
    restart = _mapping(told).get("restart")
    period = None
    if restart is not None and step:
        period = max(1, -int((start - restart) // step))

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        rows = range(first, first + size)
        if kind == "string":
            return [str(start + step * (row % period if period else row)) for row in rows]
        if period is None:
            return [start + step * row for row in rows]
        return [start + step * (row % period) for row in rows]

    return column


def _whole(kind: str, told: Any, where: str) -> Column:
    limit = 1 << (_BITS[kind] - 1)
    least, most = _number(told, "min", -limit, where), _number(told, "max", limit, where)
    least, most = max(-limit, int(least)), min(limit, int(most))
    if least >= most:
        raise DataError(f"The range of {where} is empty: max must be more than min.")
    width = most - least

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        draw = random.random
        return [least + int(width * draw()) for _ in range(size)]

    return column


def _fraction(told: Any, where: str) -> Column:
    least, most = _number(told, "min", 0.0, where), _number(told, "max", 1.0, where)
    if least > most:
        raise DataError(f"The range of {where} is empty: max must not be less than min.")
    width = most - least

    def column(random: Random, first: int, size: int) -> Sequence[Any]:
        draw = random.random
        return [least + width * draw() for _ in range(size)]

    return column


def _lengths(arguments: Mapping[str, Any], where: str) -> Callable[[Random, int], list[int]]:
    told = arguments.get("length", LENGTH)
    if isinstance(told, int):
        return lambda random, size: [told] * size
    least, most = _number(told, "min", 0, where), _number(told, "max", LENGTH, where)
    choices = range(int(least), int(most))
    if not choices or choices.start < 0:
        raise DataError(f"The length of {where} must be a number, or min and a max above it.")
    return lambda random, size: random.choices(choices, k=size)


def _number(told: Any, name: str, otherwise: float, where: str) -> Any:
    found = _mapping(told).get(name, otherwise) if isinstance(told, dict) else told
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise DataError(f"{name!r} of {where} must be a number, not {found!r}.")
    return found
