"""A broker's folder is given an identity once, and guarded against mistakes."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path

import pytest

from penstock.broker import BrokerError, LocalKafka, ports, program
from penstock.broker.class_archive import ClassArchive
from penstock.broker.ports import check_free, free_ports
from penstock.broker.settings import HOST, broker_settings
from penstock.broker.storage import Storage
from penstock.runtime.properties import load_properties


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template"
    path.write_bytes(b"features")
    return path


def test_a_new_folder_gets_an_identity_and_keeps_it(tmp_path: Path, template: Path) -> None:
    storage = Storage(tmp_path / "kafka")
    storage.open()
    storage.format(template)
    meta = load_properties((storage.data / "meta.properties").read_bytes())
    assert (meta["version"], meta["node.id"]) == ("1", "1")
    assert len(meta["cluster.id"]) == len(meta["directory.id"]) == 22
    assert meta["cluster.id"] != meta["directory.id"]
    assert (storage.data / "bootstrap.checkpoint").read_bytes() == b"features"
    storage.format(template)
    assert load_properties((storage.data / "meta.properties").read_bytes()) == meta
    storage.close()


def test_a_half_made_identity_is_made_anew(tmp_path: Path, template: Path) -> None:
    storage = Storage(tmp_path / "kafka")
    storage.open()
    storage.data.mkdir()
    (storage.data / "bootstrap.checkpoint").write_bytes(b"fea")
    storage.format(template)
    assert (storage.data / "bootstrap.checkpoint").read_bytes() == b"features"
    storage.close()


def test_a_folder_in_use_is_refused_and_a_stale_marker_is_not(tmp_path: Path) -> None:
    first, second = Storage(tmp_path / "kafka"), Storage(tmp_path / "kafka")
    first.open()
    first.owned_by(4711)
    with pytest.raises(BrokerError, match=r"in use by another broker \(process 4711\)"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(BrokerError, match="holds something else than a broker's data"):
        Storage(tmp_path).open()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("name", "message"), [("file/kafka", "cannot be used .Not a directory"), ("a,b", "a comma")]
)
def test_an_impossible_folder_is_named(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrokerError, match=message):
        Storage(tmp_path / name).open()


def test_a_crash_is_known_by_the_missing_mark_of_a_clean_end(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    assert not storage.crashed
    (storage.data / "__cluster_metadata-0").mkdir(parents=True)
    assert storage.crashed
    (storage.data / ".kafka_cleanshutdown").touch()
    assert not storage.crashed


def test_settings_that_are_given_replace_ours(tmp_path: Path) -> None:
    settings = broker_settings(tmp_path, 1, 2, {"num.partitions": "8", "x": "y"})
    assert (settings["num.partitions"], settings["x"]) == ("8", "y")
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1"
    assert settings["log.dirs"] == str(tmp_path)


def test_free_ports_are_different_and_free() -> None:
    found = free_ports(3) + free_ports(3)
    assert len(set(found)) == 6
    for port in found:
        check_free(port)


def test_a_port_that_is_listened_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = free_ports(1)
    with socket.create_server((HOST, port)):
        monkeypatch.setattr(ports, "_steps", itertools.count(port - ports._LOWEST))
        assert free_ports(1) != [port]


def test_processes_that_begin_one_after_the_other_look_for_ports_far_apart() -> None:
    first = sorted(ports._first_step(pid) for pid in range(4_000, 4_012))
    assert min(after - before for before, after in itertools.pairwise(first)) > 500


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_is_named(port: int) -> None:
    with pytest.raises(BrokerError, match=f"Port {port} cannot be used: ports go from"):
        check_free(port)


def test_a_broker_that_was_never_started_has_no_address_and_no_folder() -> None:
    kafka = LocalKafka()
    with pytest.raises(BrokerError, match="start it first"):
        _ = kafka.bootstrap_servers
    with pytest.raises(BrokerError, match="start it first"):
        _ = kafka.folder
    assert (kafka.pid, kafka.running, kafka.wait()) == (None, False, None)
    kafka.stop()
    kafka.kill()


def test_the_first_exception_of_a_log_is_the_complaint(tmp_path: Path) -> None:
    assert program.complaint(tmp_path, "p") is None
    program.output_file(tmp_path, "p").write_text("Error: no such class\n")
    assert program.complaint(tmp_path, "p") == "Error: no such class"
    log = "t INFO fine (x)\nt ERROR Exiting (x)\na.b.ConfigException: Bad value\n\tat x\n"
    program.log_file(tmp_path, "p").write_text(log)
    assert program.complaint(tmp_path, "p") == "Bad value"


def test_an_archive_of_classes_is_learnt_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PENSTOCK_CACHE", str(tmp_path))
    java = tmp_path / "jdk" / "bin" / "java"
    folder = tmp_path / "kafka"
    folder.mkdir()
    assert ClassArchive(java, [], folder).options == []  # this Java has nothing to build upon
    (tmp_path / "jdk" / "lib" / "server").mkdir(parents=True)
    (tmp_path / "jdk" / "lib" / "server" / "classes.jsa").touch()
    first = ClassArchive(java, [], folder)
    assert first.options == ["-XX:ArchiveClassesAtExit=classes.jsa"]
    first.keep()  # the program was killed and wrote nothing
    assert ClassArchive(java, [], folder).learning
    (folder / "classes.jsa").write_bytes(b"classes")
    first.keep()
    later = ClassArchive(java, [], folder)
    assert not later.learning
    (option,) = later.options
    assert Path(option.partition("=")[2]).read_bytes() == b"classes"
    assert ClassArchive(java, [Path("other.jar")], folder).learning
