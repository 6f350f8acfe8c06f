"""Dead letters with a real broker: where they lead back to, and mistakes that keep them out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import confluent_kafka.admin
import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from penstock.broker import LocalKafka
from penstock.cli.letter_choices import Choice, readable
from penstock.cli.main import main
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.letters import Letter, LetterReader
from penstock.sdk.record import SourceRecord
from tests.integration.mistake_rig import (
    OTHER,
    Rig,
    letters,
    other,
    plain,
    record,
    refusing_kafka,
)
from tests.unit.hosting.mistakes import (
    TO_NUMBERS,
    RejectTask,
)

acls: Any = confluent_kafka.admin  # its own annotations leave these out

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with refusing_kafka() as broker:
        yield broker


def stored(kafka: LocalKafka, topic: str) -> list[Letter]:
    """What readers of committed transactions see; of a letter, the reason is taken apart."""
    ranges = readable(KafkaAdmin(plain(kafka)), topic, Choice())
    with closing(LetterReader(plain(kafka), topic)) as reader:
        return list(reader.read(ranges))


def penstock(kafka: LocalKafka, *arguments: str) -> Result:
    done = CliRunner().invoke(main, [*arguments, "--bootstrap-servers", kafka.bootstrap_servers])
    assert done.exit_code == 0, done.output
    return done


@pytest.mark.parametrize("how", ["often", "once"])
def test_a_letter_of_a_source_can_be_shown_and_replayed(kafka: LocalKafka, how: str) -> None:
    topic, box = f"numbers-{how}", f"letters-{how}"
    rig = Rig(plain(kafka))
    rig.start(
        "PatientSource",
        {"name": how} | letters(box) | TO_NUMBERS,
        record(topic, "x", source_offset={"n": 7}),
        record(topic, "7", source_offset={"n": 8}),
        exactly_once=how == "once",
    )
    rig.until(lambda: stored(kafka, topic) != [] and stored(kafka, box) != [])
    rig.end()
    if how == "once":
        assert b'{"n":8}' in [each.value for each in stored(kafka, "own-offsets")]
    else:
        assert rig.store.offsets.pairs() == [({"p": 1}, {"n": 8})]
    (letter,) = stored(kafka, box)
    assert letter.value == b"x"
    reason = letter.reason
    assert (reason.connector, reason.task, reason.stage) == (how, "0", "TRANSFORMATION")
    assert reason.exception == "org.apache.kafka.connect.errors.DataException"
    assert (reason.topic, reason.partition, reason.offset) == (topic, None, None)
    assert (reason.source_partition, reason.source_offset) == ('{"p":1}', '{"n":7}')
    assert reason.source_format == "converter"
    shown = json.loads(penstock(kafka, "dlq", "show", box, "--offset", "0", "--json").stdout)
    assert '{"n":7}' in str(shown)
    penstock(kafka, "dlq", "replay", box, "--all")
    assert [each.value for each in stored(kafka, topic)] == [b"7", b"x"]


HUGE = "x" * 5000


def committed(kafka: LocalKafka, rig: Rig) -> bool:
    """Whether the task has committed any offset."""
    group = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "group.id": f"connect-{rig.id.connector}",
    }
    with closing(Consumer(group)) as consumer:
        (place,) = consumer.committed([Place("orders", 0)], 60)
    return place.offset >= 0 or rig.store.offsets.pairs() != []


def mend(kafka: LocalKafka, topic: str) -> None:
    """From now on the dead letter topic can be written."""
    admin = acls.AdminClient(plain(kafka))
    if topic.startswith("closed"):
        literal, deny = acls.ResourcePatternType.LITERAL, acls.AclPermissionType.DENY
        kind, write = acls.ResourceType.TOPIC, acls.AclOperation.WRITE
        rule = acls.AclBindingFilter(kind, topic, literal, OTHER, "*", write, deny)
        asked = admin.delete_acls([rule])
    else:
        wide = acls.ConfigEntry(
            "max.message.bytes", "1000000", incremental_operation=acls.AlterConfigOpType.SET
        )
        resource = acls.ConfigResource(acls.ResourceType.TOPIC, topic, incremental_configs=[wide])
        asked = admin.incremental_alter_configs([resource])
    for done in asked.values():
        done.result(60)


def work_until_committed(
    kafka: LocalKafka,
    kind: str,
    properties: dict[str, str],
    records: list[SourceRecord],
    came: Callable[[], bool],
) -> None:
    """Restart the task as often as it fails: brokers follow new rules a little later.

    A sink may commit what it consumed before it consumes the good record.
    """
    end = time.monotonic() + 60
    while time.monotonic() < end:
        rig = Rig(other(kafka))
        rig.start(kind, properties, *records)
        rig.until(lambda rig=rig: rig.failed is not None or (committed(kafka, rig) and came()))
        rig.end()
        if rig.failed is None:
            return
    raise AssertionError("The task fails for ever.")


@pytest.mark.parametrize(
    ("hint", "box", "good"),
    [("letters-not-allowed", "closed", "7"), ("letter-too-large", "small", "8")],
)
@pytest.mark.parametrize("kind", ["RejectSink", "PatientSource"])
def test_what_cannot_become_a_dead_letter_waits_for_a_mended_topic(
    kafka: LocalKafka, hint: str, box: str, good: str, kind: str
) -> None:
    topic = f"{box}-{kind}"
    properties = {"name": topic} | letters(topic) | TO_NUMBERS
    if kind == "RejectSink":
        properties["topics"] = "orders"
        producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
        producer.produce("orders", HUGE)
        producer.produce("orders", good)
        assert producer.flush(60) == 0
    records = [record("numbers", HUGE), record("numbers", good)]
    rig = Rig(other(kafka))
    rig.start(kind, properties, *records)
    failure = rig.failure()
    assert f"could not be written to the dead letter queue {topic}" in failure.trace
    assert failure.event is not None
    assert failure.event.hint == hint, failure.trace
    rig.end()
    assert not committed(kafka, rig)
    RejectTask.kept.clear()
    mend(kafka, topic)

    def came() -> bool:
        if kind == "RejectSink":
            return int(good) in RejectTask.kept
        return good.encode() in [each.value for each in stored(kafka, "numbers")]

    work_until_committed(kafka, kind, properties, records, came)
    assert HUGE.encode() in [letter.value for letter in stored(kafka, topic)]
