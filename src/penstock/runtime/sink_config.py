"""The framework's settings of sink connectors, and checks that concern several of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from penstock.runtime.connector_config import COMMON, HIGH, ConnectorConfig
from penstock.runtime.dead_letter_config import DEAD_LETTERS as DEAD_LETTERS
from penstock.runtime.dead_letter_config import (
    LettersHeaders,
    LettersReplication,
    LettersTopic,
)
from penstock.runtime.java_order import hash_order
from penstock.sdk.checks import list_without_duplicates
from penstock.sdk.config import ConfigError, Option, Width
from penstock.sdk.config_types import trim
from penstock.sdk.java_regex import compile_regex, valid_regex

TOPICS: Final = "topics"
TOPICS_REGEX: Final = "topics.regex"

Properties = Mapping[str, str | None]


class SinkConnectorConfig(ConnectorConfig):
    """The framework's settings of a sink connector."""

    topics: Annotated[
        tuple[str, ...],
        Option(
            "Topics to consume.",
            HIGH,
            check=list_without_duplicates(),
            group=COMMON,
            order=4,
            width=Width.LONG,
            display="Topics",
        ),
    ] = ()
    topics_regex: Annotated[
        str,
        Option(
            "Java pattern of the names of topics to consume, in place of `topics`.",
            HIGH,
            check=valid_regex,
            group=COMMON,
            order=4,
            width=Width.LONG,
            display="Topics regex",
        ),
    ] = ""
    errors_deadletterqueue_topic_name: LettersTopic = ""
    errors_deadletterqueue_topic_replication_factor: LettersReplication = 3
    errors_deadletterqueue_context_headers_enable: LettersHeaders = False


def topic_list(properties: Properties) -> list[str]:
    """The topics to consume, each once."""
    listed = (trim(topic) for topic in (properties.get(TOPICS) or "").split(","))
    return list(dict.fromkeys(topic for topic in listed if topic))


def sink_errors(properties: Properties) -> list[tuple[str, str]]:
    """What is wrong, as pairs of setting and sentence."""
    listed, regex = _set(properties, TOPICS), _set(properties, TOPICS_REGEX)
    if listed and regex:
        text = "topics and topics.regex are mutually exclusive options, but both are set."
        return [(TOPICS, text), (TOPICS_REGEX, text), *_dead_letter_errors(properties)]
    if not listed and not regex:
        text = "Must configure one of topics or topics.regex"
        return [(TOPICS, text), (TOPICS_REGEX, text)]
    return _dead_letter_errors(properties)


def check_sink(properties: Properties) -> None:
    """Raise `ConfigError` for the first thing that is wrong, when a sink starts."""
    errors = dict(reversed(sink_errors(properties)))
    for name in hash_order(errors):
        raise ConfigError.invalid(name, properties.get(name), errors[name])


def _set(properties: Properties, name: str) -> bool:
    return bool(trim(properties.get(name) or ""))


def _dead_letter_errors(properties: Properties) -> list[tuple[str, str]]:
    if not _set(properties, DEAD_LETTERS):
        return []
    topic = trim(properties[DEAD_LETTERS] or "")
    found: list[tuple[str, str]] = []
    topics = topic_list(properties)
    if topic in topics:
        text = (
            f"The DLQ topic '{topic}' may not be included in the list of topics "
            f"('topics=[{', '.join(topics)}]') consumed by the connector"
        )
        found.append((TOPICS, text))
    if _set(properties, TOPICS_REGEX):
        regex = properties[TOPICS_REGEX] or ""
        if compile_regex(regex).matches(topic):
            text = (
                f"The DLQ topic '{topic}' may not be matched by the regex for the topics "
                f"('topics.regex={regex}') consumed by the connector"
            )
            found.append((TOPICS_REGEX, text))
    return found
