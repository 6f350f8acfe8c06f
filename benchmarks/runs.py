"""One run of one contestant, from its start to what it cost."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.contestants import CONTESTANTS, Job
from benchmarks.scenarios import delete_topic, make_topic
from benchmarks.watching import FileLines, GroupOffsets, Sample, TopicEnd, watch

NO_SYNC = {"log.flush.interval.messages": "9223372036854775807"}  # of the broker's files


def one(contestant: str, job: Job, count: int) -> Sample:
    source = job.scenario.kind == "source"
    if source:
        make_topic(job.bootstrap, job.topic, job.scenario.partitions)
    running = CONTESTANTS[contestant](job)
    try:
        port = None if contestant == "bare" else job.port
        return watch(running, progress(job), count, port, job.scenario)
    finally:
        running.stop()
        if source:
            delete_topic(job.bootstrap, job.topic)


def progress(job: Job) -> Callable[[], int]:
    if job.scenario.kind == "source":
        return TopicEnd(job.bootstrap, job.topic)
    if job.scenario.drains:
        return GroupOffsets(job.bootstrap, job.topic, job.scenario.partitions, job.group)
    return FileLines(job.file)
