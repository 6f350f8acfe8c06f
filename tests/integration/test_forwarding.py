"""Workers ask each other: over https, with keys that change often, and when nobody answers."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Distributed, Group
from tests.integration.test_distributed import create_some, even, source, started
from tests.integration.workers import wait_until
from tests.unit.rest.certificates import certified

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

LOAD_SECONDS = 6.0
PASSWORD = "store-pw"
HTTPS = "listeners.https.ssl."


class Https(Distributed):
    """Listens to those only who have a certificate of the authority."""

    def __init__(self, group: Group, context: ssl.SSLContext, **settings: str) -> None:
        super().__init__(group, group.folder / f"w{len(group.ours)}", **settings)
        group.ours.append(self)
        self.settings |= {
            "listeners": f"https://127.0.0.1:{self.port}",
            "inter.worker.key.ttl.ms": "500",
            f"{HTTPS}keystore.location": str(group.folder / "worker.p12"),
            f"{HTTPS}keystore.type": "PKCS12",
            f"{HTTPS}keystore.password": PASSWORD,
            f"{HTTPS}truststore.type": "PEM",
            f"{HTTPS}truststore.location": str(group.folder / "trusted.pem"),
            f"{HTTPS}client.auth": "required",
        }
        self.client = httpx.Client(verify=context, timeout=100)

    def ask(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        try:
            url = f"https://127.0.0.1:{self.port}{path}"
            answer = self.client.request(method, url, json=body)
        except httpx.TransportError:
            return 0, None
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def group(kafka: SharedKafka, tmp_path: Path) -> Iterator[Group]:
    made = Group(kafka.bootstrap_servers, tmp_path)
    yield made
    made.end()


def context_for_clients(folder: Path) -> ssl.SSLContext:
    """With a certificate; those of workers are written beside it."""
    authority = certified("authority")
    (folder / "worker.p12").write_bytes(certified("w", authority).pkcs12(PASSWORD))
    (folder / "trusted.pem").write_text(authority.certificate_pem)
    client = certified("client", authority)
    (folder / "client.pem").write_text(client.key_pem() + client.certificate_pem)
    context = ssl.create_default_context(cadata=authority.certificate_pem)
    context.load_cert_chain(folder / "client.pem")
    return context


def test_workers_forward_over_https_while_their_keys_change(group: Group) -> None:
    context = context_for_clients(group.folder)
    workers = [Https(group, context), Https(group, context)]
    with workers[0].client, workers[1].client:
        check_forwarding(group, workers)


def check_forwarding(group: Group, workers: list[Https]) -> None:
    started(*workers)
    names = create_some(workers, group, 4)
    even(workers, names)
    end, number = time.monotonic() + LOAD_SECONDS, 0
    while time.monotonic() < end:
        number += 1
        for turn, name in enumerate(names):
            config = {**source(group, name), "batch.size": str(number)}
            answer = workers[(number + turn) % 2].ask(f"/connectors/{name}/config", "PUT", config)
            assert answer[0] == 200, answer

    def newest(name: str) -> bool:
        status, tasks = workers[0].ask(f"/connectors/{name}/tasks")
        return status == 200 and [task["config"]["batch.size"] for task in tasks] == [str(number)]

    for name in names:
        wait_until(lambda name=name: newest(name), what=f"tasks of {name} as configured last")
    for worker in workers:
        assert [line for line in worker.log.splitlines() if " ERROR " in line] == []
        assert PASSWORD not in worker.log


def test_a_leader_that_cannot_be_asked_is_told_at_once(group: Group) -> None:
    with socket.socket() as taken:  # nobody else gets it, and nobody listens there
        taken.bind(("127.0.0.1", 0))
        (leader,) = started(group.worker(rest__advertised__port=str(taken.getsockname()[1])))
        wait_until(lambda: "Member of group" in leader.log)
        (follower,) = started(group.worker())
        wait_until(lambda: "Member of group" in follower.log)
        status, body = follower.ask("/connectors/c/config", "PUT", source(group, "c"))
    assert status == 500
    assert body["error_code"] == 500
    assert body["message"].startswith("IO Error trying to forward REST request: ")
    status, body = leader.ask("/connectors/c/config", "PUT", source(group, "c"))
    assert status == 201
