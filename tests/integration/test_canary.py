"""Planted secrets show up nowhere, whatever happens to a worker and its connectors."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from penstock.cli.main import main
from penstock.rest.basic_auth import CLASS, MODULE
from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Distributed, Group
from tests.integration.topics import read_messages
from tests.integration.workers import STRING, ended, free_port, wait_until
from tests.secret_servers import FakeVault, serving
from tests.unit.rest.certificates import certified

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

LEAKY = Path(__file__).parent / "leaky.py"
JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required"
WORKER = {  # secrets by the place where they stand
    "vault token": "canary-vault-token",
    "vault value": "canary-vault-value",
    "file value": "canary-file-value",
    "store password": "canary-store-password",
    "login": "canary-login-password",
    "listener": "canary-listener-store",
    "user": "canary-rest-password",
    "authorization": base64.b64encode(b"anna:canary-rest-password").decode(),
}
CONNECTOR = {  # literals, which Java stores as they are given
    "password": "canary-literal-pin",
    "transformation": "canary-of-transform",
    "converter": "canary-of-converter",
    "override": "canary-override",
}
PLACES = (
    "/", "/health", "/connectors?expand=status", "/connectors/leaky/status",
    "/connectors/leaky/offsets", "/connectors/leaky/topics", "/connectors/leaky/tasks/0/status",
    "/connector-plugins?connectorsOnly=false", "/connector-plugins/LeakySink/config",
    "/admin/loggers", "/openapi.json", "/penstock/v1/hosts", "/penstock/v1/tasks",
    "/penstock/v1/metrics",
)  # fmt: skip
CONFIGS = (
    "/connectors?expand=info", "/connectors/leaky", "/connectors/leaky/config",
    "/connectors/leaky/tasks",
)  # fmt: skip


def assert_hidden(where: str, shown: object, *, stored: bool = False) -> None:
    """`stored`: Java shows literals of connectors there as they are, so they stay."""
    text = shown if isinstance(shown, str) else json.dumps(shown)
    planted = WORKER if stored else WORKER | CONNECTOR
    assert [place for place, value in planted.items() if value in text] == [], where


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    server = FakeVault(root=WORKER["vault token"])
    server.v2["secret/db"] = {"password": WORKER["vault value"]}
    with serving(server):
        yield server


@pytest.fixture
def worker(
    kafka: SharedKafka, tmp_path: Path, vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Distributed]:
    secrets = tmp_path / "secrets"
    (tmp_path / "temporary").mkdir()
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "leaky.py").write_text(LEAKY.read_text())
    secrets.mkdir(0o700)
    (secrets / "of").write_text(
        f"token={WORKER['vault token']}\nfile={WORKER['file value']}\n"
        f"store={WORKER['store password']}\n"
    )
    (secrets / "users").write_text(f"anna={WORKER['user']}\n")
    (secrets / "jaas").write_text(f'KafkaConnect {{ {MODULE} required file="{secrets}/users"; }};')
    monkeypatch.setenv("KAFKA_OPTS", f"-Djava.security.auth.login.config={secrets}/jaas")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (secrets / "store.p12").write_bytes(certified("w").pkcs12(WORKER["listener"]))
    made = Group(kafka.bootstrap_servers, tmp_path).worker()
    made.headers["Authorization"] = f"Basic {WORKER['authorization']}"
    made.settings |= {
        "plugin.path": str(tmp_path / "plugins"),
        "key.converter": STRING,
        "value.converter": STRING,
        "config.providers": "file,vault",
        "config.providers.file.class": "FileConfigProvider",
        "config.providers.vault.class": "VaultConfigProvider",
        "config.providers.vault.param.vault.address": vault.url,
        "config.providers.vault.param.vault.auth.token": f"${{file:{secrets}/of:token}}",
        "producer.ssl.truststore.password": f"${{file:{secrets}/of:store}}",
        "producer.sasl.jaas.config": f'{JAAS} username="u" password="{WORKER["login"]}";',
        "listeners": f"http://127.0.0.1:{made.port},https://127.0.0.1:{free_port()}",
        "listeners.https.ssl.keystore.type": "PKCS12",
        "listeners.https.ssl.keystore.location": str(secrets / "store.p12"),
        "listeners.https.ssl.keystore.password": WORKER["listener"],
        "rest.extension.classes": CLASS,
    }
    made.start().wait_for_rest()
    yield made
    list(ended([made]))


def config(tmp_path: Path, topic: str) -> dict[str, str]:
    override = f'{JAAS} username="u" password="{CONNECTOR["override"]}";'
    return {
        "connector.class": "LeakySink",
        "topics": topic,
        "pin": CONNECTOR["password"],
        "address": f"db://me:${{vault:secret/db:password}}@host/${{file:{tmp_path}/secrets/of:file}}",
        "value.converter": "LeakyConverter",
        "value.converter.word": CONNECTOR["converter"],
        "transforms": "note,word",
        "transforms.note.type": "org.apache.kafka.connect.transforms.InsertHeader",
        "transforms.note.header": "h",
        "transforms.note.value.literal": "${vault:secret/db:password}",
        "transforms.word.type": "LeakyTransform",
        "transforms.word.word": CONNECTOR["transformation"],
        "consumer.override.sasl.jaas.config": override,
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
    given, bootstrap = config(tmp_path, topic), worker.settings["bootstrap.servers"]
    send(bootstrap, topic, "good", "reject", "transform", "convert")
    worker.ask("/admin/loggers/root", "PUT", {"level": "TRACE"})
    begin(worker, given)
    wait_until(
        lambda: worker.states("leaky") == ["RUNNING", "RUNNING"], what=lambda: ending(worker)
    )
    wait_until(lambda: len(letters(bootstrap, topic)) == 3, what=lambda: ending(worker))
    look_around(worker, tmp_path)
    send(bootstrap, topic, "bad")
    wait_until(lambda: worker.states("leaky")[1:] == ["FAILED"], what="a failure")
    look_around(worker, tmp_path)
    worker.ask("/connectors/leaky/restart?includeTasks=true&onlyFailed=false", "POST")
    worker.ask("/connectors/leaky/stop", "PUT")
    wait_until(lambda: worker.states("leaky") == ["STOPPED"], what="a stop")
    send(bootstrap, topic, "crash")
    move(worker, topic, 5)
    worker.ask("/connectors/leaky/resume", "PUT")
    wait_until(lambda: "FAILED" in worker.states("leaky"), what="a crash")
    look_around(worker, tmp_path)
    assert worker.stop() == 0
    worker.start().wait_for_rest()
    wait_until(lambda: "FAILED" in worker.states("leaky"), what="another crash")
    look_around(worker, tmp_path)
    assert worker.stop() == 0
    look_at_what_is_left(worker, topic)


def begin(worker: Distributed, given: dict[str, str]) -> None:
    """What is wrong is told without secrets."""
    wrong = {**given, "number": "${vault:secret/db:password}"}
    valid = "/connector-plugins/LeakySink/config/validate"
    assert_hidden("validation", worker.ask(valid, "PUT", wrong))
    refused = worker.ask("/connectors", "POST", {"name": "leaky", "config": wrong})
    assert refused[0] == 400
    assert_hidden("a refused creation", refused)
    lone = {"name": "lone", "config": {"pin": CONNECTOR["password"]}}
    assert_hidden("a creation without a class", worker.ask("/connectors", "POST", lone))
    status, created = worker.ask("/connectors", "POST", {"name": "leaky", "config": given})
    assert (status, created["config"]) == (201, given | {"name": "leaky"})


def look_around(worker: Distributed, tmp_path: Path) -> None:
    """At what REST, the commands, the processes and the files of a worker show now."""
    for path in PLACES:
        status, body = worker.ask(path)
        assert status == 200, path
        assert_hidden(path, body)
    for path in CONFIGS:
        status, body = worker.ask(path)
        assert status == 200, path
        assert_hidden(path, body, stored=True)
    url = f"http://anna:{WORKER['user']}@127.0.0.1:{worker.port}"
    letters = worker.ask("/connectors/leaky/config")[1]["errors.deadletterqueue.topic.name"]
    servers = ("--bootstrap-servers", worker.settings["bootstrap.servers"])
    command("offsets", "show", "leaky", "--json", "--url", url)
    command("dlq", "list", letters, "--json", *servers)
    assert worker.process is not None
    itself = psutil.Process(worker.process.pid)
    for process in (itself, *itself.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # one that has ended meanwhile shows nothing
            assert_hidden("a command line", process.cmdline())
            assert_hidden("the environment", process.environ())
    for file in (each for each in (tmp_path / "temporary").rglob("*") if each.is_file()):
        with suppress(FileNotFoundError):
            assert not file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH), file


def command(*arguments: str) -> None:
    ran = CliRunner().invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    assert_hidden(" ".join(arguments[:2]), ran.output)


def look_at_what_is_left(worker: Distributed, topic: str) -> None:
    """In the log and in Kafka."""
    for hint in ("All of it", "printed [hidden]", "dying [hidden]", "cannot log in at db://me"):
        assert hint in worker.log, f"the connector was to tell: {hint}"
    assert_hidden("the log", worker.log)
    bootstrap, name = worker.settings["bootstrap.servers"], worker.settings["group.id"]
    dead = letters(bootstrap, topic)
    for hint in ("refused by", "the transformation says [hidden]", "the converter says [hidden]"):
        assert any(hint in letter for letter in dead), hint
    assert_hidden("dead letters", dead)
    assert_hidden("the status topic", texts(bootstrap, f"{name}-status"))
    assert_hidden("the offsets", texts(bootstrap, f"{name}-offset"))
    configs = texts(bootstrap, f"{name}-config")
    assert_hidden("the config topic", configs, stored=True)
    assert any("full.address" in text and "${vault:secret/db" in text for text in configs)


def send(bootstrap: str, topic: str, *values: str) -> None:
    producer = Producer({"bootstrap.servers": bootstrap})
    for value in values:
        producer.produce(topic, value.encode())
    assert producer.flush(60) == 0


def move(worker: Distributed, topic: str, offset: int) -> None:
    partition = {"kafka_topic": topic, "kafka_partition": 0}
    moved = {"offsets": [{"partition": partition, "offset": {"kafka_offset": offset}}]}
    status, body = worker.ask("/connectors/leaky/offsets", "PATCH", moved)
    assert status == 200, body


def texts(bootstrap: str, topic: str) -> list[str]:
    return [repr((m.key(), m.value(), m.headers())) for m in read_messages(bootstrap, topic)]


def letters(bootstrap: str, topic: str) -> list[str]:
    try:
        return texts(bootstrap, f"{topic}-dlq")
    except KeyError:
        return []  # not there yet


def ending(worker: Distributed) -> str:
    return f"what was awaited; the log ends\n{worker.log[-3000:]}\nand it"
