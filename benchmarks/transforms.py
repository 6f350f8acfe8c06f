"""What typical chains of transformations cost per record, beside a loop that copies a dict.

    python -m benchmarks.transforms [RECORDS]

Prints microseconds per record and the ratio to the loop, all from the same run.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from penstock.runtime.stages import NamedPlugin, TransformChain, transformed
from penstock.sdk.columns import column
from penstock.sdk.record import SinkRecord
from penstock.sdk.schema import (
    INT32,
    INT64,
    OPTIONAL_FLOAT64,
    OPTIONAL_STRING,
    STRING,
    Schema,
    Type,
)
from penstock.transforms import java_names

BATCH = 500
ROUNDS = 7

ORDER = Schema(
    Type.STRUCT,
    name="shop.Order",
    fields=[
        ("id", INT64),
        ("customer", STRING),
        ("total", OPTIONAL_FLOAT64),
        ("note", OPTIONAL_STRING),
        ("items", INT32),
    ],
)

CHAINS: dict[str, dict[str, str]] = {
    "InsertField, MaskField, RegexRouter": {
        "transforms": "a,b,c",
        "transforms.a.type": "InsertField$Value",
        "transforms.a.static.field": "source",
        "transforms.a.static.value": "shop",
        "transforms.b.type": "MaskField$Value",
        "transforms.b.fields": "customer",
        "transforms.c.type": "RegexRouter",
        "transforms.c.regex": "shop\\.(.*)",
        "transforms.c.replacement": "$1",
    },
    "ReplaceField, ValueToKey, ExtractField$Key": {
        "transforms": "a,b,c",
        "transforms.a.type": "ReplaceField$Value",
        "transforms.a.exclude": "note",
        "transforms.b.type": "ValueToKey",
        "transforms.b.fields": "id",
        "transforms.c.type": "ExtractField$Key",
        "transforms.c.field": "id",
    },
    "RegexRouter": {
        "transforms": "a",
        "transforms.a.type": "RegexRouter",
        "transforms.a.regex": "shop\\.(.*)",
        "transforms.a.replacement": "$1",
    },
    "Cast two fields": {
        "transforms": "a",
        "transforms.a.type": "Cast$Value",
        "transforms.a.spec": "items:string,total:int32",
    },
    "Flatten": {"transforms": "a", "transforms.a.type": "Flatten$Value"},
    "TimestampRouter": {"transforms": "a", "transforms.a.type": "TimestampRouter"},
    "Filter tombstones": {
        "transforms": "a",
        "transforms.a.type": "Filter",
        "transforms.a.predicate": "p",
        "predicates": "p",
        "predicates.p.type": "predicates.RecordIsTombstone",
    },
}


class Stock:
    """Finds the stock plugins by the part of their name behind the package."""

    def transform(self, name: str, version: str | None) -> NamedPlugin:
        return Named(name)

    predicate = transform


class Named:
    def __init__(self, name: str) -> None:
        self.name = f"org.apache.kafka.connect.transforms.{name}"

    def load(self) -> type[Any]:
        return java_names.plugin_class(self.name)


def records(count: int, schema: Schema | None) -> list[SinkRecord]:
    values = [
        {"id": i, "customer": f"customer {i % 97}", "total": i / 7, "note": "x", "items": i % 9}
        for i in range(count)
    ]
    return [
        SinkRecord("shop.orders", value, schema, None, None, 1_700_000_000_000 + i, (), 0)
        for i, value in enumerate(values)
    ]


def microseconds(work: Callable[[Sequence[SinkRecord]], Any], given: list[SinkRecord]) -> float:
    """CPU time per record, the best of some rounds over batches."""
    batches = [given[i : i + BATCH] for i in range(0, len(given), BATCH)]
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for batch in batches:
            work(batch)
        best = min(best, time.process_time() - started)
    return best / len(given) * 1e6


def read(batch: Sequence[SinkRecord]) -> list[Any]:
    """What a converter or a sink wants of the records."""
    return [column(batch, name) for name in ("topic", "value", "value_schema", "key")]


def copying(batch: Sequence[SinkRecord]) -> list[dict[str, Any]]:
    """The plain loop: a new dict for each value."""
    copies: list[dict[str, Any]] = []
    for record in batch:
        copies.append(dict(record.value))  # noqa: PERF401  the loop is what is measured
    return copies


def row(name: str, properties: Mapping[str, str], given: list[SinkRecord], plain: float) -> str:
    chain = TransformChain.build(properties, Stock())
    cost = microseconds(lambda batch: read(transformed(chain.stages, batch)), given)
    return f"  {name:45} {cost:6.2f} µs {cost / plain:6.1f} ×"


def main() -> None:
    gc.set_threshold(50_000, 20, 20)  # as in the processes that run tasks
    gc.freeze()
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    for title, schema in (("without schema", None), ("with schema", ORDER)):
        given = records(count, schema)
        plain = microseconds(copying, given)
        print(f"{title}: copying a dict costs {plain:.2f} µs per record")
        for name, properties in CHAINS.items():
            print(row(name, properties, given, plain))


if __name__ == "__main__":
    main()
