"""Connector files of a standalone worker."""

from __future__ import annotations

import pytest

from penstock.runtime.connector_files import ConnectorFile, parse_connector_file
from penstock.sdk.errors import ConnectError


def test_reads_a_flat_json_object() -> None:
    found = parse_connector_file(b'{"name": "a", "tasks.max": 2, "x": true, "n": null}', "f")
    config = {"name": "a", "tasks.max": "2", "x": "true", "n": None}
    assert found == ConnectorFile("a", config)


def test_reads_a_creation_request_and_adds_the_name() -> None:
    content = b'{"name": "a", "config": {"x": "1"}, "initial_state": "stopped", "more": []}'
    assert parse_connector_file(content, "f") == ConnectorFile(
        "a", {"x": "1", "name": "a"}, "STOPPED"
    )


def test_reads_properties_whatever_the_extension() -> None:
    assert parse_connector_file(b"name=a\nx: 1", "f.json") == ConnectorFile(
        "a", {"name": "a", "x": "1"}
    )


@pytest.mark.parametrize("content", [b"{}", b"x=1", b"[]", b'{"config": {"x": []}, "name": "a"}'])
def test_a_name_is_mandatory(content: bytes) -> None:
    with pytest.raises(ConnectError) as error:
        parse_connector_file(content, "dir/f")
    assert str(error.value) == (
        "Connector configuration at 'dir/f' is missing the mandatory 'name' configuration"
    )


def test_both_names_must_agree() -> None:
    with pytest.raises(ConnectError) as error:
        parse_connector_file(b'{"name": "a", "config": {"name": "b"}}', "f")
    assert str(error.value) == (
        "Connector name configuration in 'config' doesn't match the one specified in 'name' at 'f'"
    )
