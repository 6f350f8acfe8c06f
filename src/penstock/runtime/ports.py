"""What the data plane needs from outside, as small protocols. Batches cross them, never records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from penstock.runtime.error_events import ErrorEvent
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TimestampType, TopicPartition

Headers = list[tuple[str, bytes | None]]
OffsetPair = tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]
OnDelivery = Callable[[Any, Any], None]  # (error or None, the message)


class Clock(Protocol):
    """Time, in milliseconds. Only differences count."""

    def now_ms(self) -> int: ...


class Control(Protocol):
    """What the host wants of a task, and how the task waits for it."""

    @property
    def stopping(self) -> bool:
        """The task was asked to stop."""
        ...

    @property
    def cancelled(self) -> bool:
        """The task was given up on: nothing it does counts any more."""
        ...

    @property
    def paused(self) -> bool:
        """The task's target state is PAUSED."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait, but no longer than until the task is asked to stop; True if it is."""
        ...

    def wait_for_change(self, seconds: float) -> None:
        """Wait, but no longer than until the task shall stop, pause or resume."""
        ...

    def wait_for_news(self, seconds: float) -> bool:
        """Wait, but no longer than until `wake`, or until the task shall stop or pause: True."""
        ...

    def wake(self) -> None:
        """End a wait for news, or the next one; from any thread."""
        ...


class TaskEvents(Protocol):
    """Hears what becomes of a task."""

    def running(self) -> None: ...
    def paused(self) -> None: ...
    def topics_used(self, topics: list[str]) -> None: ...

    def erred(self, event: ErrorEvent) -> None:
        """Something went wrong, and the task goes on."""
        ...


class Loop(Protocol):
    """What a host drives, on one thread."""

    def start(self) -> None: ...

    def step(self) -> bool:
        """One round; False, or `StoppedError`, when the task has been asked to stop."""
        ...

    def close(self) -> None:
        """Commit what may be committed and release everything; after a failure as well."""
        ...

    def cancel(self) -> None:
        """Cut the task off from Kafka. Any thread; the task may be stuck anywhere."""
        ...


class Delivered(Protocol):
    """Where Kafka stored a record, or would have."""

    def topic(self) -> str: ...
    def partition(self) -> int: ...
    def offset(self) -> int: ...
    def timestamp(self) -> tuple[int, int]: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...


class Outgoing:
    """Encoded records for one topic, as columns. A column of nothing but None is None."""

    __slots__ = ("headers", "keys", "partitions", "records", "timestamps", "topic", "values")

    def __init__(
        self,
        topic: str,
        values: Sequence[bytes | None],
        keys: Sequence[bytes | None] | None = None,
        partitions: Sequence[int | None] | None = None,
        timestamps: Sequence[int | None] | None = None,
        headers: Sequence[Headers | None] | None = None,
        records: Sequence[Any] = (),
    ) -> None:
        for column in (keys, partitions, timestamps, headers):
            if column is not None and len(column) != len(values):
                raise ValueError(f"{len(column)} keys, partitions or the like for {len(values)}.")
        self.topic = topic
        self.values = values
        self.keys = keys
        self.partitions = partitions
        self.timestamps = timestamps
        self.headers = headers
        self.records = records

    def __len__(self) -> int:
        return len(self.values)


class Producer(Protocol):
    """Sends to Kafka. All calls come from one thread; callbacks run inside `poll` and `flush`."""

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        """Hand over the records from `start` on; how many were taken.

        Fewer than all are taken when the local queue is full: `poll`, then go on from there.
        `on_delivery` is called for each record (or is a list with a callback for each, from the
        first on); without it, only errors are told, to `failure`. Raises `RetriableError` when
        nothing can be accepted now, another error when nothing ever will.
        """
        ...

    def poll(self, seconds: float = 0.0) -> None:
        """Run callbacks that are due, waiting for one at most this long."""
        ...

    def flush(self, seconds: float) -> int:
        """Wait for outstanding records; how many are left."""
        ...

    def idle(self) -> None:
        """There is nothing to send now: what costs while it waits, and can be had again, may go."""
        ...

    @property
    def unanswered(self) -> int:
        """How many records Kafka has not answered yet, as far as `poll` has heard."""
        ...

    @property
    def failure(self) -> Exception | None:
        """The first delivery that failed without a callback of its own."""
        ...

    def error_of(self, reason: Any, message: Delivered | None = None) -> Exception:
        """A callback's error as an exception; `message` is what the callback was given."""
        ...

    def close(self, seconds: float = 0.0) -> None:
        """Give up what is still queued after this time, and release the client."""
        ...

    def cancel(self) -> None:
        """Give up what is queued, and accept nothing more. Any thread."""
        ...


class BatchRefusedError(ConnectError):
    """Kafka refused a batch for its size, and perhaps good records with it: none is passed over."""

    java_class = "org.apache.kafka.common.errors.RecordTooLargeException"


class FencedError(ConnectError):
    """A transaction is over for its producer: there is a newer one, or the time was up."""

    java_class = "org.apache.kafka.common.errors.InvalidProducerEpochException"


