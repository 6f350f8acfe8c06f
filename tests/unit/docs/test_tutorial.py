"""The blocks of the tutorial are run from top to bottom, as a reader would."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docs.generator.catalog import DOCS
from docs.generator.prose import Block, blocks
from penstock.plugins.registry import Registry
from penstock.runtime.properties import load_properties
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.runtime.worker_config import StandaloneConfig
from penstock.sdk.class_names import finding_classes
from penstock.testing import run_source

BLOCKS = blocks((DOCS / "tutorial.md").read_text("utf-8"))


class Reader:
    """Types in what the page says: files into a folder, the rest into one Python session."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._session: dict[str, Any] = {}
        self._printed = ""
        self.outputs = self.tests = 0

    def do(self, block: Block) -> None:
        if block.role == "output":
            assert self._printed == block.text
            self.outputs += 1
        elif "." in block.role:
            (self._folder / block.role).write_text(block.text, "utf-8")
            sys.modules.pop("counter", None)
            if block.role.startswith("test_"):
                self._run_tests(block.text)
        elif block.language == "python":
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(compile(block.text, "tutorial", "exec"), self._session)
            self._printed = printed.getvalue()

    def _run_tests(self, code: str) -> None:
        names: dict[str, Any] = {}
        exec(compile(code, "tutorial", "exec"), names)
        for test in [value for name, value in names.items() if name.startswith("test_")]:
            test()
            self.tests += 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the file is written twice in a second
    yield tmp_path
    sys.modules.pop("counter", None)


def test_the_tutorial_does_what_it_says(folder: Path) -> None:
    reader = Reader(folder)
    for block in BLOCKS:
        reader.do(block)
    assert reader.outputs == 3
    assert reader.tests == 2


def test_the_first_connector_has_ten_lines_of_its_own() -> None:
    first = next(block.text for block in BLOCKS if block.role == "counter.py")
    lines = [line for line in first.splitlines() if line.strip()]
    body = [line for line in lines if not line.startswith(("from", "class"))]
    assert len(body) <= 10


def test_a_worker_finds_the_connector_in_its_plugin_path(folder: Path) -> None:
    for block in BLOCKS:
        if "." in block.role and not block.role.startswith("test_"):
            (folder / block.role).write_text(block.text, "utf-8")
    worker = load_properties((folder / "worker.properties").read_bytes())
    with finding_classes(Registry.builtin().find_class):
        assert StandaloneConfig.parse(worker).plugin_path == ("plugins",)
    (folder / "plugins").mkdir()
    (folder / "counter.py").rename(folder / "plugins" / "counter.py")
    properties = load_properties((folder / "counter.properties").read_bytes())
    assert SourceConnectorConfig.parse(properties).name == "counter"
    registry = Registry.discover([str(folder / "plugins")])
    sys.path.remove(str(folder / "plugins"))
    connector = registry.connector(properties["connector.class"])
    assert registry.problems == []
    with run_source(connector.load(), properties) as run:
        run.poll_until(2)
        assert run.control.time.now_ms() == 1000
