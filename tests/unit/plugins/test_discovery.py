"""Plugins in folders of `plugin.path`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.cluster.catalog import PluginKind
from penstock.plugins.registry import Registry

SOURCE = """
from penstock.sdk.config import Config
from penstock.sdk.source import SourceConnector

class {name}(SourceConnector[Config]):
    pass
"""


@pytest.fixture(autouse=True)
def _leave_imports_as_they_were() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in [name for name in sys.modules if name.startswith("plugpath_")]:
        del sys.modules[name]  # and no other: what is imported late must not be there twice


def test_finds_plain_modules_and_packages(tmp_path: Path) -> None:
    (tmp_path / "plugpath_one.py").write_text(SOURCE.format(name="OneConnector"))
    (tmp_path / "plugpath_two").mkdir()
    (tmp_path / "plugpath_two" / "__init__.py").write_text(SOURCE.format(name="Two"))
    registry = Registry.discover([str(tmp_path)])
    assert registry.problems == []
    assert registry.connector("One").name == "plugpath_one.OneConnector"
    assert registry.connector("Two").location == str(tmp_path)


def test_finds_an_installed_distribution_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    info = folder / "plugpath_shop-2.5.dist-info"
    info.mkdir(parents=True)
    (folder / "plugpath_shop.py").write_text(SOURCE.format(name="ShopSource"))
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugpath-shop\nVersion: 2.5\n")
    (info / "entry_points.txt").write_text("[penstock.plugins]\nshop = plugpath_shop:ShopSource\n")
    found = Registry.discover([str(tmp_path)]).connector("ShopSource")
    assert (found.kind, found.version) == (PluginKind.SOURCE, "2.5")


def test_a_folder_may_be_named_from_where_the_worker_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "plugpath_near.py").write_text(SOURCE.format(name="NearSource"))
    monkeypatch.chdir(tmp_path)
    assert Registry.discover(["plugins"]).problems == []
    found = Registry.discover(["plugins"]).connector("NearSource")
    assert found.location == str(tmp_path / "plugins")


def test_a_broken_plugin_is_reported_and_hinders_no_other(tmp_path: Path) -> None:
    (tmp_path / "plugpath_bad.py").write_text("import no_such_module_at_all")
    (tmp_path / "plugpath_good.py").write_text(SOURCE.format(name="GoodConnector"))
    registry = Registry.discover([str(tmp_path)])
    assert registry.connector("Good").name == "plugpath_good.GoodConnector"
    (problem,) = registry.problems
    assert problem.name == "plugpath_bad"
    assert problem.reason == "ModuleNotFoundError: No module named 'no_such_module_at_all'"


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (problem,) = Registry.discover([str(tmp_path / "none")]).problems
    assert problem.reason == "There is no such folder."


def test_a_module_whose_name_is_taken_is_reported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text(SOURCE.format(name="Shadow"))
    (problem,) = Registry.discover([str(tmp_path)]).problems
    assert problem.reason.startswith("Another module of this name is imported")
