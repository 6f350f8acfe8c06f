"""One server of each kind for a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.secret_servers import FakeKubernetes, FakeSecretsManager, FakeVault, serving


@pytest.fixture
def vault() -> Iterator[FakeVault]:
    server = FakeVault()
    with serving(server):
        yield server


@pytest.fixture
def kubernetes() -> Iterator[FakeKubernetes]:
    server = FakeKubernetes()
    with serving(server):
        yield server


@pytest.fixture
def aws() -> Iterator[FakeSecretsManager]:
    server = FakeSecretsManager()
    with serving(server):
        yield server
