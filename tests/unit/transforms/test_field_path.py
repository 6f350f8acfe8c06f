"""Paths to nested fields."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.errors import ConfigError, DataError
from penstock.transforms.field_path import FieldPath, parsed


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("a.b", ("a", "b")),
        ("`a.b`.c", ("a.b", "c")),
        ("a`b", ("a`b",)),
        ("a.", ("a", "")),
        ("..", ("", "", "")),
        ("`a\\`.b`", ("a`.b",)),
        ("`a\\`b`", ("a\\`b",)),
        ("``", ("",)),
        ("", ()),
    ],
)
def test_dots_separate_steps_and_backticks_quote_them(path: str, steps: tuple[str, ...]) -> None:
    assert parsed(path) == steps


@pytest.mark.parametrize(("path", "position"), [("`foo`bar", 0), ("foo.`x.y", 4), ("`a\\`", 0)])
def test_says_where_a_backtick_is_not_closed(path: str, position: int) -> None:
    with pytest.raises(ConfigError, match=f"backtick at position {position} to escape it"):
        parsed(path)


@given(st.text("ab.`\\", max_size=8))
def test_a_name_without_backticks_is_split_at_its_dots(path: str) -> None:
    plain = path.replace("`", "")
    assert parsed(plain) == (tuple(plain.split(".")) if plain else ())


def test_version_1_knows_one_name_only() -> None:
    assert FieldPath("a.b", "V1").value_in_map({"a.b": 1, "a": {"b": 2}}) == 1
    assert FieldPath("a.b", "v2").value_in_map({"a.b": 1, "a": {"b": 2}}) == 2


def test_refuses_to_step_into_what_is_no_map() -> None:
    with pytest.raises(DataError, match=r"\[nested field access\], found: java.lang.String"):
        FieldPath("a.b", "V2").value_in_map({"a": "text"})
