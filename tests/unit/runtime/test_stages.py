"""Chains of transformations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.stages import NamedPlugin, TransformChain
from penstock.sdk.config import Config
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record, SourceRecord, replace
from penstock.sdk.transform import Transform


class Twice(Transform[Config]):
    """Each record two times."""

    closed = 0

    def apply(self, records: Sequence[Any]) -> list[Any]:
        return [copy for record in records for copy in (record, replace(record, topic="twice"))]

    def close(self) -> None:
        Twice.closed += 1


class Refusing(Transform[Config]):
    def __init__(self, config: Config) -> None:
        raise ConfigError("It does not like its settings.")

    def apply(self, records: Sequence[Any]) -> list[Any]:
        return list(records)


class Even(Predicate[Config]):
    def matches(self, records: Sequence[Record]) -> list[bool]:
        return [record.value % 2 == 0 for record in records]


class Plugins:
    def transform(self, name: str, version: str | None) -> NamedPlugin:
        return Named(name, {"Twice": Twice, "Refusing": Refusing}[name])

    def predicate(self, name: str, version: str | None) -> NamedPlugin:
        return Named(name, {"Even": Even}[name])


class Named:
    def __init__(self, name: str, kind: type[Any]) -> None:
        self.name = name
        self.load = lambda: kind


CHAIN = {"transforms": "a", "transforms.a.type": "Twice"}
EVEN = CHAIN | {"transforms.a.predicate": "p", "predicates": "p", "predicates.p.type": "Even"}


def topics(properties: dict[str, str], *values: int) -> list[tuple[int, str]]:
    chain = TransformChain.build(properties, Plugins())
    return [(r.value, r.topic) for r in chain.apply([SourceRecord("t", v) for v in values])]


def test_without_transformations_records_are_handed_on() -> None:
    assert topics({}, 1, 2) == [(1, "t"), (2, "t")]


def test_transformations_work_in_the_order_listed() -> None:
    both = CHAIN | {"transforms": "a,b", "transforms.b.type": "Twice"}
    assert len(topics(both, 1)) == 4


def test_a_predicate_says_which_records_a_transformation_is_for() -> None:
    assert topics(EVEN, 1, 2, 3) == [(1, "t"), (2, "t"), (2, "twice"), (3, "t")]
    assert topics(EVEN | {"transforms.a.negate": "TRUE"}, 1, 2) == [
        (1, "t"),
        (1, "twice"),
        (2, "t"),
    ]


@given(st.lists(st.integers(0, 9)), st.booleans())
def test_a_batch_gives_what_its_records_give(values: list[int], negate: bool) -> None:
    properties = EVEN | {"transforms.a.negate": str(negate).lower()}
    assert topics(properties, *values) == [row for v in values for row in topics(properties, v)]


def test_stages_carry_the_class_name_that_reports_show() -> None:
    assert [s.class_name for s in TransformChain.build(CHAIN, Plugins()).stages] == ["Twice"]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"transforms": "a"}, "Invalid value null for configuration transforms.a.type"),
        ({"transforms": "a,a"}, "Duplicate alias provided"),
        ({"transforms": "a", "transforms.a.type": "No"}, "Class No could not be found"),
        (CHAIN | {"transforms.a.negate": "true"}, "defining a predicate to be negated"),
        (EVEN | {"transforms.a.negate": "yes"}, "either true or false"),
    ],
)
def test_wrong_settings_are_named(properties: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        TransformChain.build(properties, Plugins())


def test_an_undefined_predicate_fails_the_task() -> None:
    with pytest.raises(ConnectError, match=r"Unknown configuration 'predicates\.x\."):
        TransformChain.build(CHAIN | {"transforms.a.predicate": "x"}, Plugins())


def test_a_chain_that_cannot_be_built_closes_what_it_made() -> None:
    before = Twice.closed
    half = CHAIN | {"transforms": "a,b", "transforms.b.type": "Refusing"}
    with pytest.raises(ConnectError, match="It does not like its settings"):
        TransformChain.build(half, Plugins())
    assert Twice.closed == before + 1


def test_closing_the_chain_closes_every_transformation() -> None:
    before = Twice.closed
    TransformChain.build(CHAIN, Plugins()).close()
    assert Twice.closed == before + 1
