"""The settings of Kafka's own clients: names, types, importance and defaults, as tables."""

from __future__ import annotations

from penstock.runtime.client_configs.clients import ADMIN, CONSUMER, PRODUCER
from penstock.runtime.client_configs.security import SASL, SECURITY_PROTOCOL, SSL

__all__ = ["ADMIN", "CONSUMER", "PRODUCER", "SASL", "SECURITY_PROTOCOL", "SSL"]
