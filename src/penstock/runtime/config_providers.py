"""The config providers that come with the worker: files, folders, environment variables."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

from penstock.runtime.config_references import resolve
from penstock.runtime.properties import parse_properties
from penstock.sdk.checks import described
from penstock.sdk.config import Config, ConfigError, Importance, Option, config_class
from penstock.sdk.provider import ConfigData, ConfigProvider

log = logging.getLogger(__name__)


class AllowedPathsConfig(Config):
    """Where a provider may read."""

    allowed_paths: Annotated[
        tuple[str, ...] | None,
        Option("Absolute paths below which files may be read; unset: all.", Importance.MEDIUM),
    ] = None

    def check_together(self) -> None:
        for path in map(Path, self.allowed_paths or ()):
            if not path.is_absolute():
                raise ConfigError(f"Path {path} is not absolute")
            if not path.exists():
                raise ConfigError(f"Path {path} does not exist")

    def allowed(self, path: str) -> Path | None:
        """The path without detours, if it may be read."""
        normal = Path(os.path.normpath(path))
        if self.allowed_paths is None:
            return normal
        allowed = (Path(os.path.normpath(each)) for each in self.allowed_paths)
        if any(normal.is_relative_to(each) for each in allowed):
            return normal
        log.warning("The path %s is not allowed to be accessed", path)
        return None


class FileConfigProvider(ConfigProvider[AllowedPathsConfig]):
    """Properties of a file; the path is the file's."""

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        if not path:
            return ConfigData()
        file = self.config.allowed(path)
        if file is None:
            return ConfigData()
        try:
            properties = parse_properties(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"Could not read properties from file {path}") from error
        return ConfigData({key: properties[key] for key in keys if key in properties})


class DirectoryConfigProvider(ConfigProvider[AllowedPathsConfig]):
    """Whole files of a folder; the path is the folder's and the key the name of a file."""

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        if not path:
            return ConfigData()
        folder = self.config.allowed(path)
        if folder is None:
            return ConfigData()
        if not folder.is_dir():
            log.warning("The path %s is not a directory", path)
            return ConfigData()
        files = ((key, folder / key) for key in keys if key and Path(key).name == key)
        return ConfigData({key: _content(file) for key, file in files if file.is_file()})


def _content(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"Could not read file {file} for property {file.name}") from error


@described("valid regex")
def valid_pattern(name: str, value: Any) -> None:
    """A pattern as Java writes it."""
    from penstock.sdk.java_regex import valid_regex

    valid_regex(name, value)


class EnvVarConfig(Config):
    """Which environment variables may be read."""

    allowlist_pattern: Annotated[
        str,
        Option(
            "Pattern of the names of variables that may be read.",
            Importance.MEDIUM,
            check=valid_pattern,
        ),
    ] = ".*"


class EnvVarConfigProvider(ConfigProvider[EnvVarConfig]):
    """Environment variables, as they were when the provider was made; there is no path."""

    def __init__(self, config: EnvVarConfig, environment: Mapping[str, str] | None = None) -> None:
        from penstock.sdk.java_regex import compile_regex

        super().__init__(config)
        allowed = compile_regex(config.allowlist_pattern)
        variables = os.environ if environment is None else environment
        self._variables = {n: value for n, value in variables.items() if allowed.matches(n)}

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        if path:
            raise ConfigError(
                f"Path is not supported for EnvVarConfigProvider, invalid value '{path}'"
            )
        return ConfigData({key: self._variables[key] for key in keys if key in self._variables})


def make_providers(
    properties: Mapping[str, str], load: Callable[[str], type[ConfigProvider[Any]]]
) -> dict[str, ConfigProvider[Any]]:
    """The providers a worker's properties name; `load` finds the class of a name or alias.

    The settings of one may refer to those that are named before it.
    """
    made: dict[str, ConfigProvider[Any]] = {}
    for name in filter(None, properties.get("config.providers", "").split(",")):
        prefix = f"config.providers.{name}."
        named = properties.get(prefix + "class")
        if named is None:
            log.warning("The config provider %s is not used: %sclass is not set", name, prefix)
            continue
        kind = load(named.strip())
        options = {
            key[len(prefix) + 6 :]: value
            for key, value in properties.items()
            if key.startswith(prefix + "param.")
        }
        known = resolve(options, made).config
        made[name] = kind(config_class(kind).parse(known))
    return made
