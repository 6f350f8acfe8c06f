"""A test kit for plugin authors."""

from __future__ import annotations

from penstock.testing.contracts import SinkContract as SinkContract
from penstock.testing.contracts import SourceContract as SourceContract
from penstock.testing.exactly_once_contract import (
    ExactlyOnceSinkContract as ExactlyOnceSinkContract,
)
from penstock.testing.sink import SinkRun as SinkRun
from penstock.testing.sink import run_sink as run_sink
from penstock.testing.source import SourceRun as SourceRun
from penstock.testing.source import run_source as run_source
