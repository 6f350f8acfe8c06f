"""Records a sink task itself finds to be bad (`context.reject`)."""

from __future__ import annotations

from collections import deque

from penstock.runtime.consumed import Consumed, consumed
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters
from penstock.runtime.ports import Incoming
from penstock.runtime.tolerance import ErrorContext, Operator, Stage
from penstock.sdk.record import SinkRecord

SINK_TASK_CLASS = "org.apache.kafka.connect.sink.SinkTask"
_RECORDS_KEPT_MAX = 10_000

_Place = tuple[str | None, int | None, int | None]


class _Kept:
    """A consumed batch, searchable once somebody searches."""

    def __init__(self, batch: Incoming) -> None:
        self.batch = batch
        self._places: dict[_Place, int] | None = None

    def find(self, place: _Place) -> Consumed | None:
        if self._places is None:
            batch = self.batch
            columns = zip(batch.topics(), batch.partitions(), batch.offsets(), strict=True)
            self._places = {found: index for index, found in enumerate(columns)}
        index = self._places.get(place)
        return None if index is None else consumed(self.batch.part(index, index + 1))


class Rejects:
    """Reports rejected records in the form they had in Kafka."""

    def __init__(self, operator: Operator, reporters: Reporters, converters: Converters) -> None:
        self._operator = operator
        self._reporters = reporters
        self._converters = converters
        self._kept: deque[_Kept] = deque()
        self._records = 0
        self._last: ErrorContext | None = None

    def keep(self, batch: Incoming) -> None:
        """Remember a consumed batch for a while; older records are encoded again if need be."""
        if not self._reporters:
            return
        self._kept.append(_Kept(batch))
        self._records += len(batch)
        while len(self._kept) > 1 and self._records > _RECORDS_KEPT_MAX:
            self._records -= len(self._kept.popleft().batch)

    def reject(self, record: SinkRecord, error: Exception) -> None:
        """Report; raises if no bad record is tolerated."""
        context = ErrorContext(self._raw(record))
        context.at(Stage.TASK_PUT, SINK_TASK_CLASS)
        self._operator.reject(context, error)
        self._last = context
        self._reporters.report(context)
        self._operator.check(error, context)

    def check(self) -> None:
        """Raise what `reject` raised, in case the task swallowed it, or what no letter tells."""
        self._reporters.check()
        if self._last is not None:
            self._operator.check(self._last.error, self._last)

    def flush(self, seconds: float) -> bool:
        return self._reporters.flush(seconds)

    def close(self) -> None:
        self._reporters.close()

    def cancel(self) -> None:
        self._reporters.cancel()

    def _raw(self, record: SinkRecord) -> Consumed | None:
        if not self._reporters:
            return _coordinates(record)
        place = (record.original_topic, record.original_partition, record.original_offset)
        for kept in reversed(self._kept):
            if (found := kept.find(place)) is not None:
                return found
        return self._encoded(record)

    def _encoded(self, record: SinkRecord) -> Consumed:
        """A record the task made itself, or one consumed long ago, as the converters write it."""
        by, topic = self._converters, record.topic
        encode = by.header.encode_header
        original = record.original_topic is not None
        return Consumed(
            record.original_topic or topic,
            (record.original_partition if original else record.partition) or 0,
            (record.original_offset if original else record.offset) or 0,
            record.timestamp,
            record.timestamp_type,
            by.key.encode(topic, record.key_schema, [record.key])[0],
            by.value.encode(topic, record.value_schema, [record.value])[0],
            [(h.key, encode(topic, h.key, h.schema, h.value)) for h in record.headers],
        )


def _coordinates(record: SinkRecord) -> Consumed | None:
    """Where a record was, if nobody asks for what is in it."""
    topic, partition = record.original_topic, record.original_partition
    offset, kind = record.original_offset, record.timestamp_type
    if topic is None or partition is None or offset is None:
        return None
    return Consumed(topic, partition, offset, record.timestamp, kind, None, None, None)
