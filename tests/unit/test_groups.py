"""Tests of a module that names a group go to one process, whatever xdist knows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.groups import GroupScheduling, group_of

INTEGRATION = Path(__file__).parents[1] / "integration"


@pytest.mark.parametrize(
    ("module", "group"),
    [("test_demo.py", "demo"), ("test_refusals.py", "secured"), ("test_cli.py", None)],
)
def test_a_module_names_its_group(module: str, group: str | None) -> None:
    assert group_of(INTEGRATION / module) == group


def test_tests_are_sent_out_by_group_or_alone(pytestconfig: pytest.Config) -> None:
    scheduling = GroupScheduling.__new__(GroupScheduling)
    scheduling.config = pytestconfig
    at = "tests/integration/"
    scope = scheduling._split_scope
    assert scope(f"{at}test_demo.py::test_a[1::2]") == scope(f"{at}test_demo.py::test_b") == "demo"
    assert scope(f"{at}test_cli.py::test_a[1]") == f"{at}test_cli.py::test_a[1]"
