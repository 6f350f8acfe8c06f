"""Runs the worked examples of connectors by the test kit: files in, records out, or the reverse."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docs.generator.prose import Block, sdk_names, value_of
from penstock.plugins.registry import Registry
from penstock.runtime.properties import parse_properties
from penstock.sdk import SourceConnector, replace
from penstock.testing import run_sink, run_source


def connector_results(found: list[Block]) -> Iterable[tuple[str, Any, Any]]:
    """What the example is about, what the connector gives, and what the page says."""
    texts = {block.role: block.text for block in found}
    properties = parse_properties(texts["properties"])
    connector: type[Any] = Registry.builtin().connector(properties["connector.class"]).load()
    records = value_of(texts["records"], sdk_names())
    name = properties.get("file", "")
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        if issubclass(connector, SourceConnector):
            if name:
                Path(name).write_text(texts[name], "utf-8")
            with run_source(connector, properties) as source:
                polled = source.poll_until(len(records))
            yield "records", [replace(record, timestamp=None) for record in polled], records
        else:
            with run_sink(connector, properties, topic=properties["topics"]) as sink:
                sink.put_records(records)
            yield name, Path(name).read_text("utf-8"), texts[name]
