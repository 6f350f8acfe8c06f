"""Finding plugins by the names configurations use."""

from __future__ import annotations

import pytest

from penstock.cluster.catalog import NoSuchVersion, Plugin, PluginKind
from penstock.plugins.builtin import SYNONYMS
from penstock.plugins.registry import Registry
from penstock.sdk.errors import ConnectError
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector

CONNECT = "org.apache.kafka.connect."
BUILTIN = Registry.builtin("1.0")


def plugin(name: str, kind: PluginKind = PluginKind.SOURCE, version: str = "1.0") -> Plugin:
    base = SinkConnector if kind is PluginKind.SINK else SourceConnector
    return Plugin(name, kind, version, lambda: base)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("JsonConverter", "json.JsonConverter"),
        ("Json", "json.JsonConverter"),
        ("String", "storage.StringConverter"),
        ("Simple", "storage.SimpleHeaderConverter"),
        ("RegexRouter", "transforms.RegexRouter"),
        (CONNECT + "transforms.Cast$Key", "transforms.Cast$Key"),
    ],
)
def test_finds_a_class_by_full_name_simple_name_and_pruned_name(name: str, wanted: str) -> None:
    found = BUILTIN.find_class(name)
    assert found is not None
    assert found.name == CONNECT + wanted


@pytest.mark.parametrize("name", ["Key", "Value", "Nope", "", "a b", ".", "java.lang"])
def test_finds_nothing_by_an_ambiguous_or_unknown_name(name: str) -> None:
    assert BUILTIN.find_class(name) is None


def test_knows_the_variants_of_a_transformation_that_is_abstract_in_java() -> None:
    found = BUILTIN.find_class(CONNECT + "transforms.HoistField")
    assert found is not None
    assert found.variants == (
        CONNECT + "transforms.HoistField$Key",
        CONNECT + "transforms.HoistField$Value",
    )


@pytest.mark.parametrize(
    "name",
    ["FileStreamSource", "FileStreamSourceConnector", CONNECT + "file.FileStreamSourceConnector"],
)
def test_finds_a_connector_without_its_suffix(name: str) -> None:
    assert BUILTIN.connector(name).name == CONNECT + "file.FileStreamSourceConnector"


def test_says_which_connectors_there_are_when_none_matches() -> None:
    with pytest.raises(ConnectError) as error:
        Registry([plugin("a.OneConnector")]).connector("Two")
    assert str(error.value) == (
        "Failed to find any class that implements Connector and which name matches Two, "
        "available connectors are: PluginDesc{klass=class a.OneConnector, name='a.OneConnector', "
        "version='1.0', encodedVersion=1.0, type=source, typeName='source', location='classpath'}"
    )


def test_refuses_a_name_that_could_mean_two_connectors() -> None:
    registry = Registry([plugin("a.OneConnector"), plugin("b.OneConnector")])
    with pytest.raises(ConnectError) as error:
        registry.connector("One")
    assert str(error.value) == (
        "More than one connector matches alias One. Please use full package and class name "
        "instead. Classes found: a.OneConnector, b.OneConnector"
    )


def test_takes_the_newest_version_that_fits() -> None:
    versions = ("1.9", "1.10", "2.0")
    registry = Registry([plugin("a.One", version=version) for version in versions])
    assert registry.versions("a.One") == ["1.9", "1.10", "2.0"]
    assert registry.connector("a.One").version == "2.0"
    assert registry.connector("a.One", "[1.0,2.0)").version == "1.10"
    with pytest.raises(NoSuchVersion, match=r"version range \[3\.0,3\.0\]"):
        registry.connector("a.One", "[3.0]")


def test_lists_plugins_by_name_and_version() -> None:
    registry = Registry([plugin("b.B"), plugin("a.A", version="10"), plugin("a.A", version="9")])
    listed = [(p.name, p.version) for p in registry.plugins(PluginKind.SOURCE)]
    assert listed == [("a.A", "9"), ("a.A", "10"), ("b.B", "1.0")]


def test_asks_whether_a_similar_name_is_meant() -> None:
    assert "Did you mean FileStreamSinkConnector" in BUILTIN.did_you_mean("FileStremSinkConector")
    assert BUILTIN.did_you_mean("zzz") == ""


def test_every_built_in_plugin_that_is_there_is_of_its_kind() -> None:
    for kind in (PluginKind.TRANSFORMATION, PluginKind.PREDICATE, PluginKind.CONVERTER):
        for each in BUILTIN.plugins(kind):
            assert isinstance(each.load(), type), each.name


def test_a_request_cannot_have_any_module_imported() -> None:
    assert BUILTIN.find_class("this.Zen") is None
    assert BUILTIN.find_class("wsgiref.handlers:BaseHandler") is None
    assert BUILTIN.find_class("penstock.sdk.record:Record") is not None


def test_classes_of_java_clients_may_be_named_though_there_is_nothing_to_load() -> None:
    name = "org.apache.kafka.clients.producer.RoundRobinPartitioner"
    found = BUILTIN.find_class(name)
    assert found is not None
    with pytest.raises(LookupError, match="has no implementation in Python"):
        found.load()
    assert BUILTIN.find_class("org.apache.kafka.connect.json.NoSuchConverter") is None


@pytest.mark.parametrize("name", [name for name in sorted(SYNONYMS) if "Provider" in name])
def test_providers_answer_to_the_names_of_other_projects(name: str) -> None:
    found = BUILTIN.plugin(PluginKind.CONFIG_PROVIDER, name)
    assert found.name == SYNONYMS[name]
    assert BUILTIN.find_class(name) is not None
    assert name not in {plugin.name for plugin in BUILTIN.plugins(PluginKind.CONFIG_PROVIDER)}


def test_providers_have_short_names() -> None:
    for short in ("Vault", "SecretsManager", "KubernetesSecret", "VaultConfigProvider"):
        assert BUILTIN.plugin(PluginKind.CONFIG_PROVIDER, short).name.startswith("penstock.")
