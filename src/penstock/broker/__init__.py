"""A real single-node Apache Kafka for demos, development and tests."""

from penstock.broker.errors import BrokerError as BrokerError
from penstock.broker.local import LocalKafka as LocalKafka
