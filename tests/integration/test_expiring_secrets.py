"""Secrets that expire: connectors go on with new ones, unless they are told to stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Group
from tests.integration.workers import STRING, Worker, ended, wait_until
from tests.secret_servers import FakeVault, serving

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
PATH = "database/creds/app"


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    server = FakeVault(lease_seconds=2)
    with serving(server):
        yield server


@pytest.fixture(params=["standalone", "distributed"])
def worker(
    request: pytest.FixtureRequest, kafka: SharedKafka, tmp_path: Path, vault: FakeVault
) -> Iterator[Worker]:
    bootstrap = kafka.bootstrap_servers
    alone = request.param == "standalone"
    made = Worker(tmp_path, bootstrap) if alone else Group(bootstrap, tmp_path).worker()
    made.settings |= {
        "value.converter": STRING,
        "config.providers": "vault",
        "config.providers.vault.class": "VaultConfigProvider",
        "config.providers.vault.param.vault.address": vault.url,
        "config.providers.vault.param.vault.auth.token": vault.root,
    }
    made.start().wait_for_rest()
    yield made
    list(ended([made]))


def users(folder: Path) -> set[str]:
    """Whose files there are: each run of the sink makes the file of its own user."""
    return {path.name for path in folder.glob("user-*")}


def test_a_connector_goes_on_with_a_new_lease_unless_it_is_told_to_stay(
    worker: Worker, vault: FakeVault, tmp_path: Path, topic: str
) -> None:
    for name, reload in (("goes", "restart"), ("stays", "none")):
        (tmp_path / name).mkdir()
        config = {
            "connector.class": "FileStreamSink",
            "topics": topic,
            "file": f"{tmp_path}/{name}/${{vault:{PATH}:username}}",
            "config.action.reload": reload,
        }
        status, body = worker.ask(f"/connectors/{name}/config", "PUT", config)
        assert status == 201, body
    wait_until(lambda: len(users(tmp_path / "goes")) >= 3, what=lambda: worker.log[-3000:])
    wait_until(lambda: worker.states("goes") == ["RUNNING", "RUNNING"], what="a running task")
    wait_until(lambda: worker.states("stays") == ["RUNNING", "RUNNING"], what="the other task")
    wait_until(lambda: users(tmp_path / "stays"), what="its file")
    assert len(users(tmp_path / "stays")) == 1
    _, (task,) = worker.ask("/connectors/goes/tasks")
    assert task["config"]["file"] == f"{tmp_path}/goes/${{vault:{PATH}:username}}"
    leases = sum(path.endswith(PATH) for path in vault.asked)
    restarts = worker.log.count("Connector goes is restarted")  # a slow one may make no file
    assert leases <= restarts + 4  # that of the first start, and of validation and the other
