"""The runtime's consumer, on librdkafka."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from time import monotonic
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from penstock.kafka.client_log import ClientLog
from penstock.kafka.errors import KafkaRetriableError, kafka_error
from penstock.kafka.positions import Positions
from penstock.kafka.remedies import remedy_for
from penstock.runtime.ports import Headers, RebalanceListener
from penstock.sdk.columns import Same
from penstock.sdk.java_regex import JavaPattern, compile_regex
from penstock.sdk.record import TimestampType, TopicPartition

log = logging.getLogger(__name__)

_KINDS = (
    TimestampType.NO_TIMESTAMP_TYPE,
    TimestampType.CREATE_TIME,
    TimestampType.LOG_APPEND_TIME,
)
_LOOKUP_SECONDS = 30.0
_COMMITS_OPEN_MAX = 100
_REFRESH_MS = 300_000
_HEARTBEAT_MS = 3_000
_LOOK_AGAIN_SECONDS = 0.25
_REMIND_SECONDS = 60.0
_INTERNAL_TOPICS = frozenset(("__consumer_offsets", "__transaction_state"))
DEFAULTS = {
    "fetch.queue.backoff.ms": 2,
    "queued.min.messages": 5000,
    "queued.max.messages.kbytes": 8192,
    "fetch.message.max.bytes": 524288,
}


class KafkaBatch:
    """Consumed messages, read column by column; what several ask for, once."""

    __slots__ = ("_messages", "_offsets", "_partitions", "_stamps", "_topic", "_topics")

    def __init__(self, messages: list[Message], topic: str | None = None) -> None:
        """`topic`: the only one there can be, if that is known."""
        self._messages = messages
        self._topic = topic
        self._topics: list[Any] | None = None
        self._partitions: list[Any] | None = None
        self._offsets: list[Any] | None = None
        self._stamps: tuple[list[TimestampType], list[int | None]] | None = None

    def __len__(self) -> int:
        return len(self._messages)

    def topics(self) -> list[Any]:
        if self._topics is None:
            messages, topic = self._messages, self._topic
            if topic is None:
                self._topics = list(map(_topic, messages))
            else:
                self._topics = Same.of(topic, len(messages))
        return self._topics

    def partitions(self) -> list[Any]:
        if self._partitions is None:
            self._partitions = _perhaps_same(list(map(Message.partition, self._messages)))
        return self._partitions

    def offsets(self) -> list[Any]:
        if self._offsets is None:
            self._offsets = list(map(Message.offset, self._messages))
        return self._offsets

    def keys(self) -> list[Any]:
        return list(map(Message.key, self._messages))

    def values(self) -> list[Any]:
        return list(map(Message.value, self._messages))

    def headers(self) -> list[Headers | None]:
        return list(map(_headers, self._messages))

    def ends(self) -> dict[TopicPartition, int]:
        messages, partitions = self._messages, self.partitions()
        if self._topic is not None:
            if type(partitions) is Same:
                return {TopicPartition(self._topic, partitions[0]): _after(messages[-1])}
            last = dict(zip(partitions, messages, strict=True))
            return {TopicPartition(self._topic, p): _after(m) for p, m in last.items()}
        places = dict(zip(zip(self.topics(), partitions, strict=True), messages, strict=True))
        return {TopicPartition(*place): _after(m) for place, m in places.items()}

    def timestamps(self) -> list[int | None]:
        return self._stamped()[1]

    def timestamp_types(self) -> list[TimestampType]:
        return self._stamped()[0]

    def _stamped(self) -> tuple[list[TimestampType], list[int | None]]:
        if self._stamps is None:
            self._stamps = self._read_stamps()
        return self._stamps

    def _read_stamps(self) -> tuple[list[TimestampType], list[int | None]]:
        stamps = list(map(Message.timestamp, self._messages))
        usual = stamps[0][0]
        times: list[int | None] = [time for kind, time in stamps if kind == usual]
        if usual and len(times) == len(stamps):
            return Same.of(_KINDS[usual], len(times)), times
        return (
            [_KINDS[kind] for kind, _ in stamps],
            [time if kind else None for kind, time in stamps],
        )

    def part(self, start: int, end: int) -> KafkaBatch:
        if start == 0 and end == len(self._messages):
            return self
        return KafkaBatch(self._messages[start:end], self._topic)


def _perhaps_same(column: list[Any]) -> list[Any]:
    size = len(column)
    return Same.of(column[0], size) if size and column.count(column[0]) == size else column


def _after(message: Any) -> int:
    return int(message.offset()) + 1


# methods of the type, which `map` calls without looking them up for each message
_topic: Callable[[Message], Any] = Message.topic
_headers: Callable[[Message], Any] = Message.headers
_EMPTY = KafkaBatch([])


class KafkaConsumer:
    """Reads as a member of a group. `settings` are librdkafka's; all calls come from one thread."""

    def __init__(self, settings: Mapping[str, Any], *, records_max: int = 500) -> None:
        self._cooperative = "cooperative" in str(settings.get("partition.assignment.strategy", ""))
        refresh_ms = int(settings.get("topic.metadata.refresh.interval.ms", _REFRESH_MS))
        often = _often_refreshed(settings, refresh_ms)
        self._trouble = ClientLog(str(settings.get("client.id", "consumer")))
        own = {**often, "on_commit": self._committed, "logger": self._trouble}
        self._client = Consumer({**DEFAULTS, **settings, **own})
        self._positions = Positions(self._client, str(settings.get("auto.offset.reset", "latest")))
        self._unplaced: list[TopicPartition] = []  # assigned, but not known where to read from
        self._look_again = 0.0
        self._remind_at = 0.0
        self._records_max = records_max
        self._quiet = False  # nothing was found the last time; then a wait is all that is asked for
        self._commits: list[
            tuple[dict[TopicPartition, int], Callable[[Exception | None], None]]
        ] = []
        self._listener: RebalanceListener | None = None
        self._failure: Exception | None = None
        self._pattern: JavaPattern | None = None
        self._matching: set[str] = set()
        self._only_topic: str | None = None
        self._next_look = 0.0
        self._look_seconds = refresh_ms / 1000

    def subscribe(
        self, topics: Sequence[str], pattern: str | None, listener: RebalanceListener
    ) -> None:
        self._listener = listener
        self._pattern = None if pattern is None else compile_regex(pattern)
        if pattern is None:
            self._only_topic = topics[0] if len(topics) == 1 else None
            self._subscribe(list(topics))

    def _subscribe(self, topics: list[str]) -> None:
        self._client.subscribe(
            topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _look_for_topics(self) -> None:
        """Subscribe to what a Java pattern matches; librdkafka's own patterns mean other things."""
        if self._pattern is None or monotonic() < self._next_look:
            return
        self._next_look = monotonic() + self._look_seconds
        try:
            known = self._client.list_topics(timeout=_LOOKUP_SECONDS).topics
        except KafkaException as error:
            log.warning("Could not look for topics to consume: %s", error)
            return
        matching = {t for t in known if t not in _INTERNAL_TOPICS and self._pattern.matches(t)}
        if matching and matching != self._matching:
            self._matching = matching
            self._subscribe(sorted(matching))

    def consume(self, seconds: float) -> KafkaBatch:
        """Whatever is here at once; only when there is nothing, wait for a first record."""
        self._look_for_topics()
        waits = seconds > 0
        messages: list[Message] = []
        if not (waits and self._quiet):
            messages = self._client.consume(self._records_max, 0)
        if waits and not messages:
            messages = self._client.consume(1, seconds)
            if messages:
                messages += self._client.consume(self._records_max - 1, 0)
        self._quiet = not messages
        if self._unplaced and monotonic() >= self._look_again:
            self._place()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if messages and any(map(Message.error, messages)):
            messages = self._without_errors(messages)
        self._trouble.heard_from(answered=bool(messages))
        if not messages:
            return _EMPTY
        return KafkaBatch(messages, self._only_topic)

    def _without_errors(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            error = message.error()
            if error is None or error.code() == KafkaError._PARTITION_EOF:
                continue
            if error.fatal() or error.code() in _FATAL:
                raise kafka_error(error)
            said = error.str()
            remedy = remedy_for(f"{said} ({error.name()})")
            log.warning("The consumer met an error and goes on: %s%s", said, remedy)
        return [message for message in messages if message.error() is None]

    # Positions ----------------------------------------------------------------------------------

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        for partition, offset in offsets.items():
            self._client.seek(Place(partition.topic, partition.partition, offset))

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        if partitions:
            self._client.pause(_places(partitions))

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        if partitions:
            self._client.resume(_places(partitions))

    # Commits ------------------------------------------------------------------------------------

    def commit(
        self,
        offsets: Mapping[TopicPartition, int],
        on_done: Callable[[Exception | None], None],
    ) -> None:
        del self._commits[:-_COMMITS_OPEN_MAX]
        self._commits.append((dict(offsets), on_done))
        self._client.commit(offsets=_places_at(offsets), asynchronous=True)

    def _committed(self, error: KafkaError | None, places: list[Place]) -> None:
        """Called by the client; which commit it is about, only the offsets tell."""
        self._trouble.heard_from(answered=error is None)
        answered = {TopicPartition(p.topic, p.partition): p.offset for p in places}
        for index, (offsets, on_done) in enumerate(self._commits):
            if offsets == answered:
                del self._commits[index]
                wrong = error or next((p.error for p in places if p.error is not None), None)
                on_done(None if wrong is None else kafka_error(wrong))
                return

    def commit_now(self, offsets: Mapping[TopicPartition, int]) -> None:
        try:
            done = self._client.commit(offsets=_places_at(offsets), asynchronous=False)
        except KafkaException as error:
            raise kafka_error(error.args[0]) from error
        wrong = next((p.error for p in done or () if p.error is not None), None)
        if wrong is not None:
            raise kafka_error(wrong)

    def close(self) -> None:
        self._client.close()

    # Rebalances: called by the client inside consume ---------------------------------------------

    def _on_assign(self, client: Consumer, places: list[Place]) -> None:
        try:
            waiting = self._unplaced if self._cooperative else []
            self._unplaced = waiting + [TopicPartition(p.topic, p.partition) for p in places]
            if not self._place():
                self._read({})  # the group goes on; these partitions follow
        except Exception as error:  # an exception must not cross the client's C code
            self._failure = error

    def _place(self) -> bool:
        """Read what was assigned; False if nobody can say now where from, to be tried again."""
        assert self._listener is not None
        try:
            positions = self._positions.of(self._unplaced)
        except KafkaRetriableError as error:
            self._place_later(error)
            return False
        self._unplaced = []
        self._trouble.heard_from(answered=bool(positions))
        wanted = self._listener.assigned(positions)
        self._read(positions | dict(wanted.starts))
        self.pause(wanted.paused)
        return True

    def _read(self, starts: Mapping[TopicPartition, int]) -> None:
        client = self._client
        (client.incremental_assign if self._cooperative else client.assign)(_places_at(starts))

    def _place_later(self, error: Exception) -> None:
        now = monotonic()
        self._look_again = now + _LOOK_AGAIN_SECONDS
        if now >= self._remind_at:
            self._remind_at = now + _REMIND_SECONDS
            count = len(self._unplaced)
            log.warning("Where to read %d partitions from is asked again: %s", count, error)

    def _on_revoke(self, client: Consumer, places: list[Place]) -> None:
        assert self._listener is not None
        self._listener.revoked(self._placed(places))

    def _on_lost(self, client: Consumer, places: list[Place]) -> None:
        assert self._listener is not None
        self._listener.lost(self._placed(places))

    def _placed(self, places: list[Place]) -> list[TopicPartition]:
        """Of partitions that are taken away, those the listener was told of."""
        gone = [TopicPartition(p.topic, p.partition) for p in places]
        waiting, self._unplaced = self._unplaced, [tp for tp in self._unplaced if tp not in gone]
        return [tp for tp in gone if tp not in waiting]


def _often_refreshed(settings: Mapping[str, Any], refresh_ms: int) -> dict[str, int]:
    """A consumer that lost a broker while it joined, or whose topic is missing, looks again soon.

    librdkafka does so only with its next refresh, and then forgets what it knows sooner, too.
    """
    age_ms = int(settings.get("metadata.max.age.ms", 3 * refresh_ms))
    return {
        "topic.metadata.refresh.interval.ms": min(refresh_ms, _HEARTBEAT_MS),
        "metadata.max.age.ms": age_ms,
    }


_FATAL = frozenset(
    (
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError._AUTO_OFFSET_RESET,
        KafkaError._FATAL,  # the client does nothing any more
    )
)


def _places(partitions: Collection[TopicPartition]) -> list[Place]:
    return [Place(topic, partition) for topic, partition in partitions]


def _places_at(offsets: Mapping[TopicPartition, int]) -> list[Place]:
    return [Place(topic, partition, offset) for (topic, partition), offset in offsets.items()]
