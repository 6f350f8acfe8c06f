"""Version ranges as Maven writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.plugin_versions import VersionError, best, requirement, version_key

VERSIONS = ["1.0-rc1", "1.0", "1.0.1", "1.2", "1.10", "2.0-SNAPSHOT", "2.0"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (None, "2.0"),
        ("latest", "2.0"),
        ("1.2", "1.2"),
        ("[1.2]", "1.2"),
        ("[1.0,2.0)", "2.0-SNAPSHOT"),
        ("(,1.0]", "1.0"),
        ("(,1.0)", "1.0-rc1"),
        ("[1.5,)", "2.0"),
        ("(,1.0],[1.2,1.2]", "1.2"),
        ("[3.0,)", None),
    ],
)
def test_takes_the_newest_in_range(wanted: str | None, found: str | None) -> None:
    assert best(VERSIONS, wanted) == found


@pytest.mark.parametrize("spec", ["[1.0", "(1.0)", "1.0]", "[2.0,1.0]", "[1,2]x"])
def test_refuses_what_is_no_range(spec: str) -> None:
    with pytest.raises(VersionError):
        requirement(spec)


def test_versions_are_in_order() -> None:
    assert sorted(set(VERSIONS), key=version_key) == VERSIONS


@given(st.lists(st.integers(0, 99), min_size=1, max_size=4))
def test_trailing_zeros_do_not_matter(numbers: list[int]) -> None:
    text = ".".join(map(str, numbers))
    assert version_key(text) == version_key(text + ".0")
