"""A connector may be split into `tasks.max` tasks and no more."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)


class TooManyTasksError(ConnectError):
    """A connector made more tasks than it may; trying again does not help."""

    java_class = "org.apache.kafka.connect.runtime.TooManyTasksException"


def check_task_count(
    connector: str, made: int, allowed: int, properties: Mapping[str, str]
) -> None:
    """Raise, or only warn where `tasks.max.enforce` is false."""
    if made <= allowed:
        return
    generated = (
        f"The connector {connector} has generated {made} tasks, which is greater than {allowed}, "
        "the maximum number of tasks it is configured to create. "
    )
    if properties.get("tasks.max.enforce", "true").strip().lower() == "false":
        log.warning("%sThis is tolerated because 'tasks.max.enforce' is false.", generated)
        return
    raise TooManyTasksError(
        generated + "This behaviour should be considered a bug and is disallowed. If necessary, "
        "it can be permitted by reconfiguring the connector with 'tasks.max.enforce' set to "
        "false; however, this option will be removed in a future release of Kafka Connect."
    )
