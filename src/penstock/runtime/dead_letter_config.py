"""The settings of dead letters, which sinks have and sources may have."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Final

from penstock.runtime.connector_config import ERRORS, MEDIUM
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.sdk.config import ConfigType, Option, Width

PREFIX: Final = "errors.deadletterqueue."
DEAD_LETTERS: Final = PREFIX + "topic.name"

LettersTopic = Annotated[
    str,
    Option(
        "Topic to which records go that cannot be processed; empty: none.",
        MEDIUM,
        group=ERRORS,
        order=6,
        width=Width.MEDIUM,
        display="Dead Letter Queue Topic Name",
    ),
]
LettersReplication = Annotated[
    int,
    Option(
        "Copies of the dead letter topic when it is created.",
        MEDIUM,
        type=ConfigType.SHORT,
        group=ERRORS,
        order=7,
        width=Width.MEDIUM,
        display="Dead Letter Queue Topic Replication Factor",
    ),
]
LettersHeaders = Annotated[
    bool,
    Option(
        "Whether dead letters carry headers that tell what went wrong.",
        MEDIUM,
        group=ERRORS,
        order=8,
        width=Width.MEDIUM,
        display="Enable Error Context Headers",
    ),
]


class LetteredSourceConfig(SourceConnectorConfig):
    """The settings of a source that writes dead letters, which Java's cannot."""

    errors_deadletterqueue_topic_name: LettersTopic = ""
    errors_deadletterqueue_topic_replication_factor: LettersReplication = 3
    errors_deadletterqueue_context_headers_enable: LettersHeaders = False


def source_settings(
    properties: Collection[str], own: Collection[str] = ()
) -> type[SourceConnectorConfig]:
    """What a source is configured by.

    To one that does not mention dead letters, or has settings of its `own` of that name, answers
    are those of Java.
    """
    mentioned = any(name.startswith(PREFIX) for name in properties)
    return LetteredSourceConfig if mentioned and DEAD_LETTERS not in own else SourceConnectorConfig
