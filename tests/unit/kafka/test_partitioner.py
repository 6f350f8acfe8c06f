"""Keys go to the partitions where Java's producers put them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kafka.partitioner import murmur2, partition_for


@pytest.mark.parametrize(
    ("key", "java"),
    [
        ("", 275646681),
        ("a", -1563381124),
        ("ab", 316155434),
        ("abc", 479470107),
        ("abcd", -1323649548),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ('["local-file",{"filename":"/tmp/a"}]', 992313323),
        ("é😀", 1501228757),
    ],
)
def test_hashes_as_java_does(key: str, java: int) -> None:
    assert murmur2(key.encode()) == java % 2**32


@given(st.binary(), st.integers(1, 1000))
def test_every_key_has_a_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_for(key, partitions) < partitions
