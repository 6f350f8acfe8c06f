"""What helps against what a client only writes into its log, as it goes on trying."""

from __future__ import annotations

from penstock.kafka.errors import KafkaClientError


def remedy_for(text: str) -> str:
    """A sentence to put behind the client's, or nothing."""
    from penstock.runtime.hints import advice
    from penstock.runtime.hints.model import Clues

    found = advice(Clues([KafkaClientError(text)], None, None, {}))
    return "" if found is None else f" What helps: {found.remedy}"