class TransactionalProducer(Producer, Protocol):
    """A producer whose records count once their transaction is committed, or never.

    Raises FencedError from whatever it does once it may do nothing any more.
    """

    @property
    def transaction_ms(self) -> int:
        """How long a transaction may last; no wait is longer."""
        ...

    def prepare(self, go_on: Callable[[], bool]) -> bool:
        """Fence all earlier producers of the same transactional id, and end what they began.

        Waits for Kafka while `go_on` says so; False if it did not.
        """
        ...

    def begin(self) -> None: ...

    def commit(self) -> None:
        """Wait for all records and commit; raises if any of them was refused."""
        ...

    def abort(self) -> None:
        """Give up everything since `begin`, what was refused as well."""
        ...


class Incoming(Protocol):
    """Consumed records, as columns that are read when asked for."""

    def __len__(self) -> int: ...
    def topics(self) -> list[str]: ...
    def partitions(self) -> list[int]: ...
    def offsets(self) -> list[int]: ...
    def keys(self) -> list[bytes | None]: ...
    def values(self) -> list[bytes | None]: ...

    def timestamps(self) -> list[int | None]:
        """None where there is none."""
        ...

    def timestamp_types(self) -> list[TimestampType]:
        """Who set the timestamps."""
        ...

    def ends(self) -> dict[TopicPartition, int]:
        """The next offset of each partition after these records."""
        ...

    def headers(self) -> list[Headers | None]: ...

    def part(self, start: int, end: int) -> Incoming:
        """Some of them, as a batch of its own."""
        ...


class Assigned(NamedTuple):
    """How a consumer shall begin with new partitions."""

    starts: Mapping[TopicPartition, int] = {}  # where not at the position
    paused: Collection[TopicPartition] = ()


class RebalanceListener(Protocol):
    """Told by a consumer, inside `consume` and `close`, of a rebalance. Never raises."""

    def assigned(self, positions: Mapping[TopicPartition, int]) -> Assigned: ...
    def revoked(self, partitions: Collection[TopicPartition]) -> None: ...
    def lost(self, partitions: Collection[TopicPartition]) -> None: ...


class Consumer(Protocol):
    """Reads from Kafka as a member of a group. All calls come from one thread."""

    def subscribe(
        self, topics: Sequence[str], pattern: str | None, listener: RebalanceListener
    ) -> None: ...

    def consume(self, seconds: float) -> Incoming:
        """The next records, as soon as there are some; empty when the time is over."""
        ...

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None: ...
    def pause(self, partitions: Collection[TopicPartition]) -> None: ...
    def resume(self, partitions: Collection[TopicPartition]) -> None: ...

    def commit(
        self,
        offsets: Mapping[TopicPartition, int],
        on_done: Callable[[Exception | None], None],
    ) -> None:
        """Start a commit; `on_done` is called inside a later `consume`."""
        ...

    def commit_now(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Commit and wait; raises when that fails."""
        ...

    def close(self) -> None:
        """Leave the group. Any thread, once."""
        ...


class OffsetRecords(NamedTuple):
    """Offsets as Kafka records: key and value, None forgets."""

    topic: str
    entries: Sequence[tuple[bytes, bytes | None]]
    copied: bool = False  # whether there is a copy elsewhere, which is to follow


class OffsetStore(Protocol):
    """The source offsets of one connector. Several tasks may use it at the same time."""

    def read(
        self, partitions: Sequence[Mapping[str, Any] | None]
    ) -> list[Mapping[str, Any] | None]:
        """The committed offset of each partition, or None."""
        ...

    def write(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> None:
        """Store offsets durably (None forgets one); raises if that took longer or failed."""
        ...

    def as_records(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> OffsetRecords:
        """What to write in a transaction instead, and where.

        Offsets to be forgotten are forgotten where they are only kept as a copy.
        """
        ...

    def follow(self, offsets: Sequence[OffsetPair]) -> None:
        """Such a transaction is committed: let the copy follow, some time soon. Never raises."""
        ...


class NewTopic(Protocol):
    """A topic to be created; -1 means the broker's default."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def replication_factor(self) -> int: ...
    @property
    def configs(self) -> Mapping[str, str]: ...


class TopicAdmin(Protocol):
    """Looks up and creates topics."""

    def existing(self, topics: Collection[str]) -> set[str]:
        """Those of the topics that exist."""
        ...

    def create(self, topic: NewTopic) -> bool:
        """Create a topic and wait until clients can see it; False if it may not be created.

        True as well when it exists already.
        """
        ...

    def close(self) -> None: ...


class DeadLetters(Protocol):
    """Takes raw records nobody could use."""

    def send(
        self,
        key: bytes | None,
        value: bytes | None,
        timestamp: int | None,
        headers: Headers,
    ) -> None: ...

    def flush(self, seconds: float) -> int:
        """Wait for outstanding letters; how many are left."""
        ...

    @property
    def topic(self) -> str: ...

    @property
    def failure(self) -> Exception | None:
        """Why the first letter that was refused was."""
        ...

    @property
    def failures(self) -> int:
        """How many were."""
        ...

    def close(self) -> None: ...

    def cancel(self) -> None:
        """Send nothing more. Any thread."""
        ...
