"""Logger levels in the words of the admin API, over Python's logging."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from penstock.cluster.views import LoggerLevel

ROOT = "root"
LEVELS = {
    "OFF": logging.CRITICAL + 50,
    "FATAL": logging.CRITICAL,
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "TRACE": 5,
    "ALL": 1,
}
LOGGERS_MAX = 10_000


def is_level(text: str) -> bool:
    """Whether this names a level; case and blanks around it do not matter."""
    return text.strip().upper() in LEVELS


def level_name(number: int) -> str:
    """The level that a number of Python's logging means here."""
    return next(name for name, least in LEVELS.items() if number >= least or name == "ALL")


class LoggerLevels:
    """The levels of this process's loggers, and when they were changed through the API."""

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        told: Callable[[Mapping[str, int]], None] = lambda levels: None,
    ) -> None:
        """`told` hears of changes, by logger; the root logger's name is empty."""
        self._now = now
        self._told = told
        self._modified: dict[str, int] = {}

    def all(self) -> dict[str, LoggerLevel]:
        """Every logger that exists, `root` among them."""
        return {name: self._shown(name) for name in [*self._names(), ROOT]}

    def one(self, logger: str) -> LoggerLevel | None:
        """The level in effect, None for a logger that does not exist."""
        name = _named(logger)
        return self._shown(name) if name == ROOT or name in self._names() else None

    def set(self, logger: str, level: str) -> list[str]:
        """Set the level of a logger and of all whose names start like its; says whose changed."""
        number = LEVELS[level.strip().upper()]
        names, logger = self._names(), _named(logger)
        if logger == ROOT:
            affected = [*names, ROOT]
        else:
            if logger not in names and len(names) >= LOGGERS_MAX:
                raise ValueError(f"There are {LOGGERS_MAX} loggers already")
            affected = [name for name in names if name.startswith(logger) and name != logger]
            affected.append(logger)
        in_effect = {name: level_name(_logger(name).getEffectiveLevel()) for name in affected}
        for name in affected:
            _logger(name).setLevel(number)
        self._told({"" if name == ROOT else name: number for name in affected})
        wanted = level_name(number)
        changed = [name for name in affected if wanted == "OFF" or in_effect[name] != wanted]
        self._modified |= dict.fromkeys(changed, round(self._now() * 1000))
        return sorted(changed)

    def _shown(self, name: str) -> LoggerLevel:
        level = level_name(_logger(name).getEffectiveLevel())
        return LoggerLevel(level, self._modified.get(name))

    def _names(self) -> list[str]:
        known = logging.Logger.manager.loggerDict
        return sorted(name for name, it in list(known.items()) if isinstance(it, logging.Logger))


def _named(logger: str) -> str:
    """The root logger is meant whatever the case of its name."""
    return ROOT if logger.lower() == ROOT else logger


def _logger(name: str) -> logging.Logger:
    return logging.getLogger() if name == ROOT else logging.getLogger(name)
