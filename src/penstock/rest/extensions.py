"""REST extensions by their class names, as `rest.extension.classes` lists them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from penstock.rest.endpoint import Guard
from penstock.sdk.errors import ConfigError

SETTING = "rest.extension.classes"
JAAS_PROPERTY = "java.security.auth.login.config"


def guards(extensions: Sequence[str], environment: Mapping[str, str]) -> list[Guard]:
    """The extensions in their order. Raises ConfigError for one that is not known."""
    return [_guard(name, environment) for name in extensions]


def _guard(name: str, environment: Mapping[str, str]) -> Guard:
    from penstock.rest.basic_auth import NAMES, BasicAuth

    if name not in NAMES:
        detail = f"no such REST extension; there is {NAMES[1]}"
        raise ConfigError.invalid(SETTING, name, detail)
    path = jaas_file(environment)
    if path is None:
        raise ConfigError(
            f"{NAMES[1]} needs a JAAS file with its password file; name it in KAFKA_OPTS as "
            f"-D{JAAS_PROPERTY}=<path>"
        )
    try:
        return BasicAuth.from_jaas(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError.invalid(JAAS_PROPERTY, path, "cannot be read") from error


def jaas_file(environment: Mapping[str, str]) -> Path | None:
    """Where a Java worker would be told of it: in the options of its virtual machine."""
    prefix = f"-D{JAAS_PROPERTY}="
    try:
        words = shlex.split(environment.get("KAFKA_OPTS", ""))
    except ValueError as error:
        raise ConfigError(f"KAFKA_OPTS cannot be taken apart: {error}") from error
    found = [word.removeprefix(prefix) for word in words if word.startswith(prefix)]
    return Path(found[-1]) if found else None
