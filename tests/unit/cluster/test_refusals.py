"""Refused configurations: the log says what helps, whatever clients are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.errors import BadRequest
from penstock.cluster.refusals import HINTS_MAX, explained
from penstock.cluster.validation import Validator, WorkerTraits
from penstock.cluster.views import ConfigInfos
from penstock.plugins.registry import Registry
from tests.unit.hosting.mistakes import RejectSink

OWN = Plugin("RejectSink", PluginKind.SINK, "1.0", lambda: RejectSink)
GOOD = {"name": "c", "connector.class": "RejectSink", "topics": "orders"}
JSON = "org.apache.kafka.connect.json.JsonConverter"


def validator() -> Validator:
    builtin = Registry.builtin()
    plugins = [plugin for kind in PluginKind for plugin in builtin.plugins(kind)]
    converters = {"key.converter": JSON, "value.converter": JSON, "header.converter": JSON}
    return Validator(Registry([*plugins, OWN]), WorkerTraits(converters=converters))


def refuse(config: Mapping[str, str | None]) -> ConfigInfos:
    async def validation() -> ConfigInfos:
        return validator().validate(config)

    return asyncio.run(explained(validation(), config))


@pytest.mark.parametrize(
    ("wrong", "setting", "remedy"),
    [
        ({"errors.tolerance": "ALL"}, "errors.tolerance", "in lower case"),
        ({"topics.regex": "o.*"}, "topics", "Take one of topics and topics.regex out"),
        ({"transforms": "x"}, "transforms.x.type", "Set transforms.x.type to the class"),
        (
            {"transforms": "x", "transforms.x.type": "Cast"},
            "transforms.x.type",
            "set transforms.x.type=Cast$Value",
        ),
        ({"value.converter": "Jason"}, "value.converter", "No converter is named Jason"),
        (
            {"errors.deadletterqueue.topic.name": "orders"},
            "topics",
            "a topic that this connector does not read",
        ),
    ],
)
def test_a_refused_setting_is_named_with_what_helps(
    wrong: dict[str, str], setting: str, remedy: str, caplog: pytest.LogCaptureFixture
) -> None:
    infos = refuse(GOOD | wrong)
    assert infos.error_count > 0
    told = [said for said in caplog.messages if "What helps" in said]
    assert any(
        said.startswith(f"The configuration of connector c is refused because of {setting}. ")
        and remedy in said
        for said in told
    ), told
    assert len(told) == len(set(told)) <= HINTS_MAX


def test_a_connector_that_is_not_known_is_answered_as_ever_and_explained_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    name = "io.debezium.connector.mysql.MySqlConnector"
    with pytest.raises(BadRequest, match="Failed to find any class that implements Connector"):
        refuse({"name": "c", "connector.class": name})
    (told,) = caplog.messages
    assert told.startswith("The configuration of connector c is refused because of connector.class")
    assert "a Java jar cannot run here" in told


def test_nothing_is_said_of_a_good_configuration_or_without_a_hint(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert refuse(GOOD).error_count == 0
    assert refuse(GOOD | {"tasks.max": "many"}).error_count > 0
    assert caplog.messages == []


def test_a_secret_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    refuse(GOOD | {"topics.regex": "o.*", "consumer.override.sasl.jaas.config": "hunter2"})
    assert caplog.messages != []
    assert "hunter2" not in caplog.text
