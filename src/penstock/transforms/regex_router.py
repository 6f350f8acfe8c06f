"""RegexRouter: rename the topic by a regular expression."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final, TypeVar, cast

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.java_regex import compile_regex, valid_regex
from penstock.sdk.record import Record, replace
from penstock.sdk.transform import Transform
from penstock.transforms.requirements import NullError

R = TypeVar("R", bound=Record)

TOPICS_KEPT: Final = 1024


class RegexRouterConfig(Config):
    """Settings of RegexRouter."""

    regex: Annotated[
        str,
        Option(
            "Regular expression (Java's) that the whole topic must match.",
            Importance.HIGH,
            check=valid_regex,
        ),
    ]
    replacement: Annotated[
        str, Option("The new topic; `$1` stands for the first group.", Importance.HIGH)
    ]


class RegexRouter(Transform[RegexRouterConfig]):
    """Renames topics that match; other records are handed on as they are."""

    def __init__(self, config: RegexRouterConfig) -> None:
        super().__init__(config)
        self._pattern = compile_regex(config.regex)
        self._renamed = lru_cache(maxsize=TOPICS_KEPT)(self._new_topic)

    def apply(self, records: Sequence[R]) -> list[R]:
        renamed = self._renamed
        return [
            r if (topic := renamed(r.topic)) is None else replace(r, topic=topic) for r in records
        ]

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        topics = batch.column("topic")
        renamed = {topic: self._renamed(topic) for topic in set(topics)}
        if len(renamed) > TOPICS_KEPT:
            return None
        if not any(renamed.values()):
            return batch
        new = {topic: topic if to is None else to for topic, to in renamed.items()}
        return batch.replaced(topic=[new[topic] for topic in topics])

    def _new_topic(self, topic: str | None) -> str | None:
        """The new name, which may be the old one; None if the topic does not match."""
        if topic is None:
            raise NullError("The record has no topic that the regex could match.")
        if not self._pattern.matches(topic):
            return None
        replacement = cast("str | None", self.config.replacement)
        if replacement is None:
            raise NullError("replacement")
        return self._pattern.replace_first(topic, replacement)
