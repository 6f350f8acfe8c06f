"""Client properties come from the worker and the connector, in Java's order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.client_settings import ClientSettings, sink_group
from penstock.runtime.java_order import hash_order
from penstock.runtime.override_policies import Policies
from penstock.sdk.errors import ConfigError, ConnectError

WORKER = {"group.id": "g", "bootstrap.servers": "a:1 , b:2", "client.id": "me"}


def test_overrides_win_over_the_workers_prefixed_settings() -> None:
    settings = ClientSettings(WORKER | {"producer.acks": "1", "producer.linger.ms": "3"})
    found = settings.producer({"producer.override.acks": "0"}, "id")
    assert (found["acks"], found["linger.ms"], found["client.id"]) == ("0", "3", "id")
    assert found["bootstrap.servers"] == "a:1,b:2"


def test_security_of_the_worker_is_for_its_own_clients_only() -> None:
    settings = ClientSettings(WORKER | {"security.protocol": "SSL"})
    assert "security.protocol" not in settings.producer({}, "id")
    assert settings.admin({}, "id")["security.protocol"] == "SSL"
    assert settings.status_log().consumer["security.protocol"] == "SSL"


def test_the_workers_own_clients_are_named_after_the_group() -> None:
    settings = ClientSettings(WORKER)
    assert settings.shared_admin()["client.id"] == "g-me-shared-admin"
    assert settings.config_log().producer["client.id"] == "g-me-configs"
    assert settings.membership("h:8083")["client.id"] == "me"
    alone = ClientSettings({})
    assert alone.shared_admin()["client.id"] == "connect-shared-admin"
    assert alone.membership("h:8083")["client.id"] == "connect-h:8083"
    assert "metrics.context.connect.group.id" not in alone.shared_admin()


def test_logs_are_read_committed_when_sources_are_exactly_once() -> None:
    once = ClientSettings(WORKER | {"exactly.once.source.support": "enabled"})
    assert once.offsets_log().consumer["isolation.level"] == "read_committed"
    assert "isolation.level" not in ClientSettings(WORKER).offsets_log().consumer
    assert once.config_leader_producer()["transactional.id"] == "connect-cluster-g"


def test_a_forced_setting_replaces_the_users_with_a_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given_settings = {"producer.override.enable.idempotence": "false"}
    found = ClientSettings(WORKER).exactly_once_producer(given_settings, "id", "tx")
    assert found["enable.idempotence"] == "true"
    assert "The value 'false' for the 'enable.idempotence' property" in caplog.text


def test_a_refused_override_is_named_but_its_secret_is_not() -> None:
    settings = ClientSettings(WORKER, policy=Policies.named("None"))
    secret = {"producer.override.sasl.jaas.config": "password=hunter2"}
    with pytest.raises(ConnectError, match=r"sasl\.jaas\.config,\[hidden\]") as refused:
        settings.producer(secret, "id")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        ("All", set[str]()),
        ("None", {"acks", "sasl.mechanism"}),
        ("Principal", {"acks"}),
        ("Allowlist", {"sasl.mechanism"}),
        (
            "org.apache.kafka.connect.connector.policy.NoneConnectorClientConfigOverridePolicy",
            {"acks", "sasl.mechanism"},
        ),
    ],
)
def test_policies_refuse_by_name(policy: str, refused: set[str]) -> None:
    found = Policies.named(policy, ["acks"]).violations({"acks": "1", "sasl.mechanism": "PLAIN"})
    assert set(found) == refused


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="Use one of All, None, Principal, Allowlist"):
        Policies.named("Some")


def test_a_sink_may_consume_in_another_group() -> None:
    assert sink_group("s", {}) == "connect-s"
    assert sink_group("s", {"consumer.override.group.id": "g"}) == "g"


def test_members_come_in_the_order_of_a_java_hash_map() -> None:
    assert hash_order(["topic", "partition", "cluster"]) == ["cluster", "partition", "topic"]
    assert hash_order(["group", "topic", "partition"]) == ["partition", "topic", "group"]
    assert hash_order(["c1", "c2", "c10"]) == ["c10", "c1", "c2"]


@given(st.lists(st.text(max_size=5)))
def test_no_member_is_lost_or_doubled(keys: list[str]) -> None:
    assert sorted(hash_order(keys)) == sorted(set(keys))
