"""Which partition a key belongs to: murmur2, as Java's producers have it.

Compaction needs one key in one partition, also in clusters where Java workers write, too.
"""

from __future__ import annotations

_SEED = 0x9747B28C
_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
_TAIL = 3


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a record with this key, of so many."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """The hash as an unsigned number of 32 bits."""
    value = (_SEED ^ len(data)) & _MASK
    whole = len(data) & ~_TAIL
    for at in range(0, whole, 4):
        k = (int.from_bytes(data[at : at + 4], "little") * _M) & _MASK
        k ^= k >> 24
        value = (value * _M & _MASK) ^ (k * _M & _MASK)
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    value ^= value >> 13
    value = value * _M & _MASK
    return value ^ (value >> 15)
