"""What a task has counted, under the names that Kafka Connect has for it."""

from __future__ import annotations

from penstock.observability.windows import Window

Values = dict[str, str | int | float | None]


def common_metrics(window: Window, records: str) -> Values:
    """Those of `connector-task-metrics` that are counted; `records` is what a batch consists of."""
    return {
        "offset-commit-max-time-ms": window.highest("commit_ms_max"),
        "offset-commit-avg-time-ms": window.mean("commit_ms_total", "commits"),
        "batch-size-max": window.highest("records_max"),
        "batch-size-avg": window.mean(records, "batches"),
        "offset-commit-failure-percentage": window.share("commit_failures", "commits"),
        "offset-commit-success-percentage": window.share("commits", "commit_failures"),
    }


def source_metrics(window: Window) -> Values:
    """The `source-task-metrics`."""
    last = window.last
    return {
        "source-record-poll-rate": window.rate("polled"),
        "source-record-poll-total": last.get("polled", 0),
        "source-record-write-rate": window.rate("written"),
        "source-record-write-total": last.get("written", 0),
        "poll-batch-max-time-ms": window.highest("batch_ms_max"),
        "poll-batch-avg-time-ms": window.mean("batch_ms_total", "batches"),
        "source-record-active-count": last.get("active", 0),
        **_transactions(window),
    }


def _transactions(window: Window) -> Values:
    """Of a task that is exactly-once; others have none."""
    if not window.last.get("transactions"):
        return {}
    return {
        "transaction-size-min": window.last["transaction_min"],
        "transaction-size-max": window.last["transaction_max"],
        "transaction-size-avg": window.mean("transaction_total", "transactions"),
    }


def sink_metrics(window: Window) -> Values:
    """The `sink-task-metrics`."""
    last = window.last
    return {
        "sink-record-read-rate": window.rate("read"),
        "sink-record-read-total": last.get("read", 0),
        "sink-record-send-rate": window.rate("sent"),
        "sink-record-send-total": last.get("sent", 0),
        "partition-count": last.get("partitions", 0),
        "offset-commit-seq-no": last.get("commit_seq_no", 0),
        "offset-commit-completion-rate": window.rate("commits"),
        "offset-commit-completion-total": last.get("commits", 0),
        "offset-commit-skip-rate": window.rate("commits_skipped"),
        "offset-commit-skip-total": last.get("commits_skipped", 0),
        "put-batch-max-time-ms": window.highest("batch_ms_max"),
        "put-batch-avg-time-ms": window.mean("batch_ms_total", "batches"),
        "sink-record-active-count": last.get("active", 0),
    }


def error_metrics(window: Window) -> Values:
    """The `task-error-metrics`."""
    last = window.last
    return {
        "total-record-failures": last.get("failures", 0),
        "total-record-errors": last.get("errors", 0),
        "total-records-skipped": last.get("skipped", 0),
        "total-retries": last.get("retries", 0),
        "total-errors-logged": last.get("logged", 0),
        "deadletterqueue-produce-requests": last.get("dead_letters", 0),
        "deadletterqueue-produce-failures": last.get("dead_letter_failures", 0),
        "last-error-timestamp": last.get("last_error_ms", 0),
    }
