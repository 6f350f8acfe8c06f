"""For all tests: no secret of one is one for the next, groups stay together, busy is no fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from penstock.sdk.redaction import SECRETS

# how long an example takes says more of the machine than of the code
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(autouse=True)
def nothing_is_secret() -> Iterator[None]:
    yield
    SECRETS.forget()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist") != "loadgroup":
        return None
    from tests.groups import GroupScheduling

    return GroupScheduling(config, log)
