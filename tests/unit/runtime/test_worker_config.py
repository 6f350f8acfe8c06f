"""The settings of workers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from penstock.plugins.registry import Registry
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.rest_checks import check_header_rule, header_rules
from penstock.runtime.worker_config import StandaloneConfig
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import ConfigError

COMMON = {
    "bootstrap.servers": "localhost:9092",
    "key.converter": "Json",
    "value.converter": "String",
}
STANDALONE = {**COMMON, "offset.storage.file.filename": "/tmp/o"}
DISTRIBUTED = {
    **COMMON,
    "group.id": "g",
    "config.storage.topic": "c",
    "offset.storage.topic": "o",
    "status.storage.topic": "s",
}


@pytest.fixture(autouse=True)
def _plugins() -> Iterator[None]:
    with finding_classes(Registry.builtin().find_class):
        yield


def test_converters_may_be_given_by_alias() -> None:
    config = StandaloneConfig.parse(STANDALONE)
    assert config.key_converter.name == "org.apache.kafka.connect.json.JsonConverter"
    assert config.value_converter.name == "org.apache.kafka.connect.storage.StringConverter"


def test_the_brokers_must_be_named() -> None:
    given = {name: value for name, value in STANDALONE.items() if name != "bootstrap.servers"}
    with pytest.raises(ConfigError, match=r'required configuration "bootstrap\.servers"'):
        StandaloneConfig.parse(given)


@pytest.mark.parametrize("value", ["enabled", "ENABLED"])
def test_exactly_once_may_be_asked_for_in_any_case(value: str) -> None:
    config = DistributedConfig.parse({**DISTRIBUTED, "exactly.once.source.support": value})
    assert config.exactly_once_mode == "enabled"


def test_settings_nobody_knows_are_listed_and_no_error() -> None:
    given = {
        **DISTRIBUTED,
        "producer.acks": "all",
        "key.converter.schemas.enable": "false",
        "offset.storage.min.insync.replicas": "2",
        "sasl.mechanism": "PLAIN",
        "offset.flush.intervall.ms": "1",
    }
    assert DistributedConfig.parse(given).unknown_settings() == ["offset.flush.intervall.ms"]


def test_security_settings_are_in_the_table_of_values() -> None:
    config = DistributedConfig.parse({**DISTRIBUTED, "ssl.keystore.password": "x"})
    assert config.parsed["security.protocol"] == "PLAINTEXT"
    assert "x" not in str(config.parsed["ssl.keystore.password"])


@pytest.mark.parametrize("value", ["", " "])
def test_at_least_one_listener_is_needed(value: str) -> None:
    with pytest.raises(ConfigError, match="at least one URL is expected"):
        StandaloneConfig.parse({**STANDALONE, "listeners": value})


def test_admin_listeners_may_be_none_at_all_or_left_out() -> None:
    assert StandaloneConfig.parse(STANDALONE).admin_listeners is None
    assert StandaloneConfig.parse({**STANDALONE, "admin.listeners": ""}).admin_listeners == ()


def test_rules_for_response_headers_may_be_quoted() -> None:
    rules = header_rules('add Cache-Control: no-cache, "set X-A: b, c"')
    assert rules == ["add Cache-Control: no-cache", "set X-A: b, c"]
    check_header_rule(rules[1])


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("set", "Invalid format of header config 'set'"),
        ("put A: b", r"Invalid header config action: 'put'. Expected one of \[set, add, setDate"),
        ("set A", "Invalid format of header name and header value pair 'A'"),
        ("set A:b:c", "Invalid format of header name and header value pair 'A:b:c'"),
        ("set A b: c", "Invalid header name 'A b'"),
        ("set :b", "Invalid header name ''"),
    ],
)
def test_says_what_is_wrong_with_a_rule(rule: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check_header_rule(rule)


def test_the_signature_has_to_be_one_that_is_accepted() -> None:
    with pytest.raises(ConfigError, match=r"must be present in inter\.worker\.verification"):
        DistributedConfig.parse({**DISTRIBUTED, "inter.worker.signature.algorithm": "HmacSHA1"})


def test_a_key_must_not_be_too_short() -> None:
    with pytest.raises(ConfigError, match="Key length must be at least 40 bits"):
        DistributedConfig.parse({**DISTRIBUTED, "inter.worker.key.size": "39"})
    assert DistributedConfig.parse({**DISTRIBUTED, "inter.worker.key.size": "40"})


def test_settings_of_the_workers_own_clients_are_known() -> None:
    login = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN", "sasl.jaas.config": "x"}
    given = {**STANDALONE, **login, "sasl.mechanismus": "PLAIN"}
    assert StandaloneConfig.parse(given).unknown_settings() == ["sasl.mechanismus"]
