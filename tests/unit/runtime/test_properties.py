"""Properties files are read as Java reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.properties import (
    MalformedEscape,
    load_properties,
    parse_properties,
    write_properties,
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a=b", {"a": "b"}),
        ("a:b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("a = = b", {"a": "= b"}),
        ("a\t:\f b ", {"a": "b "}),
        ("a", {"a": ""}),
        ("=b", {"": "b"}),
        ("# c\n ! d\na=b", {"a": "b"}),
        ("a=b\\\n   c", {"a": "bc"}),
        ("a=b\\\n#c", {"a": "b#c"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=b\\\n\nc=d", {"a": "b", "c": "d"}),
        ("# not continued\\\na=b", {"a": "b"}),
        ("a=b\\", {"a": "b"}),
        ("a=1\ra=2\r\nb=3", {"a": "2", "b": "3"}),
        (r"a\ b\=\:c=d", {"a b=:c": "d"}),
        (r"a=\t\n\q\\", {"a": "\t\nq\\"}),
        (r"a=\u00e4\uD83D\uDE00", {"a": "ä😀"}),
        ("\\\n\na=b", {"a": "b"}),
    ],
)
def test_reads_what_java_reads(text: str, wanted: dict[str, str]) -> None:
    assert parse_properties(text) == wanted


def test_takes_bytes_as_latin_1() -> None:
    assert load_properties("a=ä".encode("iso-8859-1")) == {"a": "ä"}


@pytest.mark.parametrize("text", [r"a=\u12", r"a=\u12x4", r"\u=b"])
def test_refuses_a_malformed_unicode_escape(text: str) -> None:
    with pytest.raises(MalformedEscape, match=r"^Malformed \\uxxxx encoding\.$"):
        parse_properties(text)


@given(st.dictionaries(st.text(), st.text()))
def test_what_is_written_is_read_back(properties: dict[str, str]) -> None:
    assert load_properties(write_properties(properties).encode("iso-8859-1")) == properties
