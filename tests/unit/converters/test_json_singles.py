"""Columns of singles are printed as Java prints each of them."""

from __future__ import annotations

import struct
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from penstock.converters.json_singles import with_fewest_digits
from penstock.sdk.numbers import Float32
from penstock.sdk.values_text import java_float

SINGLES = st.floats(width=32) | st.floats(2**-10, 2**23, width=32) | st.decimals(-10, 10, places=3)


def texts(column: list[float]) -> list[str]:
    near = with_fewest_digits(column, java_float)
    assert near is not None
    return list(map(str, near))


@given(st.lists(SINGLES.map(float), max_size=20))
def test_a_column_is_printed_as_its_values_one_by_one(column: list[float]) -> None:
    assert texts(column) == list(map(java_float, column))


def test_neighbours_of_powers_of_two_and_ten_are_told_apart() -> None:
    centres = [2.0**power for power in range(-9, 24)] + [10.0**power for power in range(-3, 7)]
    column = [centre * (1 + step * 2.0**-23) for centre in centres for step in range(-40, 41)]
    assert texts(column) == list(map(java_float, column))


def test_any_bits_of_a_single_are_printed_as_by_java() -> None:
    random = Random(7)
    bits = [random.getrandbits(32) for _ in range(5000)]
    column = [struct.unpack("f", struct.pack("I", each))[0] for each in bits]
    assert texts(column) == list(map(java_float, column))


def test_what_is_no_number_is_left_to_the_exact_way() -> None:
    assert with_fewest_digits([1.5, Float32(0.1)], java_float) == [1.5, 0.1]
    assert with_fewest_digits([1.5, True], java_float) is None
    assert with_fewest_digits([1.5, None], java_float) is None
