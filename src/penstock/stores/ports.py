"""What the stores need from outside: a log that keeps the last value of every key."""

from __future__ import annotations

from penstock.cluster.logs import Entry as Entry
from penstock.cluster.logs import Log as Log
from penstock.cluster.logs import LogRecord as LogRecord
from penstock.cluster.logs import OnSent as OnSent
from penstock.cluster.logs import Writer as Writer
