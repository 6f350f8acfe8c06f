"""What the file source answers before any of its tasks runs: tasks, guarantees, offsets."""

from __future__ import annotations

import pytest

from penstock.connectors.file import FileStreamSource
from penstock.connectors.file.config import FileSourceConfig
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.source import ExactlyOnceSupport


def connector(**properties: str) -> FileStreamSource:
    return FileStreamSource(FileSourceConfig.parse({"topic": "t"} | properties), None)  # type: ignore[arg-type]


def test_there_is_one_task_however_many_are_allowed() -> None:
    assert connector(file="/f").task_configs(5) == [{"topic": "t", "file": "/f"}]


def test_only_a_file_can_be_exactly_once() -> None:
    assert connector(file="/f").exactly_once_support() is ExactlyOnceSupport.SUPPORTED
    assert connector().exactly_once_support() is ExactlyOnceSupport.UNSUPPORTED


def test_a_topic_is_required() -> None:
    with pytest.raises(ConfigError, match="topic"):
        FileSourceConfig.parse({"file": "/f"})


def test_offsets_of_standard_input_cannot_be_altered() -> None:
    with pytest.raises(ConnectError, match="stdin is used"):
        connector().alter_offsets({})


def test_offsets_may_be_reset_whatever_their_partition() -> None:
    assert connector(file="/f").alter_offsets({(): None})


@pytest.mark.parametrize(
    ("partition", "offset", "message"),
    [
        ((("filename", "/f"),), {}, "contain the key 'position'"),
        ((("filename", "/f"),), {"position": "1"}, "expected to be a Long"),
        ((("filename", "/f"),), {"position": -1}, "non-negative"),
        (None, {"position": 1}, "cannot be null"),
        ((), {"position": 1}, "contain the key 'filename'"),
    ],
)
def test_offsets_that_make_no_sense_are_refused(
    partition: tuple[tuple[str, object], ...], offset: dict[str, object], message: str
) -> None:
    with pytest.raises(ConnectError, match=message):
        connector(file="/f").alter_offsets({partition: offset})
