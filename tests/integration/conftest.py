"""One real broker for all integration tests."""

from __future__ import annotations

from penstock.testing.kafka import kafka as kafka
from penstock.testing.kafka import topic as topic
from penstock.testing.kafka import worker_id as worker_id
