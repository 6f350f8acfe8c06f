"""Real brokers for all integration tests: a plain one, and a secured one for those that ask."""

from __future__ import annotations

from penstock.testing.kafka import kafka as kafka
from penstock.testing.kafka import topic as topic
from penstock.testing.kafka import worker_id as worker_id
from tests.integration.secured import secured as secured
from tests.integration.secured import strangers as strangers
