"""A real Kafka starts, keeps its data, tells what is wrong, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from penstock.broker import BrokerError, LocalKafka
from penstock.cli.broker import broker as broker_command
from penstock.testing.kafka import SharedKafka, shared_kafka
from tests.integration.topics import read_values
from tests.integration.workers import free_port, wait_until
from tests.processes import runs

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("broker")]

READY_SECONDS = 50.0  # 2 s on an idle machine


def write(bootstrap_servers: str, topic: str, *values: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap_servers})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(60) == 0


def eventually(true: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.05)


def java_processes(folder: Path) -> list[psutil.Process]:
    running = psutil.process_iter(["name", "cwd"])
    return [p for p in running if p.info["name"] == "java" and p.info["cwd"] == str(folder)]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[LocalKafka]:
    """A broker that keeps its data in `tmp_path / "kafka"`; not started."""
    kafka = LocalKafka(tmp_path / "kafka")
    yield kafka
    kafka.stop()


def test_records_are_written_and_read(kafka: SharedKafka, topic: str) -> None:
    write(kafka.bootstrap_servers, topic, "a", "b")
    assert read_values(kafka.bootstrap_servers, topic) == [b"a", b"b"]


def test_all_users_of_a_folder_share_one_broker_until_the_last_is_done(tmp_path: Path) -> None:
    borrowed, done, seen = threading.Event(), threading.Event(), list[object]()

    def borrow() -> None:
        with shared_kafka(tmp_path) as second:
            borrowed.set()
            done.wait(60)
            write(second.bootstrap_servers, "t", "x")
            seen.append(second)

    with shared_kafka(tmp_path) as first:
        borrower = threading.Thread(target=borrow)
        borrower.start()
        assert borrowed.wait(60)
        threading.Timer(0.5, done.set).start()
    assert seen == [first]
    borrower.join()
    assert not (tmp_path / "kafka.address").exists()


def test_a_broker_goes_on_with_its_data_after_a_stop_a_restart_and_a_crash(
    kept: LocalKafka, topic: str
) -> None:
    kept.start()
    address = kept.bootstrap_servers
    write(address, topic, "first")
    kept.restart()
    assert kept.bootstrap_servers == address
    write(address, topic, "restarted")
    kept.kill()
    assert not kept.running
    kept.start()
    write(address, topic, "crashed")
    kept.stop()
    with LocalKafka(kept._kept) as again:
        write(again.bootstrap_servers, topic, "stopped")
        assert read_values(again.bootstrap_servers, topic) == [
            b"first",
            b"restarted",
            b"crashed",
            b"stopped",
        ]


def test_a_broker_without_a_folder_leaves_nothing_behind() -> None:
    kafka = LocalKafka()
    began = time.monotonic()
    kafka.start()
    assert time.monotonic() - began < READY_SECONDS
    folder, pid = kafka.folder, kafka.pid
    assert folder.exists()
    kafka.stop()
    assert not folder.exists()
    assert not psutil.pid_exists(pid or 0)
    assert not kafka.running


def test_settings_are_kafkas(tmp_path: Path) -> None:
    odd = tmp_path / "a folder, as ümlauts go %i".replace(",", "")
    with LocalKafka(odd, settings={"num.partitions": "3"}) as kafka:
        write(kafka.bootstrap_servers, "t", "x")
        wait_until(lambda: len(list((odd / "data").glob("t-*"))) == 3)  # each when its turn comes


def test_a_wrong_setting_is_named() -> None:
    with pytest.raises(BrokerError, match=r"Invalid value many for configuration num\.partitions"):
        LocalKafka(settings={"num.partitions": "many"}).start()


def test_a_taken_port_is_named(kafka: SharedKafka) -> None:
    port = int(kafka.bootstrap_servers.split(":")[1])
    with pytest.raises(BrokerError, match=rf"Port {port} on 127\.0\.0\.1 cannot be used"):
        LocalKafka(port=port).start()


def test_a_folder_in_use_is_named_and_free_again_after_a_stop(kept: LocalKafka) -> None:
    kept.start()
    with pytest.raises(BrokerError, match=rf"in use by another broker \(process {kept.pid}\)"):
        LocalKafka(kept.folder).start()
    with pytest.raises(BrokerError, match="is running already"):
        kept.start()
    folder = kept.folder
    kept.stop()
    with LocalKafka(folder):
        pass


STARTER = """
    import sys, threading, time
    from penstock.broker import LocalKafka
    kafka = LocalKafka(sys.argv[1] or None)
    thread = threading.Thread(target=kafka.start)  # whose end is not the process's end
    thread.start()
    thread.join()
    time.sleep(float(sys.argv[2]))
    assert kafka.running
    print(kafka.pid, flush=True)
    time.sleep(600)
"""


def started(
    folder: Path | str, seconds: float = 0.0
) -> tuple[subprocess.Popen[str], psutil.Process]:
    """Another process that runs a broker, and the broker."""
    command = [sys.executable, "-c", textwrap.dedent(STARTER), str(folder), str(seconds)]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    return owner, psutil.Process(int(owner.stdout.readline()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_broker_ends_with_the_process_that_started_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    owner, broker = started(tmp_path / "kafka", 0.5)
    guard = broker.parent()
    owner.send_signal(number)
    owner.communicate()
    eventually(lambda: not runs(broker))
    eventually(lambda: guard is None or not runs(guard))


def test_a_broker_without_a_folder_leaves_nothing_behind_when_its_owner_is_killed() -> None:
    owner, broker = started("")
    folder = Path(broker.cwd())
    assert (folder / "data").exists()
    owner.kill()
    owner.communicate()
    eventually(lambda: not folder.exists())


def test_a_broker_ends_with_its_guard(tmp_path: Path) -> None:
    owner, broker = started(tmp_path / "kafka")
    guard = broker.parent()
    assert guard is not None
    guard.kill()
    eventually(lambda: not runs(broker))
    owner.kill()
    owner.communicate()


def test_a_broker_ends_when_its_start_is_interrupted(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    command = [sys.executable, "-c", textwrap.dedent(STARTER), str(folder), "0"]
    owner = subprocess.Popen(command, stdout=subprocess.PIPE)
    eventually(lambda: java_processes(folder))
    owner.kill()
    owner.communicate()
    eventually(lambda: not java_processes(folder))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_it_is_asked_to_end(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    command = [sys.executable, "-m", "penstock", "broker", "--port", str(port)]
    command += ["--dir", str(tmp_path / "kafka"), "--set", "num.partitions=2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    shown = process.stdout.readline() + process.stdout.readline()
    assert f"bootstrap.servers=127.0.0.1:{port}" in shown
    write(f"127.0.0.1:{port}", "t", "x")
    process.send_signal(number)
    rest, _ = process.communicate(timeout=100)
    assert (process.returncode, rest) == (0, "Stopped.\n")
    assert java_processes(tmp_path / "kafka") == []


def test_the_command_tells_when_kafka_ends_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "kafka"
    command = [sys.executable, "-m", "penstock", "broker", "--port", str(free_port())]
    process = subprocess.Popen(
        [*command, "--dir", str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    for java in java_processes(folder):
        os.kill(java.pid, signal.SIGKILL)
    _, complaint = process.communicate(timeout=100)
    assert process.returncode == 1
    assert "Kafka ended by itself (exit code 137)" in complaint


def test_the_command_names_a_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    arguments = ["--dir", str(tmp_path), "--port", str(free_port())]
    result = CliRunner().invoke(broker_command, arguments)
    assert result.exit_code == 1
    assert "holds something else than a broker's data" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
