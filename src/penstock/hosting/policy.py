"""Our own settings about where tasks run and what they may do.

They are no settings of Kafka Connect, so they are not part of what clients are shown of a
connector's settings; a connector's own value goes before the worker's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

from penstock.cluster.restart_policy import RestartPolicy
from penstock.sdk.checks import at_least, one_of
from penstock.sdk.config import Config, ConfigType, Importance, Option
from penstock.sdk.errors import ConfigError

MEDIUM, LOW = Importance.MEDIUM, Importance.LOW
LONG = ConfigType.LONG


class HostingConfig(Config):
    """Settings of the worker."""

    penstock_hosting: Annotated[
        str,
        Option(
            "Whether tasks run in processes of their own or as threads of the worker.",
            MEDIUM,
            check=one_of("process", "thread"),
        ),
    ] = "process"
    penstock_hosts_max: Annotated[
        int | None,
        Option("Most processes that tasks share; one per core if not set.", LOW),
    ] = None
    penstock_hosts_start: Annotated[
        str,
        Option(
            "How processes are started: forked with everything imported, or from nothing.",
            LOW,
            check=one_of("fork", "spawn"),
        ),
    ] = "fork"
    penstock_hosts_processes_max: Annotated[
        int,
        Option(
            "Most processes a host may consist of, with all that its tasks start.",
            LOW,
            check=at_least(1),
        ),
    ] = 64
    penstock_metrics_interval_ms: Annotated[
        int,
        Option(
            "How often hosts tell the worker what their tasks have counted.",
            LOW,
            type=LONG,
            check=at_least(100),
        ),
    ] = 5_000
    penstock_providers_timeout_ms: Annotated[
        int,
        Option(
            "How long a config provider that is a plugin may take to start, and to answer.",
            LOW,
            type=LONG,
            check=at_least(100),
        ),
    ] = 30_000

    @property
    def hosts_max(self) -> int:
        wanted = self.penstock_hosts_max
        if wanted is None:
            return cores()
        if wanted < 1:
            raise ConfigError.invalid("penstock.hosts.max", wanted, "must be at least 1")
        return wanted


class TaskPolicy(Config):
    """Settings of a connector, or of the worker for all its connectors."""

    task_isolation: Annotated[
        str,
        Option(
            "Whether each task has a process of its own or shares one with others.",
            MEDIUM,
            check=one_of("shared", "process"),
        ),
    ] = "shared"
    task_memory_max_mb: Annotated[
        int,
        Option(
            "Memory a task may use; a task with a limit has a process of its own. 0: no limit.",
            MEDIUM,
            check=at_least(0),
        ),
    ] = 0
    task_stuck_timeout_ms: Annotated[
        int,
        Option(
            "After so long inside one call of plugin code a task counts as stuck. 0: never.",
            LOW,
            type=LONG,
            check=at_least(0),
        ),
    ] = 300_000
    task_stuck_action: Annotated[
        str,
        Option(
            "What is done about a stuck task: tell its stack in the log, or also restart it.",
            LOW,
            check=one_of("log", "restart"),
        ),
    ] = "log"

    @property
    def alone(self) -> bool:
        """Whether the task has a process of its own."""
        return self.task_isolation == "process" or self.task_memory_max_mb > 0


OUR_SETTINGS = (TaskPolicy, RestartPolicy)  # that a connector may have


def task_policy(worker: Mapping[str, Any], connector: Mapping[str, str]) -> TaskPolicy:
    """Raises ConfigError."""
    names = TaskPolicy.definition().keys
    given = {
        name: source[name] for source in (worker, connector) for name in names if name in source
    }
    return TaskPolicy.parse(given)


def cores() -> int:
    """Those this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
