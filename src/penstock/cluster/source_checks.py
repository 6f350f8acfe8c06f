"""What a distributed worker checks of a source connector's exactly-once settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, cast

from penstock.sdk.config import ConfigError, ConfigValue, config_class
from penstock.sdk.source import ExactlyOnceSupport, SourceConnector

log = logging.getLogger(__name__)

Properties = Mapping[str, str | None]

_DOES_NOT_SAY = (
    "The connector does not implement the API required for preflight validation of exactly-once "
    "source support. Please consult the documentation for the connector to determine whether it "
    "supports exactly-once semantics, and then consider reconfiguring the connector to use the "
    'value "requested" for this property (which will disable this preflight check and allow the '
    "connector to be created)."
)
_NO_WORKER_SUPPORT = "This worker does not have exactly-once source support enabled."
_UNSUPPORTED = (
    "The connector does not support exactly-once semantics with the provided configuration."
)
_NO_BOUNDARIES = (
    "The connector does not support connector-defined transaction boundaries with the given "
    "configuration. Please reconfigure it to use a different transaction boundary definition."
)
_NO_ANSWER = (
    "This connector has returned a null value from its canDefineTransactionBoundaries method, "
    "which is not permitted. The connector will be treated as if it cannot define its own "
    "transaction boundaries, and cannot be configured with 'transaction.boundary' set to "
    "'connector'."
)


class _Validation:
    """The context of a connector that only answers questions."""

    def __init__(self, connector: str) -> None:
        self.connector = connector

    def request_task_reconfiguration(self) -> None:
        """Nothing runs that could be reconfigured."""

    def fail(self, error: Exception) -> None:
        raise error


def check_exactly_once(
    values: Mapping[str, ConfigValue],
    connector: type[SourceConnector[Any]],
    properties: Properties,
    *,
    worker_supports: bool,
) -> None:
    """Add errors to `exactly.once.support` and `transaction.boundary`."""
    support, boundary = values["exactly.once.support"], values["transaction.boundary"]
    if not support.errors and str(support.value).upper() == "REQUIRED":
        if not worker_supports:
            support.add_error(_NO_WORKER_SUPPORT)
        _ask(support, connector, properties, _support_error)
    if not boundary.errors and str(boundary.value).upper() == "CONNECTOR":
        _ask(boundary, connector, properties, _boundary_error)


def _support_error(connector: SourceConnector[Any]) -> str | None:
    support = connector.exactly_once_support()
    if support is None:
        return _DOES_NOT_SAY
    return _UNSUPPORTED if support is ExactlyOnceSupport.UNSUPPORTED else None


def _boundary_error(connector: SourceConnector[Any]) -> str | None:
    answer = cast("bool | None", connector.can_define_transaction_boundaries())
    if answer is None:
        return _NO_ANSWER
    return None if answer else _NO_BOUNDARIES


def _ask(
    found: ConfigValue,
    connector: type[SourceConnector[Any]],
    properties: Properties,
    question: Callable[[SourceConnector[Any]], str | None],
) -> None:
    try:
        config = config_class(connector).parse(properties)
    except ConfigError:
        return  # the setting in question has its own error
    try:
        asked = connector(config, _Validation(properties.get("name") or ""))
        error = question(asked)
        asked.close()
    except Exception as failure:  # whatever a connector raises
        log.exception("A connector failed while its exactly-once support was checked")
        text = str(failure).strip()
        error = "An unexpected error occurred during validation" + (
            f": {text}" if text else "; please see the worker logs for more details."
        )
    if error is not None:
        found.add_error(error)
