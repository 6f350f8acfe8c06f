"""The offset file is Java's, and survives crashes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.errors import ConnectError
from penstock.stores import files
from penstock.stores.files import OffsetFile
from penstock.stores.offsets import ConnectorOffsets

# As a Java worker wrote it: two keys, the second value refers back to the first array's class.
JAVA = bytes.fromhex(
    "aced0005737200116a6176612e7574696c2e486173684d61700507dac1c31660d103000246000a6c6f6164466163"
    "746f724900097468726573686f6c6478703f4000000000000c7708000000100000000170757200025b42acf317f8"
    "060854e00200007870000000077b226f223a317d78"
)

entries = st.dictionaries(st.none() | st.binary(max_size=9), st.none() | st.binary(max_size=9))


def test_reads_what_java_wrote() -> None:
    assert files.decode(JAVA) == {None: b'{"o":1}'}


@given(entries)
def test_what_is_written_is_read_back(given: dict[bytes | None, bytes | None]) -> None:
    assert files.decode(files.encode(given)) == given


@given(entries, st.data())
def test_every_truncation_is_told_from_other_damage(
    given: dict[bytes | None, bytes | None], data: st.DataObject
) -> None:
    whole = files.encode(given)[:-1]  # the end mark is not needed
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(EOFError):
        files.decode(whole[:cut])


def test_reads_an_array_that_is_referred_to_again() -> None:
    twice = files.encode({b"k": b"same"})
    array = b"\x75\x71\x00\x7e\x00\x02\x00\x00\x00\x04same"
    assert twice.count(array) == 1
    referring = twice.replace(array, b"\x71\x00\x7e\x00\x03")  # the key's array
    assert files.decode(referring) == {b"k": b"k"}


@pytest.mark.parametrize("size", [0, 12, 13, 24, 25, 100])
def test_the_capacity_fits_the_load_factor(size: int) -> None:
    data = files.encode({bytes([i]): b"" for i in range(size)})
    capacity, count = struct.unpack(">ii", data[data.index(b"\x77\x08") + 2 :][:8])
    assert (count, capacity & (capacity - 1)) == (size, 0)
    assert capacity >= 16
    assert size <= capacity * 0.75


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"not a stream", "does not start as a stream of Java objects"),
        (b"\xac\xed\x00\x05\x70", "holds no map"),
        (JAVA.replace(b"HashMap", b"TreeMap"), "expected a java.util.HashMap but found"),
        (JAVA.replace(b"\x02[B", b"\x02[I"), "an array of bytes was expected"),
        (JAVA.replace(b"\x00\x00\x00\x07{", b"\xff\xff\xff\xff{"), "a negative size"),
    ],
)
def test_another_file_is_refused_with_its_name(tmp_path: Path, data: bytes, complaint: str) -> None:
    path = tmp_path / "offsets"
    path.write_bytes(data)
    with pytest.raises(ConnectError, match=complaint) as refused:
        files.load(path)
    assert str(path) in str(refused.value)


def test_a_missing_or_truncated_file_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "offsets"
    assert files.load(path) == {}
    path.write_bytes(JAVA[:60])
    assert files.load(path) == {}
    path.write_bytes(b"")
    assert files.load(path) == {}


def test_a_new_file_takes_the_place_of_the_old_one_and_nothing_is_left_beside_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "offsets"
    link = tmp_path / "link"
    link.symlink_to(path)
    path.write_bytes(JAVA)
    path.chmod(0o640)
    files.save(link, {b"a": b"1"})
    assert files.load(path) == {b"a": b"1"}
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "offsets"]


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConnectError, match=r"nowhere/offsets cannot be written"):
        files.save(tmp_path / "nowhere" / "offsets", {})


def test_offsets_outlive_the_worker(tmp_path: Path) -> None:
    path = tmp_path / "offsets"
    before = OffsetFile(path)
    before.start()
    ConnectorOffsets("c", before).write([({"file": "a"}, {"position": 3})], 1000)
    after = OffsetFile(path)
    after.start()
    found = ConnectorOffsets("c", after).read([{"file": "a"}, {"file": "b"}])
    assert found == [{"position": 3}, None]


def test_forgotten_offsets_leave_the_file(tmp_path: Path) -> None:
    path = tmp_path / "offsets"
    store = OffsetFile(path)
    store.start()
    offsets = ConnectorOffsets("c", store)
    offsets.write([({"file": "a"}, {"position": 3})], 1000)
    offsets.write([({"file": "a"}, None)], 1000)
    assert files.load(path) == {}
