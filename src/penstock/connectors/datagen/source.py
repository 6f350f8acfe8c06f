"""Makes records up, the same again for the same seed; goes on where it stopped."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, ClassVar, Final

from penstock.connectors.datagen.config import DatagenConfig
from penstock.connectors.datagen.generators import Generator, generator
from penstock.sdk.columns import Same, columns_like
from penstock.sdk.errors import ConfigError, ConnectError, DataError
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import ExactlyOnceSupport, SourceConnector, SourceContext, SourceTask

log = logging.getLogger(__name__)

TASK, ITERATION, SEED = "task.id", "current.iteration", "random.seed"
BLOCK_ROWS: Final = 1000
_SEED_BITS: Final = 48
_REST_SECONDS: Final = 1.0


class DatagenSourceTask(SourceTask[DatagenConfig]):
    """A stream of its own for each task. Rows are made in blocks, each from seed and number."""

    def __init__(self, config: DatagenConfig, context: SourceContext) -> None:
        super().__init__(config, context)
        self._partition = {TASK: context.task}
        self._generator = _generator(config)
        key = config.schema_keyfield
        field = self._generator.schema.field(key) if key else None
        self._key_schema = None if field is None else field.schema
        self._seed = 0
        self._next = 0
        self._block = -1
        self._rows: Sequence[Any] = ()
        self._pace = Random()

    def start(self) -> None:
        stored = self.context.offset(self._partition) or {}
        self._next = int(stored.get(ITERATION, 0))
        given = self.config.random_seed
        drawn = secrets.randbits(_SEED_BITS) if given is None else given
        self._seed = int(stored.get(SEED, drawn)) if given is None else drawn

    def poll(self) -> Sequence[SourceRecord]:
        count = self._wanted()
        if not count:
            self.context.sleep(_REST_SECONDS)
            return ()
        if self.config.max_interval:
            seconds = self._pace.uniform(0, self.config.max_interval / 1000)
            if self.context.sleep(seconds):
                return ()
        return self._records(count)

    def _wanted(self) -> int:
        most = 1 if self.config.max_interval else self.config.records_per_poll
        if self.config.iterations < 1:
            return most
        return max(0, min(most, self.config.iterations - self._next))

    def _records(self, count: int) -> Sequence[SourceRecord]:
        values = self._taken(count)
        like = SourceRecord(
            self.config.kafka_topic,
            value_schema=self._generator.schema,
            timestamp=time.time_ns() // 1_000_000,
            source_partition=self._partition,
        )
        columns: dict[str, Sequence[Any]] = {
            "value": values,
            "source_offset": _Offsets(range(self._next + 1 - count, self._next + 1), self._seed),
        }
        key = self.config.schema_keyfield
        if key:
            columns["key"] = [value[key] for value in values]
            columns["key_schema"] = Same.of(self._key_schema, len(values))
        return columns_like(like, **columns)

    def _taken(self, count: int) -> Sequence[Any]:
        taken: list[Any] = []
        while count:
            block, at = divmod(self._next, BLOCK_ROWS)
            if block != self._block:
                random = Random(f"{self._seed}/{self.context.task}/{block}")
                self._rows = self._generator.column(random, block * BLOCK_ROWS, BLOCK_ROWS)
                self._block = block
            part = self._rows[at : at + count]
            taken += part
            count -= len(part)
            self._next += len(part)
        return taken


class _Offsets(Sequence[Mapping[str, Any]]):
    """Made when asked for: of a batch the runtime wants the last one only."""

    def __init__(self, numbers: range, seed: int) -> None:
        self._numbers = numbers
        self._seed = seed

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Offsets(self._numbers[index], self._seed)
        return {ITERATION: self._numbers[int(index)], SEED: self._seed}


def _generator(config: DatagenConfig) -> Generator:
    """What the settings ask for. Raises `ConfigError` that names the setting."""
    setting = "schema.string" if config.schema_string else "schema.filename"
    try:
        made = generator(config.schema_text())
    except DataError as error:
        raise ConfigError(f"The schema of the setting '{setting}' is wrong: {error}") from error
    names = [field.name for field in made.schema.fields] if _is_struct(made) else []
    key = config.schema_keyfield
    if key and key not in names:
        raise ConfigError.invalid(
            "schema.keyfield", key, f"The schema has the fields {', '.join(names) or 'none'}."
        )
    return made


def _is_struct(made: Generator) -> bool:
    return made.schema.type.value == "struct"


class DatagenSource(SourceConnector[DatagenConfig]):
    """Writes made-up records to a topic; each task makes a stream of its own."""

    java_class: ClassVar[str] = "io.confluent.kafka.connect.datagen.DatagenConnector"
    task = DatagenSourceTask

    def start(self) -> None:
        _generator(self.config)

    def task_configs(self, max_tasks: int) -> Sequence[Mapping[str, str]]:
        return [self.config.properties] * max_tasks

    def exactly_once_support(self) -> ExactlyOnceSupport:
        return ExactlyOnceSupport.SUPPORTED

    def alter_offsets(
        self, offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        for partition, offset in offsets.items():
            number = dict(partition).get(TASK)
            if type(number) is not int or number < 0:
                raise ConnectError(f"A partition names its task: {{'{TASK}': 0}}, not {partition}.")
            at = 0 if offset is None else offset.get(ITERATION)
            if type(at) is not int or at < 0:
                raise ConnectError(
                    f"An offset tells how many records there were: {{'{ITERATION}': 100}}."
                )
        return True
