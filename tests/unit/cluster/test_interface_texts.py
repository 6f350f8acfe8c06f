"""Settings are described to clients in the words they know from the Java worker."""

from __future__ import annotations

import pytest

from penstock.cluster.catalog import DESCRIBED, Plugin, PluginKind
from penstock.cluster.interface_texts import texts_of
from penstock.cluster.plugin_views import CatalogPlugins
from penstock.cluster.validation import Validator, WorkerTraits
from penstock.plugins.registry import Registry
from penstock.runtime.client_configs.clients import ADMIN, CONSUMER, PRODUCER
from penstock.sdk.config import ConfigDef, config_class
from penstock.transforms.hoist_field import HoistField

HOIST = "org.apache.kafka.connect.transforms.HoistField"
BUILTIN = Registry.builtin()
STAND_INS = [
    plugin
    for kind in DESCRIBED
    for plugin in BUILTIN.plugins(kind)
    if ".mirror." not in plugin.name and not plugin.name.startswith("penstock.")
]


@pytest.mark.parametrize("plugin", STAND_INS, ids=lambda plugin: plugin.name)
def test_every_setting_of_a_stand_in_is_described_as_the_java_class_does(plugin: Plugin) -> None:
    known = {*texts_of(plugin.kind.value).values(), *texts_of(plugin.name).values()}
    shown = CatalogPlugins(BUILTIN).described(plugin.name, None)
    assert [key.name for key in shown if key.documentation not in known] == []


@pytest.mark.parametrize(
    ("client", "definition"), [("producer", PRODUCER), ("consumer", CONSUMER), ("admin", ADMIN)]
)
def test_the_settings_of_kafkas_clients_are_described(client: str, definition: ConfigDef) -> None:
    undescribed = [
        name
        for name in definition.keys
        if name not in texts_of(client) and not name.startswith("internal.")
    ]
    assert undescribed == []


def test_variants_for_keys_and_values_have_the_same_texts() -> None:
    assert texts_of(f"{HOIST}$Key") == texts_of(f"{HOIST}$Value") == texts_of(HOIST) != {}


def test_a_plugin_that_java_does_not_have_speaks_its_own_words() -> None:
    plugin = Plugin("shop.Hoist", PluginKind.TRANSFORMATION, "1", lambda: HoistField)
    (shown,) = CatalogPlugins(Registry([plugin])).described("shop.Hoist", None)
    assert (
        shown.documentation == next(iter(config_class(HoistField).definition().keys.values())).doc
    )
    assert shown.documentation not in texts_of(HOIST).values()


def test_validation_describes_the_parts_under_their_prefixes() -> None:
    answer = Validator(BUILTIN, WorkerTraits()).validate(
        {
            "name": "x",
            "connector.class": "FileStreamSource",
            "topic": "t",
            "transforms": "a",
            "transforms.a.type": f"{HOIST}$Value",
            "transforms.a.field": "f",
            "key.converter": "org.apache.kafka.connect.json.JsonConverter",
            "producer.override.linger.ms": "1",
        }
    )
    shown = {c.definition.name: c.definition.documentation for c in answer.configs if c.definition}
    assert shown["transforms.a.field"] == texts_of(HOIST)["field"]
    assert shown["transforms.a.negate"] == texts_of("transformation")["negate"]
    assert (
        shown["topic"]
        == texts_of("org.apache.kafka.connect.file.FileStreamSourceConnector")["topic"]
    )
    assert shown["tasks.max"] == texts_of("connector")["tasks.max"]
    json = texts_of("org.apache.kafka.connect.json.JsonConverter")
    assert shown["key.converter.schemas.enable"] == json["schemas.enable"]
    assert shown["producer.override.linger.ms"] == texts_of("producer")["linger.ms"]
