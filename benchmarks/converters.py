"""What converting costs per record, beside the plain msgspec call on the same record.

    python -m benchmarks.converters [--records N]

All figures of one row are taken in turn in one run: compare ratios, not microseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from penstock.converters.json import JsonConverter, JsonConverterConfig
from penstock.converters.numbers import LongConverter
from penstock.converters.options import ConverterConfig
from penstock.converters.string import StringConverter, StringConverterConfig
from penstock.sdk.logical import TIMESTAMP
from penstock.sdk.schema import BOOLEAN, FLOAT64, INT64, OPTIONAL_STRING, STRING, Schema, Type

TOPIC = "benchmark"
START = datetime(2024, 1, 1, tzinfo=UTC)


class Case(NamedTuple):
    """Something to measure, and what the plain call does to the same records."""

    name: str
    run: Callable[[], Any]
    plain: Callable[[], Any]


def customers(count: int) -> tuple[Schema, list[dict[str, Any]]]:
    """Five simple fields, about 100 bytes of JSON."""
    fields = {"id": INT64, "name": OPTIONAL_STRING, "amount": FLOAT64, "active": BOOLEAN}
    schema = Schema(Type.STRUCT, name="Customer", fields=(fields | {"city": STRING}).items())
    values = [
        {
            "id": number,
            "name": f"customer-{number}",
            "amount": number * 1.25 + 0.1,
            "active": number % 2 == 0,
            "city": f"Lucerne, Switzerland {number}",
        }
        for number in range(count)
    ]
    return schema, values


def measurements(count: int) -> tuple[Schema, list[dict[str, Any]]]:
    """Doubles of which two in five are printed with an exponent by Java."""
    names = ("tiny", "small", "middle", "large", "huge")
    schema = Schema(Type.STRUCT, fields=[(name, FLOAT64) for name in names])
    powers = (-9, -2, 0, 4, 12)
    values = [
        {name: (number + 1) * 1.1 * 10.0**power for name, power in zip(names, powers, strict=True)}
        for number in range(count)
    ]
    return schema, values


def events(count: int) -> tuple[Schema, list[dict[str, Any]]]:
    """Two simple fields and a Timestamp."""
    schema = Schema(Type.STRUCT, fields={"id": INT64, "what": STRING, "at": TIMESTAMP}.items())
    values = [
        {"id": number, "what": f"event {number}", "at": START + timedelta(seconds=number)}
        for number in range(count)
    ]
    return schema, values


def json_cases(
    title: str, schema: Schema, values: list[dict[str, Any]], plain: list[Any]
) -> Iterator[Case]:
    bare, envelopes = json_converter(False), json_converter(True)
    encode, decode = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode

    def plain_encode() -> Any:
        return [encode(value) for value in plain]

    for name, converter, used in (
        ("without schema", bare, None),
        ("envelope", envelopes, schema),
    ):
        if used is None and plain is not values:
            continue  # such values need their schema
        payloads = converter.encode(TOPIC, used, values)
        bodies = [body for body in bare.encode(TOPIC, schema, values) if body is not None]

        def encode_all(converter: Any = converter, used: Any = used) -> Any:
            return converter.encode(TOPIC, used, values)

        def decode_all(converter: Any = converter, payloads: Any = payloads) -> Any:
            return converter.decode(TOPIC, payloads)

        def plain_decode(bodies: list[bytes] = bodies) -> Any:
            return [decode(body) for body in bodies]

        yield Case(f"{title}, JSON {name}, encode", encode_all, plain_encode)
        yield Case(f"{title}, JSON {name}, decode", decode_all, plain_decode)


def json_converter(schemas: bool) -> JsonConverter:
    settings = {"schemas.enable": schemas, "converter.type": "value"}
    return JsonConverter(JsonConverterConfig.parse(settings))


def simple_cases(count: int) -> Iterator[Case]:
    texts = [f"line {number} of a file that is followed by a connector" for number in range(count)]
    lines = [text.encode() for text in texts]
    strings = StringConverter(StringConverterConfig.parse({"converter.type": "value"}))
    longs = LongConverter(ConverterConfig.parse({"converter.type": "key"}))
    numbers = list(range(count))
    keys = longs.encode(TOPIC, INT64, numbers)
    yield Case(
        "text, encode",
        lambda: strings.encode(TOPIC, STRING, texts),
        lambda: [text.encode() for text in texts],
    )
    yield Case(
        "text, decode",
        lambda: strings.decode(TOPIC, lines),
        lambda: [line.decode() for line in lines],
    )
    yield Case(
        "INT64, encode",
        lambda: longs.encode(TOPIC, INT64, numbers),
        lambda: [number.to_bytes(8, "big", signed=True) for number in numbers],
    )
    yield Case(
        "INT64, decode",
        lambda: longs.decode(TOPIC, keys),
        lambda: [int.from_bytes(key, "big", signed=True) for key in keys if key],
    )


def microseconds(run: Callable[[], Any], count: int) -> float:
    begun = time.process_time()
    run()
    return (time.process_time() - begun) / count * 1e6


def measured(case: Case, count: int, rounds: int) -> tuple[float, float]:
    """The medians of both sides, taken in turn."""
    case.run()
    case.plain()
    ours, plain = zip(
        *((microseconds(case.run, count), microseconds(case.plain, count)) for _ in range(rounds)),
        strict=True,
    )
    return statistics.median(ours), statistics.median(plain)


def cases(count: int) -> Iterator[Case]:
    schema, values = customers(count)
    yield from json_cases("5 fields", schema, values, values)
    schema, values = measurements(count)
    yield from json_cases("5 doubles", schema, values, values)
    schema, values = events(count)
    as_numbers = [value | {"at": int(value["at"].timestamp() * 1000)} for value in values]
    yield from json_cases("Timestamp", schema, values, as_numbers)
    yield from simple_cases(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=500, help="records in a batch")
    parser.add_argument("--rounds", type=int, default=100, help="times each side is run")
    arguments = parser.parse_args()
    print(f"{'':42}{'µs/record':>12}{'plain':>10}{'ratio':>8}")
    for case in cases(arguments.records):
        ours, plain = measured(case, arguments.records, arguments.rounds)
        print(f"{case.name:42}{ours:12.3f}{plain:10.3f}{ours / plain:8.2f}")


if __name__ == "__main__":
    main()
