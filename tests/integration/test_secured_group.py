"""Workers of a group with every login and store that there is: members, topics and records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import admin
from confluent_kafka.cimpl import NewTopic

from penstock.broker import LocalKafka
from penstock.broker.certificates import STORE_PASSWORD
from tests.integration.group_workers import Distributed, Group
from tests.integration.secured import RIGHT, Strangers
from tests.integration.test_secured_clients import OAUTH
from tests.integration.test_secured_worker import documented
from tests.integration.workers import STRING, Worker, wait_until
from tests.token_endpoint import token_endpoint

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(200),
    pytest.mark.xdist_group("secured"),
]

api: Any = admin  # its own annotations leave some out
SECONDS = 90.0
SCRAM = "SCRAM-SHA-256"
PASSWORD = "leaver-secret"  # of a user of its own
CLIENTS = ("", "producer.", "consumer.")
Properties = Mapping[str, str]


def blocks(worker: Properties, producer: Properties, consumer: Properties) -> dict[str, str]:
    """The settings of a worker, and of the two blocks for its connectors."""
    given = zip(CLIENTS, (worker, producer, consumer), strict=True)
    return {prefix + name: text for prefix, block in given for name, text in block.items()}


def as_documented(kafka: LocalKafka) -> dict[str, str]:
    """PLAIN over TLS 1.2, with a trust store of type JKS."""
    store = documented("truststore", kafka)
    return documented("worker", kafka) | blocks(store, store, store)


def scram(kafka: LocalKafka) -> dict[str, str]:
    """Both sizes, with a trust store of type PKCS12."""
    store = {
        "ssl.truststore.type": "PKCS12",
        "ssl.truststore.location": str(kafka.tls / "truststore.p12"),
        "ssl.truststore.password": STORE_PASSWORD,
    }
    large = kafka.client_properties(mechanism="SCRAM-SHA-512") | store
    small = kafka.client_properties(mechanism="SCRAM-SHA-256") | store
    return blocks(large, small, small)


def certificates(kafka: LocalKafka, strangers: Strangers) -> dict[str, str]:
    """No login but a certificate, in a store of each type."""

    def store(kind: str, end: str) -> dict[str, str]:
        trusted = "ca.pem" if kind == "PEM" else f"truststore.{end}"
        names = ("ssl.truststore.password", "ssl.keystore.password", "ssl.key.password")
        passwords = {} if kind == "PEM" else dict.fromkeys(names, STORE_PASSWORD)
        return passwords | {
            "bootstrap.servers": kafka.address("SSL"),
            "security.protocol": "SSL",
            "ssl.enabled.protocols": "TLSv1.2",
            "ssl.truststore.type": kind,
            "ssl.truststore.location": str(kafka.tls / trusted),
            "ssl.keystore.type": kind,
            "ssl.keystore.location": str(strangers.folder / f"client.{end}"),
        }

    return blocks(store("PKCS12", "p12"), store("JKS", "jks"), store("PEM", "pem"))


def tokens(kafka: LocalKafka, endpoint: str) -> dict[str, str]:
    """At a listener whose certificate is for another host, which is allowed."""
    login = {
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.token.endpoint.url": endpoint,
        "sasl.jaas.config": OAUTH + 'clientId="me" clientSecret="right" scope="kafka";',
        "ssl.endpoint.identification.algorithm": "",
    }
    every = kafka.client_properties("MISNAMED") | login
    return blocks(every, every, every)


def leaver(kafka: LocalKafka) -> dict[str, str]:
    """A user that has to log in every few seconds."""
    every = kafka.client_properties("SASL_PLAINTEXT", SCRAM)
    login = every["sasl.jaas.config"].replace(RIGHT, PASSWORD)
    every["sasl.jaas.config"] = login.replace('"penstock"', '"leaver"')
    return blocks(every, every, every)


def credential(kafka: LocalKafka, user: str, password: str | None) -> None:
    """Give a user this password, or none at all."""
    mechanism = api.ScramMechanism.SCRAM_SHA_256
    client = api.AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    if password is None:
        change = api.UserScramCredentialDeletion(user, mechanism)
    else:
        info = api.ScramCredentialInfo(mechanism, 4096)
        change = api.UserScramCredentialUpsertion(user, info, password.encode())
    client.alter_user_scram_credentials([change])[user].result(10)


@pytest.fixture(scope="module")
def workers(
    tmp_path_factory: pytest.TempPathFactory, secured: LocalKafka, strangers: Strangers
) -> Iterator[dict[str, Distributed]]:
    """All started at once, as each of them takes a moment."""
    with token_endpoint() as endpoint:
        settings = {
            "as documented": as_documented(secured),
            "scram": scram(secured),
            "certificates": certificates(secured, strangers),
            "tokens": tokens(secured, endpoint.url),
            "leaver": leaver(secured),
        }
        groups = {
            name: Group(secured.bootstrap_servers, tmp_path_factory.mktemp("secured"))
            for name in settings
        }
        made: dict[str, Distributed] = {}
        try:
            credential(secured, "leaver", PASSWORD)
            for name, group in groups.items():
                made[name] = group.worker()
                made[name].settings |= settings[name]
                made[name].start()
            yield made
        finally:
            for group in groups.values():
                group.end()


def put(worker: Worker, name: str, **config: str) -> None:
    given = {key.replace("__", "."): text for key, text in config.items()}
    status, body = worker.ask(f"/connectors/{name}/config", "PUT", given)
    assert status == 201, body


def from_file_to_file(
    kafka: LocalKafka, worker: Worker, topic: str, **more: str
) -> tuple[Path, Path]:
    client = api.AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    client.create_topics([NewTopic(topic, 1, 1)])[topic].result(10)
    source, sink = worker.folder / f"{topic}.txt", worker.folder / f"{topic}.out"
    source.touch()
    values = {"value.converter": STRING, **more}
    put(worker, f"in-{topic}", connector__class="FileStreamSource", file=str(source), topic=topic,
        **values)  # fmt: skip
    put(worker, f"out-{topic}", connector__class="FileStreamSink", file=str(sink), topics=topic,
        **values)  # fmt: skip
    return source, sink


def arrived(sink: Path, count: int) -> bool:
    return sink.exists() and len(set(sink.read_text().split())) == count


def arrive(worker: Worker, sink: Path, count: int) -> None:
    wait_until(
        lambda: arrived(sink, count),
        SECONDS,
        what=lambda: f"{count} lines; the log ends {worker.log[-3000:]}",
    )


@pytest.mark.parametrize("name", ["as documented", "scram", "certificates", "tokens"])
def test_a_worker_joins_its_group_and_moves_records_with(
    name: str, workers: dict[str, Distributed], secured: LocalKafka, topic: str
) -> None:
    worker = workers[name]
    worker.wait_for_rest(SECONDS)
    source, sink = from_file_to_file(secured, worker, topic)
    source.write_text("one\ntwo\n")
    arrive(worker, sink, 2)
    assert "Member of group" in worker.log
    for connector in (f"in-{topic}", f"out-{topic}"):  # records may be faster than statuses
        wait_until(lambda c=connector: worker.states(c) == ["RUNNING"] * 2, SECONDS, what=connector)
    for doubt in ("not honoured", "not known", "FAIL", "Traceback", RIGHT, STORE_PASSWORD):
        assert doubt not in worker.log


def test_a_worker_whose_user_is_gone_says_so_and_goes_on_when_it_is_back(
    workers: dict[str, Distributed], secured: LocalKafka, topic: str
) -> None:
    worker = workers["leaver"]
    worker.wait_for_rest(SECONDS)
    source, sink = from_file_to_file(secured, worker, topic)
    arrive(worker, sink, append(source, 0, 10))
    joined = worker.log.count("Member of group")
    arrive(worker, sink, append(source, 10, 80))
    assert worker.log.count("Member of group") == joined  # logging in anew disturbs nobody
    credential(secured, "leaver", None)
    refused = "SaslAuthenticationFailedError: Authentication failed during authentication"
    wait_until(lambda: refused in worker.log, SECONDS, what="word from the member")
    logged = len(worker.log)
    time.sleep(4)
    assert len(worker.log) - logged < 5_000
    credential(secured, "leaver", PASSWORD)
    wait_until(lambda: worker.log.count("Member of group") > joined, SECONDS, what="a member")
    append(source, 80, 90)
    wait_until(
        lambda: run_again(worker, f"in-{topic}", f"out-{topic}") and arrived(sink, 90),
        SECONDS,
        what=lambda: f"90 lines; the log ends {worker.log[-3000:]}",
    )
    assert PASSWORD not in worker.log
    assert worker.stop() == 0


def run_again(worker: Worker, *names: str) -> bool:
    """Whether all run; a task may yet fail of a login that was refused before."""
    states = {name: worker.states(name) for name in names}
    for name in (name for name, known in states.items() if "FAILED" in known):
        worker.ask(f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true", "POST")
    return all(known == ["RUNNING"] * 2 for known in states.values())


def append(file: Path, start: int, end: int) -> int:
    """A line about every tenth of a second; how many there are then."""
    for number in range(start, end):
        with file.open("a") as out:
            out.write(f"{number}\n")
        time.sleep(0.1)
    return end
