"""Workers that freeze, get stuck or are cut off: nothing is lost, and nothing runs twice for long."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Distributed, Group, places
from tests.integration.test_distributed import SECONDS, append, create_some, even, lines, started
from tests.integration.workers import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
