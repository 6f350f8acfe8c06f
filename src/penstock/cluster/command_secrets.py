"""What commands carry and reports tell that must be shown nowhere."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.messages import (
    CheckOffsets,
    Command,
    ConnectorChanged,
    Failure,
    Report,
    StartConnector,
    StartTask,
    TaskChanged,
)
from penstock.sdk.redaction import SECRETS, hide_optional, learn_settings


def learn_secrets(command: Command) -> None:
    """Keep them out of this process's log, traces and messages."""
    match command:
        case StartConnector(properties=properties) | CheckOffsets(properties=properties):
            learn_settings(properties)
            SECRETS.learn(command.secrets)
        case StartTask():
            learn_settings(command.connector_properties)
            learn_settings(command.task_properties)
            SECRETS.learn(command.secrets)
        case _:
            pass


def without_secrets(report: Report) -> Report:
    """What a host says went wrong: a plugin may have told it what it knows."""
    failure = getattr(report, "failure", None)
    changes: dict[str, object] = {}
    if isinstance(failure, Failure):
        changes["failure"] = _hidden(failure)
    if isinstance(report, ConnectorChanged | TaskChanged) and report.trace is not None:
        changes["trace"] = hide_optional(report.trace)
    return replace(report, **changes) if changes else report


def _hidden(failure: Failure) -> Failure:
    trace = hide_optional(failure.trace) or ""
    return replace(failure, message=hide_optional(failure.message), trace=trace)
