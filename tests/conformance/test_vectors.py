"""Every recorded case whose behaviour is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.runner import run_file

VECTORS = sorted((Path(__file__).parent / "vectors").glob("*.jsonl"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_behaves_as_recorded(path: Path) -> None:
    report = run_file(path)
    assert report.passed, report.text(most=20)
