"""Kafka Connect for Python: a drop-in worker whose connectors are Python classes."""

__version__ = "0.1.0"

KAFKA_VERSION = "4.3.0"  # of the Java worker whose place ours takes, interface and plugins
