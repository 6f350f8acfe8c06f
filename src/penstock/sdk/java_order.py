"""The order in which a Java `HashMap` with string keys gives its members.

Bytes that other workers compare (keys of the offsets topic, above all) depend on it.
"""

from __future__ import annotations

from collections.abc import Iterable

_LOAD_FACTOR = 0.75


def string_hash(text: str) -> int:
    """What Java's `String.hashCode` answers, as an unsigned number of 32 bits."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for i in range(0, len(units), 2):
        value = (value * 31 + (units[i] << 8) + units[i + 1]) & 0xFFFFFFFF
    return value


def hash_order(keys: Iterable[str], buckets: int = 16) -> list[str]:
    """`keys` as a hash map of at first `buckets` buckets lists them after they were put in turn."""
    unique = list(dict.fromkeys(keys))
    while len(unique) > buckets * _LOAD_FACTOR:
        buckets *= 2
    return sorted(unique, key=lambda key: _bucket(key, buckets))


def copied_order(keys: Iterable[str]) -> list[str]:
    """`keys` as a hash map lists them that was made as the copy of another map."""
    unique = list(dict.fromkeys(keys))
    buckets = 1
    while buckets < len(unique) / _LOAD_FACTOR + 1:
        buckets *= 2
    return hash_order(unique, buckets)


def _bucket(key: str, buckets: int) -> int:
    value = string_hash(key)
    return (value ^ (value >> 16)) & (buckets - 1)
