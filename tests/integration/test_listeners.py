"""Listeners of a real worker: passwords, admin listeners, https. REST needs no Kafka for them."""

from __future__ import annotations

import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.rest.basic_auth import CLASS, MODULE
from tests.integration.workers import Worker, ended, free_port, wait_until
from tests.unit.rest.certificates import certified

pytestmark = pytest.mark.integration

NOWHERE = "127.0.0.1:1"  # nothing listens here
SECONDS = 60.0
STARTS = 20  # at most; the best one counts, as others use this machine too


@pytest.fixture
def started() -> Iterator[list[Worker]]:
    workers: list[Worker] = []
    yield workers
    list(ended(workers))


def get(url: str, **named: Any) -> httpx.Response:
    """The answer, as soon as something listens."""

    def ask() -> httpx.Response | None:
        try:
            return client.get(url)
        except httpx.ConnectError:
            return None

    with httpx.Client(timeout=SECONDS, **named) as client:
        return wait_until(ask, SECONDS, what=f"an answer of {url}")


def test_users_are_asked_for_their_passwords(
    tmp_path: Path, started: list[Worker], monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "users").write_text("anna=secret\n")
    login = f'KafkaConnect {{ {MODULE} required file="{tmp_path / "users"}"; }};\n'
    (tmp_path / "jaas.conf").write_text(login)
    options = f"-Djava.security.auth.login.config={tmp_path / 'jaas.conf'}"
    monkeypatch.setenv("KAFKA_OPTS", options)
    worker = Worker(tmp_path, NOWHERE, rest__extension__classes=CLASS).start()
    started.append(worker)
    base = f"http://127.0.0.1:{worker.port}"
    refused = get(base + "/connectors")
    assert (refused.status_code, refused.text) == (401, "User cannot access the resource.")
    assert get(base + "/connectors", auth=("anna", "secret")).json() == []
    assert get(base + "/connectors", auth=("anna", "other")).status_code == 401
    assert get(base + "/admin/loggers").status_code == 401
    assert get(base + "/nothing").status_code == 404  # as Java: paths are found first
    assert "secret" not in worker.log
    assert worker.stop() == 0


def test_an_extension_that_is_not_there_ends_the_worker(tmp_path: Path):
    worker = Worker(tmp_path, NOWHERE, rest__extension__classes="com.example.Audit")
    ended = subprocess.run(worker.command(), capture_output=True, text=True, timeout=SECONDS)
    assert ended.returncode == 1
    assert "com.example.Audit" in ended.stderr


def test_admin_resources_have_listeners_of_their_own(tmp_path: Path, started: list[Worker]):
    admin = free_port()
    told = {"admin__listeners": f"http://127.0.0.1:{admin}"}
    worker = Worker(tmp_path, NOWHERE, **told).start()
    started.append(worker)
    loggers = get(f"http://127.0.0.1:{admin}/admin/loggers")
    assert loggers.json()["root"]["level"] == "INFO"
    assert get(f"http://127.0.0.1:{admin}/connectors").status_code == 404
    assert get(f"http://127.0.0.1:{worker.port}/admin/loggers").status_code == 404
    assert get(f"http://127.0.0.1:{worker.port}/connectors").json() == []


def test_https_and_http_are_served_side_by_side(tmp_path: Path, started: list[Worker]):
    authority = certified("authority")
    server, client = certified("w", authority), certified("client", authority)
    (tmp_path / "server.p12").write_bytes(server.pkcs12("store-pw"))
    (tmp_path / "trusted.pem").write_text(authority.certificate_pem)
    secure, plain = free_port(), free_port()
    prefix = "listeners__https__ssl__"
    told = {
        "listeners": f"https://127.0.0.1:{secure},http://127.0.0.1:{plain}",
        f"{prefix}keystore__location": str(tmp_path / "server.p12"),
        f"{prefix}keystore__password": "store-pw",
        f"{prefix}truststore__type": "PEM",
        f"{prefix}truststore__location": str(tmp_path / "trusted.pem"),
        f"{prefix}client__auth": "required",
    }
    worker = Worker(tmp_path, NOWHERE, **told).start()
    started.append(worker)
    assert get(f"http://127.0.0.1:{plain}/connectors").json() == []
    context = ssl.create_default_context(cadata=authority.certificate_pem)
    url = f"https://127.0.0.1:{secure}/connectors"
    with pytest.raises(httpx.TransportError):
        httpx.get(url, verify=context, timeout=SECONDS)
    (tmp_path / "client.pem").write_text(client.key_pem() + client.certificate_pem)
    context.load_cert_chain(tmp_path / "client.pem")
    assert httpx.get(url, verify=context, timeout=SECONDS).json() == []
    assert "store-pw" not in worker.log


def test_a_key_store_that_cannot_be_read_ends_the_worker(tmp_path: Path):
    told = {"listeners": "https://127.0.0.1:0", "ssl__keystore__location": "/nowhere.jks"}
    worker = Worker(tmp_path, NOWHERE, **told)
    ended = subprocess.run(worker.command(), capture_output=True, text=True, timeout=SECONDS)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "ssl.keystore.location" in line
    assert "No such file" in line


def test_rest_answers_soon_after_the_start(tmp_path: Path, started: list[Worker]):
    took: list[float] = []
    while len(took) < STARTS and min(took, default=1.0) >= 1.0:  # 0.3 s where nobody else works
        folder = tmp_path / str(len(took))
        folder.mkdir()
        began = time.perf_counter()
        worker = Worker(folder, NOWHERE).start()
        started.append(worker)
        with httpx.Client(timeout=SECONDS) as client:
            while True:
                try:
                    assert client.get(f"http://127.0.0.1:{worker.port}/").status_code == 200
                    break
                except httpx.ConnectError:
                    assert time.perf_counter() - began < SECONDS
                    time.sleep(0.005)
        took.append(time.perf_counter() - began)
        worker.stop()
    assert min(took) < 1.0


@pytest.mark.parametrize(
    "module", ["confluent_kafka", "kafka", "cryptography", "penstock.hosting.tasks"]
)
def test_what_moves_data_is_not_imported_before_rest_answers(module: str):
    code = f"import sys, penstock.worker, penstock.rest.app; assert {module!r} not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=SECONDS)
