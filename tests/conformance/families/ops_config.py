"""Operations on settings: references to config providers, and patches."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from penstock.runtime.config_references import resolve
from penstock.runtime.connector_config import patched
from penstock.sdk.config import Config
from penstock.sdk.provider import ConfigData, ConfigProvider
from tests.conformance.runner import Case


class _Recorded(ConfigProvider[Config]):
    def __init__(self, paths: Mapping[str, Mapping[str, str | None]], ttl_ms: int | None) -> None:
        super().__init__(Config({}))
        self._paths = paths
        self._ttl_ms = ttl_ms

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        known = self._paths.get(path, {})
        return ConfigData({key: known[key] for key in keys if key in known}, self._ttl_ms)


def config_transform(case: Case) -> Any:
    ttls = case.get("ttl", {})
    providers = {n: _Recorded(paths, ttls.get(n)) for n, paths in case["providers"].items()}
    found = resolve(case["config"], providers)
    return {"config": found.config, "ttl": found.ttls_ms}


def patch_config(case: Case) -> Any:
    return {"config": patched(case["config"], case["patch"])}
