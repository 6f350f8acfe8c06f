"""TopicNameMatches: records of topics whose name matches a regular expression."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final

from penstock.sdk.columns import column
from penstock.sdk.config import Config, Importance, Option, all_of, non_empty
from penstock.sdk.java_regex import compile_regex, valid_regex
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record

TOPICS_KEPT: Final = 1024


class TopicNameMatchesConfig(Config):
    """Settings of TopicNameMatches."""

    pattern: Annotated[
        str,
        Option(
            "Regular expression (Java's) that the whole name must match.",
            Importance.MEDIUM,
            check=all_of(non_empty, valid_regex),
        ),
    ]


class TopicNameMatches(Predicate[TopicNameMatchesConfig]):
    """Holds for records of matching topics."""

    def __init__(self, config: TopicNameMatchesConfig) -> None:
        super().__init__(config)
        self._pattern = compile_regex(config.pattern)
        self._matches = lru_cache(maxsize=TOPICS_KEPT)(self._matching)

    def matches(self, records: Sequence[Record]) -> list[bool]:
        return list(map(self._matches, column(records, "topic")))

    def _matching(self, topic: str | None) -> bool:
        return topic is not None and self._pattern.matches(topic)
