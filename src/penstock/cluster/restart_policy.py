"""When what has failed is restarted by itself: the settings, and what follows from them.

A Java worker leaves a failed task alone, and so do we when an error was raised. A host process that
is gone has no counterpart there: the whole worker would be gone, and be started again.
"""

from __future__ import annotations

import zlib
from typing import Annotated

import msgspec

from penstock.cluster.messages import Failure
from penstock.sdk.checks import at_least, one_of
from penstock.sdk.config import Config, ConfigType, Importance, Option

MEDIUM, LOW, LONG = Importance.MEDIUM, Importance.LOW, ConfigType.LONG
JITTER = 0.25
MENDLESS = (  # the ends of names of Java classes: starting again meets the same
    "ConfigException",
    "AuthorizationException",
    "AuthenticationException",
    "DataException",
    "SerializationException",
    "SchemaBuilderException",
    "TooManyTasksException",
    "UnsupportedVersionException",
    "InvalidTopicException",
    "ClassNotFoundException",
)


class RestartPolicy(Config):
    """When failed connectors and tasks are restarted by themselves; a connector's own values count
    before the worker's."""

    errors_restart_policy: Annotated[
        str,
        Option(
            "What is restarted: nothing, what was lost with its process, or whatever failed with "
            "an error that may pass.",
            MEDIUM,
            check=one_of("off", "crashes", "all"),
        ),
    ] = "crashes"
    errors_restart_max: Annotated[
        int, Option("Most restarts within the window.", LOW, check=at_least(0))
    ] = 10
    errors_restart_window_ms: Annotated[
        int,
        Option("Time in which restarts are counted.", LOW, type=LONG, check=at_least(1)),
    ] = 3_600_000
    errors_restart_delay_ms: Annotated[
        int,
        Option(
            "Pause before the first restart; it doubles with each.",
            LOW,
            type=LONG,
            check=at_least(0),
        ),
    ] = 1000
    errors_restart_delay_max_ms: Annotated[
        int, Option("Longest pause before a restart.", LOW, type=LONG, check=at_least(0))
    ] = 60_000


class Healing(msgspec.Struct, frozen=True):
    """Of one connector or task: when it was restarted, within the window."""

    restarts: tuple[float, ...] = ()
    incarnation: int = -1  # that failed
    due: float | None = None  # when it is restarted
    most: int = 0  # restarts that are allowed within the window
    gave_up: str | None = None  # why it is not restarted any more


def wanted(policy: RestartPolicy, failure: Failure) -> bool:
    """Whether a restart is allowed and may help."""
    if policy.errors_restart_policy == "off":
        return False
    if failure.crashed:
        return True
    return policy.errors_restart_policy == "all" and mendless(failure) is None


def mendless(failure: Failure) -> str | None:
    """The class of an error that starting again would meet again, such as a wrong setting."""
    return next((name for name in _classes(failure) if name.endswith(MENDLESS)), None)


def _classes(failure: Failure) -> list[str]:
    """The Java classes of an error and its causes."""
    causes = [
        line.removeprefix("Caused by: ").split(":")[0].strip()
        for line in failure.trace.splitlines()
        if line.startswith("Caused by: ")
    ]
    return [failure.java_class, *causes]


def pause(policy: RestartPolicy, restarts: int, who: str) -> float:
    """Seconds until a restart. What failed together does not start again in the same moment."""
    doubled = policy.errors_restart_delay_ms * 2 ** min(restarts, 30)
    ms = min(doubled, policy.errors_restart_delay_max_ms)
    chance = zlib.crc32(f"{who} {restarts}".encode()) / 2**32
    return ms / 1000 * (1 + JITTER * chance)
