"""What helps when a configuration is refused, for the log: what clients read stays as in Java."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterator, Mapping

from penstock.cluster.errors import BadRequest
from penstock.cluster.views import ConfigInfos
from penstock.sdk.errors import ConfigError

log = logging.getLogger(__name__)

HINTS_MAX = 10
Config = Mapping[str, str | None]


async def explained(validation: Awaitable[ConfigInfos], config: Config) -> ConfigInfos:
    """The same outcome; if it is a refusal, the log has the hints to it."""
    try:
        infos = await validation
    except BadRequest as error:
        _tell(config, [("connector.class", str(error))])
        raise
    if infos.error_count > 0:
        _tell(config, list(_errors(infos)))
    return infos


def _errors(infos: ConfigInfos) -> Iterator[tuple[str, str]]:
    for info in infos.configs:
        if info.value is not None:
            yield from ((info.value.name, error) for error in info.value.errors)


def _tell(config: Config, errors: list[tuple[str, str]]) -> None:
    for setting, remedy in dict.fromkeys(_remedies(config, errors[:HINTS_MAX])):
        log.warning(
            "The configuration of connector %s is refused because of %s. What helps: %s",
            config.get("name"),
            setting,
            remedy,
        )


def _remedies(config: Config, errors: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    from penstock.runtime.hints import advice  # a worker that has just started has no use for it
    from penstock.runtime.hints.model import Clues

    given = {name: value for name, value in config.items() if value is not None}
    for setting, error in errors:
        advised = advice(Clues([ConfigError(error)], None, None, given))
        if advised is not None:
            yield setting, advised.remedy
