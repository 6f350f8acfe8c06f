"""Our own settings of workers and connectors."""

from __future__ import annotations

import pytest

from penstock.hosting.policy import HostingConfig, cores, task_policy
from penstock.sdk.errors import ConfigError


def test_tasks_share_hosts_unless_they_say_otherwise() -> None:
    assert not task_policy({}, {}).alone
    assert task_policy({}, {"task.isolation": "process"}).alone


def test_a_limit_of_memory_needs_a_process_of_ones_own() -> None:
    assert task_policy({}, {"task.memory.max.mb": "100"}).alone


def test_a_connectors_setting_goes_before_the_workers() -> None:
    worker = {"task.isolation": "process", "task.stuck.timeout.ms": "5", "other": "x"}
    policy = task_policy(worker, {"task.isolation": "shared"})
    assert (policy.alone, policy.task_stuck_timeout_ms) == (False, 5)


def test_there_are_as_many_hosts_as_cores_unless_set() -> None:
    assert HostingConfig.parse({}).hosts_max == cores()
    assert HostingConfig.parse({"penstock.hosts.max": "3"}).hosts_max == 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("penstock.hosting", "thraed"),
        ("penstock.hosts.max", "0"),
        ("penstock.hosts.start", "copy"),
        ("penstock.hosts.processes.max", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        _ = HostingConfig.parse({name: value}).hosts_max
