"""Every recorded case whose behaviour is built.

`vectors` holds the reference set. The cases in `found` have the same form: they were recorded from
Java Connect 4.3.0 where random cases showed that Penstock answered differently.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.runner import run_file

HERE = Path(__file__).parent
VECTORS = sorted((HERE / "vectors").glob("*.jsonl"))
FOUND = sorted((HERE / "found").glob("*.jsonl"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_behaves_as_recorded(path: Path) -> None:
    report = run_file(path)
    assert report.passed, report.text(most=20)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_behaves_as_recorded_where_it_once_did_not(path: Path) -> None:
    report = run_file(path)
    assert report.passed, report.text(most=20)
