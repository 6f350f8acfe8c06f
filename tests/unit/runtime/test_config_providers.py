"""Config providers and the references to them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from penstock.plugins.registry import Registry
from penstock.runtime.config_providers import (
    AllowedPathsConfig,
    DirectoryConfigProvider,
    EnvVarConfig,
    EnvVarConfigProvider,
    FileConfigProvider,
    make_providers,
)
from penstock.runtime.config_references import resolve
from penstock.sdk.class_names import ClassRef
from penstock.sdk.config import Config, ConfigError
from penstock.sdk.provider import ConfigData, ConfigProvider

FREE = AllowedPathsConfig.parse({})


class Counting(ConfigProvider[Config]):
    """Answers every key with itself in capitals, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(Config({}))
        self.asked: list[tuple[str, list[str]]] = []

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        self.asked.append((path, sorted(keys)))
        return ConfigData({key: key.upper() for key in keys}, 5)


def test_each_provider_is_asked_once_per_path() -> None:
    provider = Counting()
    given = {"a": "${p:x:k1}-${p:x:k2}", "b": "${p:x:k1}", "c": "${p:k}", "d": None}
    found = resolve(given, {"p": provider})
    assert found.config == {"a": "K1-K2", "b": "K1", "c": "K", "d": None}
    assert found.ttls_ms == {"x": 5, "": 5}
    assert sorted(provider.asked) == [("", ["k"]), ("x", ["k1", "k2"])]


def test_reads_properties_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secrets"
    file.write_text("user=ä\npassword: b", encoding="utf-8")
    data = FileConfigProvider(FREE).get(str(file), ["user", "none"]).data
    assert data == {"user": "ä"}


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"Could not read properties from file .*none"):
        FileConfigProvider(FREE).get(str(tmp_path / "none"), ["a"])


def test_reads_nothing_outside_the_allowed_paths(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("k=v")
    (tmp_path / "b").write_text("k=v")
    provider = FileConfigProvider(AllowedPathsConfig.parse({"allowed.paths": tmp_path / "in"}))
    assert provider.get(str(tmp_path / "in" / "a"), ["k"]).data == {"k": "v"}
    assert provider.get(str(tmp_path / "b"), ["k"]).data == {}
    assert provider.get(str(tmp_path / "in" / ".." / "b"), ["k"]).data == {}


def test_allowed_paths_have_to_be_there() -> None:
    with pytest.raises(ConfigError, match="Path a/b is not absolute"):
        AllowedPathsConfig.parse({"allowed.paths": "a/b"})
    with pytest.raises(ConfigError, match="Path /no/such/path does not exist"):
        AllowedPathsConfig.parse({"allowed.paths": "/no/such/path"})


def test_reads_whole_files_of_a_folder_and_only_of_it(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "token").write_text("abc\n")
    (tmp_path / "other").write_text("x")
    provider = DirectoryConfigProvider(FREE)
    assert provider.get(str(tmp_path / "d"), ["token", "../other", "none"]).data == {
        "token": "abc\n"
    }
    assert provider.get(str(tmp_path / "other"), ["x"]).data == {}


def test_reads_environment_variables_that_are_allowed() -> None:
    config = EnvVarConfig.parse({"allowlist.pattern": "APP_.*"})
    provider = EnvVarConfigProvider(config, {"APP_A": "1", "HOME": "/"})
    assert provider.get("", ["APP_A", "HOME"]).data == {"APP_A": "1"}
    with pytest.raises(ConfigError, match="not supported for EnvVarConfigProvider, invalid value"):
        provider.get("x", ["APP_A"])


def test_a_worker_makes_the_providers_it_names() -> None:
    def load(name: str) -> type[ConfigProvider[Config]]:
        found = Registry.builtin().find_class(name)
        assert isinstance(found, ClassRef)
        return found.load()

    made = make_providers(
        {
            "config.providers": "env,unused",
            "config.providers.env.class": "EnvVar",
            "config.providers.env.param.allowlist.pattern": "X",
        },
        load,
    )
    assert list(made) == ["env"]
    assert isinstance(made["env"], EnvVarConfigProvider)
    assert made["env"].config.allowlist_pattern == "X"
