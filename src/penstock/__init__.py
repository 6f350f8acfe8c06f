"""Kafka Connect for Python: a drop-in worker whose connectors are Python classes."""

__version__ = "0.1.0"
