"""What operators are told when something is wrong: one sentence that names it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from penstock.broker import LocalKafka
from tests.integration.topics import read_values
from tests.integration.workers import STRING, Worker, free_port, wait_until, write_properties

pytestmark = pytest.mark.integration

NOWHERE = "127.0.0.1:1"  # nothing listens here


def refused(*arguments: object) -> str:
    """The error line of a worker that must not start."""
    ended = subprocess.run(
        [sys.executable, "-m", "penstock", "standalone", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("Error: ")
    assert "Traceback" not in ended.stdout
    return line


@pytest.fixture
def worker_file(tmp_path: Path) -> Path:
    path = tmp_path / "worker.properties"
    write_properties(path, worker_properties(tmp_path))
    return path


def worker_properties(folder: Path) -> dict[str, str]:
    return {
        "bootstrap.servers": NOWHERE,
        "key.converter": STRING,
        "value.converter": STRING,
        "offset.storage.file.filename": str(folder / "offsets"),
        "listeners": f"http://127.0.0.1:{free_port()}",
    }


def connector(folder: Path, **properties: str) -> Path:
    path = folder / f"{properties.get('name', 'nameless')}.properties"
    write_properties(path, {name.replace("__", "."): text for name, text in properties.items()})
    return path


def test_a_missing_file_is_named(tmp_path: Path, worker_file: Path) -> None:
    missing = tmp_path / "nowhere.properties"
    assert f"{missing} cannot be read: No such file" in refused(missing)
    assert f"{missing} cannot be read: No such file" in refused(worker_file, missing)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path} cannot be read: Is a directory" in refused(tmp_path)


def test_a_malformed_escape_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.properties"
    path.write_text("a=\\u12x4\n")
    assert f"{path} is no properties file" in refused(path)


def test_missing_bootstrap_servers_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "worker.properties"
    settings = worker_properties(tmp_path)
    del settings["bootstrap.servers"]
    write_properties(path, settings)
    line = refused(path)
    assert "bootstrap.servers is not set" in line
    assert "localhost:9092" in line


def test_a_missing_setting_of_the_worker_is_named(tmp_path: Path) -> None:
    path = tmp_path / "worker.properties"
    settings = worker_properties(tmp_path)
    del settings["key.converter"]
    write_properties(path, settings)
    assert 'Missing required configuration "key.converter"' in refused(path)


def test_a_wrong_value_of_the_worker_is_named(tmp_path: Path) -> None:
    path = tmp_path / "worker.properties"
    write_properties(path, worker_properties(tmp_path) | {"offset.flush.interval.ms": "soon"})
    line = refused(path)
    assert "Invalid value soon for configuration offset.flush.interval.ms" in line


def test_close_names_are_suggested_for_an_unknown_connector(
    tmp_path: Path, worker_file: Path
) -> None:
    path = connector(tmp_path, name="x", connector__class="FileStreamSorce", file="f", topic="t")
    line = refused(worker_file, path)
    assert str(path) in line
    assert "FileStreamSorce" in line
    assert "Did you mean FileStreamSource" in line


def test_a_wrong_value_of_a_connector_names_file_and_setting(
    tmp_path: Path, worker_file: Path
) -> None:
    path = connector(
        tmp_path,
        name="x",
        connector__class="FileStreamSource",
        file="f",
        topic="t",
        batch__size="many",
    )
    line = refused(worker_file, path)
    assert str(path) in line
    assert "Invalid value many for configuration batch.size" in line


def test_a_connector_without_a_name_is_refused(tmp_path: Path, worker_file: Path) -> None:
    path = connector(tmp_path, connector__class="FileStreamSource", file="f", topic="t")
    line = refused(worker_file, path)
    assert f"Connector configuration at '{path}' is missing the mandatory 'name'" in line


def test_two_connectors_of_one_name_are_both_named(tmp_path: Path, worker_file: Path) -> None:
    first = connector(tmp_path, name="x", connector__class="FileStreamSource", topic="t")
    second = tmp_path / "second.json"
    second.write_text('{"name": "x", "connector.class": "FileStreamSource", "topic": "t"}')
    line = refused(worker_file, first, second)
    assert str(first) in line
    assert str(second) in line
    assert "named x" in line


def test_a_taken_rest_port_is_named(tmp_path: Path, kafka: LocalKafka) -> None:
    worker = Worker(tmp_path, kafka.bootstrap_servers).start()
    try:
        worker.wait_for_rest()
        line = refused(tmp_path / "worker.properties")
        assert f"http://127.0.0.1:{worker.port}" in line
        assert "Address already in use" in line
    finally:
        worker.kill()


def test_without_a_broker_the_worker_says_so_once_and_answers_meanwhile(tmp_path: Path) -> None:
    worker = Worker(tmp_path, NOWHERE).start()
    try:
        wait_until(lambda: worker.ask("/health")[0], what="an answer")
        wait_until(lambda: "Kafka does not answer" in worker.log, what="a line in the log")
        status, body = worker.ask("/health")
        assert (status, body["status"]) == (503, "starting")
        assert worker.ask("/connectors") == (200, [])
        assert f"bootstrap.servers={NOWHERE}" in worker.log
        assert worker.log.count("Kafka does not answer") == 1
        assert worker.stop() == 0
    finally:
        worker.kill()


def test_connectors_start_when_the_broker_comes(tmp_path: Path) -> None:
    port = free_port()
    worker = Worker(tmp_path, f"127.0.0.1:{port}")
    (tmp_path / "in.txt").write_text("early\n")
    worker.add("source", source(tmp_path))
    worker.start()
    try:
        wait_until(lambda: "Kafka does not answer" in worker.log, what="a line in the log")
        with LocalKafka(port=port) as kafka:
            worker.wait_for_rest()
            wait_until(
                lambda: worker.states("source") == ["RUNNING", "RUNNING"], what="a running task"
            )
            wait_until(
                lambda: read_or_nothing(kafka.bootstrap_servers, "lines") == [b"early"],
                what="the line",
            )
            assert worker.stop() == 0
    finally:
        worker.kill()


def read_or_nothing(bootstrap: str, topic: str) -> list[bytes]:
    try:
        return read_values(bootstrap, topic)
    except Exception:
        return []


def source(folder: Path, topic: str = "lines") -> dict[str, str]:
    return {
        "connector.class": "FileStreamSource",
        "file": str(folder / "in.txt"),
        "topic": topic,
    }


def test_a_topic_deleted_under_a_running_source_fails_its_task_by_name_or_is_made_again(
    tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    """The broker makes missing topics here, so that what was appended later arrives."""
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    (tmp_path / "in.txt").write_text("first\n")
    worker.add("source", source(tmp_path, topic))
    worker.start()
    try:
        wait_until(lambda: read_or_nothing(kafka.bootstrap_servers, topic) == [b"first"])
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
        admin.delete_topics([topic])[topic].result(60)
        wait_until(  # or the line might still reach the old topic
            lambda: topic not in admin.list_topics(timeout=60).topics, what="the end of the topic"
        )
        with (tmp_path / "in.txt").open("a") as lines:
            lines.write("second\n")
        wait_until(
            lambda: (
                read_or_nothing(kafka.bootstrap_servers, topic) == [b"second"]
                or worker.states("source")[1:] == ["FAILED"]
            ),
            what="the line or a failed task",
        )
        if worker.states("source")[1:] == ["FAILED"]:
            _, body = worker.ask("/connectors/source/tasks/0/status")
            assert topic in body["trace"]
        assert worker.stop() == 0
    finally:
        worker.kill()


def test_a_missing_input_file_is_awaited_quietly(
    tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    worker.add("source", source(tmp_path, topic))
    worker.start()
    try:
        wait_until(lambda: worker.states("source") == ["RUNNING", "RUNNING"], what="a running task")
        (tmp_path / "in.txt").write_text("late\n")
        wait_until(lambda: read_or_nothing(kafka.bootstrap_servers, topic) == [b"late"])
        assert worker.stop() == 0
    finally:
        worker.kill()


@pytest.mark.parametrize("how", ["truncated", "rotated"])
def test_a_truncated_or_rotated_input_file_is_read_from_its_beginning(
    how: str, tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    file = tmp_path / "in.txt"
    file.write_text("one\ntwo\nthree\n")
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    worker.add("source", source(tmp_path, topic))
    worker.start()
    try:
        before = [b"one", b"two", b"three"]
        wait_until(lambda: read_or_nothing(kafka.bootstrap_servers, topic) == before)
        if how == "rotated":
            file.rename(tmp_path / "in.txt.1")
        file.write_text("new\n")
        wait_until(lambda: read_or_nothing(kafka.bootstrap_servers, topic) == [*before, b"new"])
        assert str(file) in worker.log
        assert worker.stop() == 0
    finally:
        worker.kill()


def failed_sink(worker: Worker) -> str:
    wait_until(
        lambda: worker.states("sink")[1:] == ["FAILED"],
        what=lambda: f"a failed task; log:\n{worker.log}",
    )
    _, body = worker.ask("/connectors/sink/tasks/0/status")
    return str(body["trace"])


def test_an_output_folder_that_does_not_exist_fails_the_task(
    tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    file = tmp_path / "no" / "such" / "out.txt"
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    worker.add("sink", {"connector.class": "FileStreamSink", "file": str(file), "topics": topic})
    worker.start()
    try:
        worker.wait_for_rest()
        trace = failed_sink(worker)
        assert f"Couldn't find or create file '{file}' for FileStreamSinkTask" in trace
        assert worker.stop() == 0
    finally:
        worker.kill()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_an_output_folder_that_may_not_be_written_fails_the_task(
    tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    out = str(closed / "out.txt")
    worker.add("sink", {"connector.class": "FileStreamSink", "file": out, "topics": topic})
    worker.start()
    try:
        worker.wait_for_rest()
        assert out in failed_sink(worker)
        assert worker.stop() == 0
    finally:
        worker.kill()


def test_a_second_signal_ends_the_worker_at_once(tmp_path: Path, kafka: LocalKafka) -> None:
    worker = Worker(tmp_path, kafka.bootstrap_servers).start()
    try:
        worker.wait_for_rest()
        assert worker.process is not None
        worker.process.terminate()
        worker.process.terminate()
        assert worker.exit_status(60) in (0, 143)
    finally:
        worker.kill()


def test_settings_a_worker_does_not_know_are_named_once(tmp_path: Path, kafka: LocalKafka) -> None:
    worker = Worker(tmp_path, kafka.bootstrap_servers, some__typo="1", other__typo="2").start()
    try:
        worker.wait_for_rest()
        warnings = [line for line in worker.log.splitlines() if "some.typo" in line]
        assert len(warnings) == 1
        assert "WARNING" in warnings[0]
        assert "other.typo" in warnings[0]
        assert worker.stop() == 0
    finally:
        worker.kill()
