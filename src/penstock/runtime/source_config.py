"""The framework's settings of source connectors."""

from __future__ import annotations

from typing import Annotated

from penstock.runtime.connector_config import LOW, MEDIUM, ConnectorConfig, aliases
from penstock.sdk.checks import at_least, non_empty, one_of_ignoring_case, optional
from penstock.sdk.config import ConfigType, Option, Width

_EXACTLY_ONCE = "Exactly Once Support"


class SourceConnectorConfig(ConnectorConfig):
    """The framework's settings of a source connector."""

    topic_creation_groups: Annotated[
        tuple[str, ...],
        Option(
            "Groups of topics that are created with settings of their own.",
            LOW,
            check=aliases("topic creation groups"),
            group="Topic Creation",
            order=1,
            width=Width.LONG,
            display="Topic Creation Groups",
        ),
    ] = ()
    exactly_once_support: Annotated[
        str,
        Option(
            "Whether the connector is refused (required) if it cannot write exactly once.",
            MEDIUM,
            check=one_of_ignoring_case("requested", "required"),
            group=_EXACTLY_ONCE,
            order=2,
            width=Width.SHORT,
            display="Exactly once support",
        ),
    ] = "requested"
    transaction_boundary: Annotated[
        str,
        Option(
            "When transactions end: after each poll, after a time, or as the connector says.",
            MEDIUM,
            check=one_of_ignoring_case("poll", "interval", "connector"),
            group=_EXACTLY_ONCE,
            order=3,
            width=Width.SHORT,
            display="Transaction Boundary",
        ),
    ] = "poll"
    transaction_boundary_interval_ms: Annotated[
        int | None,
        Option(
            "How often transactions end; unset: with the worker's commits of offsets.",
            LOW,
            type=ConfigType.LONG,
            check=optional(at_least(0)),
            group=_EXACTLY_ONCE,
            order=4,
            width=Width.SHORT,
            display="Transaction boundary interval",
        ),
    ] = None
    offsets_storage_topic: Annotated[
        str | None,
        Option(
            "Topic of this connector's offsets; unset: the worker's.",
            LOW,
            check=non_empty,
            group="offsets.topic",
            order=1,
            width=Width.LONG,
            display="Offsets topic",
        ),
    ] = None
