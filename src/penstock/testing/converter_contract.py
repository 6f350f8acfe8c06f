"""What every converter must do. Inherit the suite, name the class, and pytest runs it.

class TestJsonConverter(ConverterContract):
    converter = JsonConverter
    bad_payloads = (b"{",)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.sdk.config import config_class
from penstock.sdk.converter import Converter, Role
from penstock.sdk.errors import DataError
from penstock.sdk.schema import Schema, same_value
from penstock.testing.strategies import schemas, values

Batch = tuple[Schema | None, list[Any]]  # values that share a schema

TOPIC: Final = "topic"
_inherited: Final = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)


class ConverterContract:
    """Override `batches` if not every value can be written, `read_back` if not all come back."""

    converter: ClassVar[type[Converter[Any]]]
    options: ClassVar[Mapping[str, str]] = {}
    role: ClassVar[Role] = Role.VALUE
    bad_payloads: ClassVar[Sequence[bytes]] = ()

    def batches(self) -> st.SearchStrategy[Batch]:
        """Batches the converter can write."""
        return schemas().flatmap(_batches)

    def read_back(self, schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
        """What reading gives after this was written."""
        return schema, value

    def make(self) -> Converter[Any]:
        """A new converter."""
        given = {**self.options, "converter.type": self.role.value}
        return self.converter(config_class(self.converter).parse(given), self.role)

    @_inherited
    @given(st.data())
    def test_what_is_written_is_read_back(self, data: st.DataObject) -> None:
        schema, written = data.draw(self.batches())
        converter = self.make()
        read = converter.decode(TOPIC, converter.encode(TOPIC, schema, written))
        expected = [self.read_back(schema, value) for value in written]
        assert len(read) == len(expected)
        for (found_schema, found), (wanted_schema, wanted) in zip(read, expected, strict=True):
            assert found_schema == wanted_schema
            assert same_value(found, wanted), (found, wanted)

    @_inherited
    @given(st.data())
    def test_a_batch_is_written_as_its_values_are_one_by_one(self, data: st.DataObject) -> None:
        schema, written = data.draw(self.batches())
        alone = [self.make().encode(TOPIC, schema, [value])[0] for value in written]
        assert self.make().encode(TOPIC, schema, written) == alone

    @_inherited
    @given(st.data())
    def test_a_batch_is_read_as_its_payloads_are_one_by_one(self, data: st.DataObject) -> None:
        converter = self.make()
        payloads: list[bytes | None] = [None]
        for schema, written in data.draw(st.lists(self.batches(), max_size=3)):
            payloads += converter.encode(TOPIC, schema, written)
        mixed = data.draw(st.permutations(payloads))
        together = self.make().decode(TOPIC, mixed)
        for payload, (schema, value) in zip(mixed, together, strict=True):
            alone_schema, alone = self.make().decode(TOPIC, [payload])[0]
            assert schema == alone_schema
            assert same_value(value, alone), (value, alone)

    @_inherited
    @given(st.data())
    def test_columns_hold_what_decode_gives(self, data: st.DataObject) -> None:
        schema, written = data.draw(self.batches())
        payloads = [None, *self.make().encode(TOPIC, schema, written)]
        schemas, found = self.make().decode_columns(TOPIC, payloads)
        pairs = self.make().decode(TOPIC, payloads)
        assert list(schemas) == [schema for schema, _ in pairs]
        assert len(found) == len(pairs)
        assert all(map(same_value, found, [value for _, value in pairs]))

    @_inherited
    @given(st.data())
    def test_values_are_never_edited(self, data: st.DataObject) -> None:
        schema, written = data.draw(self.batches())
        before = deepcopy(written)
        self.make().encode(TOPIC, schema, written)
        assert same_value(written, before)

    @_inherited
    @given(st.data())
    def test_what_was_converted_before_makes_no_difference(self, data: st.DataObject) -> None:
        used = self.make()
        for schema, written in data.draw(st.lists(self.batches(), min_size=1, max_size=3)):
            payloads = used.encode(TOPIC, schema, written)
            assert payloads == self.make().encode(TOPIC, schema, written)
            read, afresh = used.decode(TOPIC, payloads), self.make().decode(TOPIC, payloads)
            assert all(map(same_value, read, afresh))

    def test_an_empty_batch_is_empty(self) -> None:
        converter = self.make()
        assert converter.encode(TOPIC, None, []) == []
        assert converter.decode(TOPIC, []) == []

    def test_bad_bytes_raise_a_data_error(self) -> None:
        converter = self.make()
        for payload in self.bad_payloads:
            with pytest.raises(DataError):
                converter.decode(TOPIC, [payload])


def _batches(schema: Schema) -> st.SearchStrategy[Batch]:
    return st.lists(values(schema), max_size=4).map(lambda written: (schema, written))
