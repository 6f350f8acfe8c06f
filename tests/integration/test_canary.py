"""Planted secrets show up nowhere, whatever happens to a worker and its connectors."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest
from confluent_kafka import Producer

from tests.integration.group_workers import Distributed, Group
from tests.integration.topics import read_messages
from tests.integration.workers import ended, wait_until
from tests.secret_servers import FakeVault, serving

pytestmark = pytest.mark.integration

LEAKY = Path(__file__).parent / "leaky.py"
LITERAL = "canary-literal-pin"
JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required "


class Canaries:
    """Secrets by the place where they stand; those that Java stores too may be in its topics."""

    def __init__(self) -> None:
        self.values = {
            "vault token": "canary-vault-token",
            "vault value": "canary-vault-value",
            "file value": "canary-file-value",
            "store password": "canary-store-password",
            "login": "canary-login-password",
            "listener key": "canary-listener-key",
            "user": "canary-rest-password",
            "literal": LITERAL,
            "override": "canary-override",
        }

    def __getitem__(self, place: str) -> str:
        return self.values[place]

    def assert_hidden(self, where: str, text: str, *, stored: bool = False) -> None:
        """`stored`: Java keeps literals of connectors there as they are."""
        allowed = {"literal", "override"} if stored else set[str]()
        shown = [p for p, value in self.values.items() if p not in allowed and value in text]
        assert shown == [], f"{where} shows {shown}"


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    server = FakeVault(root="canary-vault-token")
    server.v2["secret/db"] = {"password": "canary-vault-value"}
    with serving(server):
        yield server


@pytest.fixture
def worker(kafka: Any, tmp_path: Path, vault: FakeVault) -> Iterator[Distributed]:
    canaries = Canaries()
    (tmp_path / "secrets.properties").write_text(
        f"token={canaries['vault token']}\nfile={canaries['file value']}\n"
        f"store={canaries['store password']}\n"
    )
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "leaky.py").write_text(LEAKY.read_text())
    file = f"${{file:{tmp_path}/secrets.properties:"
    group = Group(kafka.bootstrap_servers, tmp_path)
    made = group.worker()
    made.settings |= {
        "plugin.path": str(plugins),
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "config.providers": "file,vault",
        "config.providers.file.class": "FileConfigProvider",
        "config.providers.vault.class": "VaultConfigProvider",
        "config.providers.vault.param.vault.address": vault.url,
        "config.providers.vault.param.vault.auth.token": file + "token}",
        "producer.ssl.truststore.password": file + "store}",
        "producer.sasl.jaas.config": f'{JAAS} username="u" password="{canaries["login"]}";',
        "listeners.https.ssl.key.password": canaries["listener key"],
    }
    made.start().wait_for_rest()
    yield made
    list(ended([made]))


def everything(worker: Distributed) -> str:
    """What REST shows, without the configurations that clients are given back as they sent them."""
    shown: list[str] = []
    for path in (
        "/", "/connectors?expand=status", "/connectors/leaky/status", "/connectors/leaky/offsets",
        "/connectors/leaky/topics", "/connector-plugins?connectorsOnly=false", "/health",
        "/admin/loggers", "/openapi.json", "/metrics", "/penstock/v1/hosts",
        "/penstock/v1/connectors/leaky", "/penstock/v1/errors",
    ):  # fmt: skip
        try:
            request = Request(f"http://127.0.0.1:{worker.port}{path}")
            with urlopen(request, timeout=20) as answer:
                shown.append(answer.read().decode())
        except OSError:
            continue  # not there
    return "\n".join(shown)


def processes(worker: Distributed) -> str:
    """Command lines of the worker and of all that it has started."""
    assert worker.process is not None
    worker_itself = psutil.Process(worker.process.pid)
    family = [worker_itself, *worker_itself.children(recursive=True)]
    return "\n".join(" ".join(process.cmdline()) for process in family)


def send(bootstrap: str, topic: str, *values: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for value in values:
        producer.produce(topic, value.encode())
    assert producer.flush(20) == 0


def text_of(bootstrap: str, topic: str) -> str:
    found = read_messages(bootstrap, topic)
    return "\n".join(repr((m.key(), m.value(), m.headers())) for m in found)


def config(tmp_path: Path, topic: str, canaries: Canaries) -> dict[str, str]:
    file = f"${{file:{tmp_path}/secrets.properties:file}}"
    return {
        "connector.class": "LeakySink",
        "topics": topic,
        "pin": LITERAL,
        "address": f"db://me:${{vault:secret/db:password}}@host/{file}",
        "transforms": "note",
        "transforms.note.type": "org.apache.kafka.connect.transforms.InsertHeader",
        "transforms.note.header": "h",
        "transforms.note.value.literal": "${vault:secret/db:password}",
        "producer.override.sasl.jaas.config": f'{JAAS}username="u" '
        f'password="{canaries["override"]}";',
        "errors.tolerance": "all",
        "errors.log.enable": "true",
        "errors.deadletterqueue.topic.name": f"{topic}-dlq",
        "errors.deadletterqueue.topic.replication.factor": "1",
        "errors.deadletterqueue.context.headers.enable": "true",
        "errors.restart.policy": "off",
    }


def test_no_secret_is_shown_in_the_life_of_a_worker(
    worker: Distributed, tmp_path: Path, topic: str
) -> None:
    canaries, bootstrap = Canaries(), worker.settings["bootstrap.servers"]
    given = config(tmp_path, topic, canaries)
    send(bootstrap, topic, "good", "reject")
    worker.ask("/admin/loggers/root", "PUT", {"level": "TRACE"})
    wrong = {**given, "number": "${vault:secret/db:password}"}
    told = [
        worker.ask("/connector-plugins/LeakySink/config/validate", "PUT", wrong),
        worker.ask("/connectors", "POST", {"name": "leaky", "config": wrong}),
        worker.ask("/connectors", "POST", {"name": "x", "config": {"pin": LITERAL}}),
    ]
    canaries.assert_hidden("validation", json.dumps(told[0]))
    canaries.assert_hidden("a refused creation", json.dumps(told[1]))
    assert told[1][0] == 400
    created = worker.ask("/connectors", "POST", {"name": "leaky", "config": given})
    assert created[0] == 201, created
    canaries.assert_hidden("creation", json.dumps(created), stored=True)
    wait_until(lambda: worker.states("leaky") == ["RUNNING", "RUNNING"], what=worker_log(worker))
    wait_until(lambda: dead_letters(bootstrap, topic), what="a dead letter")
    send(bootstrap, topic, "bad")
    wait_until(lambda: worker.states("leaky")[1:] == ["FAILED"], what="a failure")
    canaries.assert_hidden("REST after a failure", everything(worker))
    worker.ask("/connectors/leaky/restart?includeTasks=true&onlyFailed=false", "POST")
    wait_until(lambda: worker.states("leaky")[1:] == ["FAILED"], what="the failure again")
    worker.ask("/connectors/leaky/stop", "PUT")
    wait_until(lambda: worker.states("leaky") == ["STOPPED"], what="a stop")
    worker.ask("/connectors/leaky/offsets", "DELETE")
    send(bootstrap, topic, "crash")
    moved = {"offsets": [{"partition": {"kafka_topic": topic, "kafka_partition": 0},
                          "offset": {"kafka_offset": 3}}]}  # fmt: skip
    worker.ask("/connectors/leaky/offsets", "PATCH", moved)
    worker.ask("/connectors/leaky/resume", "PUT")
    wait_until(lambda: "FAILED" in worker.states("leaky"), what="a crash")
    canaries.assert_hidden("REST after a crash", everything(worker))
    canaries.assert_hidden("command lines", processes(worker))
    assert worker.stop() == 0
    log = worker.log
    for hint in ("All of it", "printed [hidden]", "dying [hidden]", "cannot log in at db://me"):
        assert hint in log, f"the connector was to tell: {hint}"
    canaries.assert_hidden("the log", log)
    name = worker.settings["group.id"]
    canaries.assert_hidden("the status topic", text_of(bootstrap, f"{name}-status"))
    canaries.assert_hidden("the offsets", text_of(bootstrap, f"{name}-offset"))
    configs = text_of(bootstrap, f"{name}-config")
    canaries.assert_hidden("the config topic", configs, stored=True)
    assert "full.address" in configs
    canaries.assert_hidden("dead letters", dead_letters(bootstrap, topic))
    readable = [path for path in tmp_path.rglob("*") if path.is_file() and others_read(path)]
    assert {path.name for path in readable} <= {
        "leaky.py", "secrets.properties", "worker.properties", "worker.log",
    }  # fmt: skip


def worker_log(worker: Distributed) -> str:
    return f"running; the log ends {worker.log[-1500:]}"


def dead_letters(bootstrap: str, topic: str) -> str:
    try:
        return text_of(bootstrap, f"{topic}-dlq")
    except KeyError:
        return ""


def others_read(path: Path) -> bool:
    return bool(path.stat().st_mode & stat.S_IROTH) and "__pycache__" not in path.parts
