"""What keeps a broker or a Java worker from running."""

from __future__ import annotations


class BrokerError(Exception):
    """The message is one sentence that says what is wrong and what would be right."""
