"""What the loops count. Plain numbers, written by one thread, read by whoever publishes them."""

from __future__ import annotations

from msgspec import Struct, field


class ErrorCounters(Struct):
    """The `task-error-metrics` of a task."""

    failures: int = 0  # exceptions, also of attempts that were repeated
    errors: int = 0  # records that came to nothing
    skipped: int = 0
    retries: int = 0
    logged: int = 0
    dead_letters: int = 0
    dead_letter_failures: int = 0
    last_error_ms: int = 0


class BatchCounters(Struct):
    """What source and sink tasks both count."""

    batches: int = 0
    records_max: int = 0
    batch_ms_max: int = 0
    batch_ms_total: int = 0
    commits: int = 0
    commit_failures: int = 0
    commit_ms_max: int = 0
    commit_ms_total: int = 0
    errors: ErrorCounters = field(default_factory=ErrorCounters)

    def batch(self, records: int, took_ms: int) -> None:
        self.batches += 1
        self.records_max = max(self.records_max, records)
        self.batch_ms_max = max(self.batch_ms_max, took_ms)
        self.batch_ms_total += took_ms

    def commit(self, took_ms: int, *, ok: bool) -> None:
        if not ok:
            self.commit_failures += 1
            return
        self.commits += 1
        self.commit_ms_max = max(self.commit_ms_max, took_ms)
        self.commit_ms_total += took_ms


class SourceCounters(BatchCounters):
    """The `source-task-metrics` of a task."""

    polled: int = 0
    written: int = 0
    active: int = 0
    transactions: int = 0  # that were committed; their sizes in records
    transaction_max: int = 0
    transaction_min: int = 0
    transaction_total: int = 0

    def transaction(self, records: int) -> None:
        self.transaction_min = min(self.transaction_min, records) if self.transactions else records
        self.transaction_max = max(self.transaction_max, records)
        self.transaction_total += records
        self.transactions += 1


class SinkCounters(BatchCounters):
    """The `sink-task-metrics` of a task."""

    read: int = 0
    sent: int = 0
    active: int = 0
    partitions: int = 0
    commit_seq_no: int = 0
    commits_skipped: int = 0
