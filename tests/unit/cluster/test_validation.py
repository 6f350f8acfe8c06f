"""Validation of connector configurations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import pytest

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.errors import BadRequest
from penstock.cluster.restart_policy import RestartPolicy
from penstock.cluster.validation import Validator, WorkerTraits
from penstock.cluster.views import ConfigInfos
from penstock.plugins.registry import Registry
from penstock.runtime.override_policies import Policies
from penstock.sdk.config import Config, ConfigValue, Option
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import ExactlyOnceSupport, SourceConnector


class ShopConfig(Config):
    topic: Annotated[str, Option("Where to.")]
    support: Annotated[str, Option("What to answer.")] = "none"


class Shop(SourceConnector[ShopConfig]):
    def exactly_once_support(self) -> ExactlyOnceSupport | None:
        match self.config.support:
            case "fail":
                raise RuntimeError("the shop is closed")
            case "none":
                return None
            case text:
                return ExactlyOnceSupport(text)

    def can_define_transaction_boundaries(self) -> bool:
        return None if self.config.support == "null" else False  # type: ignore[return-value]

    @classmethod
    def validate(cls, values: list[ConfigValue], properties: Mapping[str, str]) -> None:
        if properties.get("topic") == "forbidden":
            next(value for value in values if value.name == "topic").add_error("not this one")


class Drain(SinkConnector[Config]):
    pass


PLUGINS = [
    Plugin("t.Shop", PluginKind.SOURCE, "1.0", lambda: Shop),
    Plugin("t.Drain", PluginKind.SINK, "1.0", lambda: Drain),
]
REGISTRY = Registry(
    [*PLUGINS, *(p for kind in PluginKind for p in Registry.builtin("1").plugins(kind))]
)
REGEX = "org.apache.kafka.connect.transforms.RegexRouter"
SHOP = {"name": "shop", "connector.class": "t.Shop", "topic": "t"}
DRAIN = {"name": "drain", "connector.class": "t.Drain", "topics": "t"}


def validated(given: Mapping[str, str | None], worker: WorkerTraits | None = None) -> ConfigInfos:
    return Validator(REGISTRY, worker or WorkerTraits()).validate(given)


def errors(infos: ConfigInfos) -> dict[str, list[str]]:
    values = (config.value for config in infos.configs if config.value is not None)
    return {value.name: list(value.errors) for value in values if value.errors}


def test_a_good_configuration_has_no_errors() -> None:
    infos = validated(SHOP)
    assert (infos.name, infos.error_count, errors(infos)) == ("t.Shop", 0, {})


def test_the_connectors_own_check_has_its_say() -> None:
    infos = validated(SHOP | {"topic": "forbidden"})
    assert (infos.error_count, errors(infos)) == (1, {"topic": ["not this one"]})


def test_references_are_resolved_first() -> None:
    def resolve(given: Mapping[str, str | None]) -> dict[str, str | None]:
        return {**given, "topic": "forbidden"}

    assert Validator(REGISTRY, WorkerTraits(), resolve).validate(SHOP).error_count == 1


def test_a_class_that_is_asked_for_again_is_refused_with_the_class_of_the_error() -> None:
    validator = Validator(REGISTRY, WorkerTraits())
    refused: list[str] = []
    for _ in range(2):
        with pytest.raises(BadRequest) as caught:
            validator.validate({"connector.class": "Nope"})
        refused.append(str(caught.value))
    assert refused[0].startswith("Failed to find any class that implements Connector")
    assert refused[1] == f"org.apache.kafka.connect.errors.ConnectException: {refused[0]}"


def test_a_reference_is_shown_for_what_came_out_of_it_and_none_where_nothing_did() -> None:
    infos = validated(SHOP | {"topic": "${vault:t}", "tasks.max": "${vault:tasks}"})
    shown = {info.value.name: info.value.value for info in infos.configs if info.value}
    assert (shown["topic"], shown["tasks.max"]) == ("${vault:t}", None)


@pytest.mark.parametrize("given", [{}, {"connector.class": "Nope"}])
def test_without_a_connector_the_request_is_bad(given: dict[str, str | None]) -> None:
    with pytest.raises(BadRequest):
        validated(given)


def test_null_values_are_errors_also_of_settings_nobody_knows() -> None:
    infos = validated({**SHOP, "odd": None, "tasks.max": None})
    null = "Null value can not be supplied as the configuration value."
    assert errors(infos)["odd"] == [null]
    assert errors(infos)["tasks.max"][-1] == null
    assert infos.configs[0].definition is None


DISTRIBUTED = WorkerTraits(group_id="connect-drain")


def test_a_sink_must_not_join_the_group_of_the_workers() -> None:
    (conflict,) = errors(validated(DRAIN, DISTRIBUTED))["name"]
    assert conflict == (
        "Consumer group for sink connector named drain conflicts with Connect worker group "
        "connect-drain"
    )
    own = DRAIN | {"consumer.override.group.id": "connect-drain"}
    assert errors(validated(own, DISTRIBUTED))["consumer.override.group.id"] == [
        "Consumer group connect-drain conflicts with Connect worker group connect-drain"
    ]
    assert errors(validated(DRAIN)) == {}


@pytest.mark.parametrize(
    ("support", "why"),
    [
        ("none", "The connector does not implement the API required for preflight validation"),
        ("UNSUPPORTED", "The connector does not support exactly-once semantics"),
        ("fail", "An unexpected error occurred during validation: the shop is closed"),
    ],
)
def test_exactly_once_is_refused_to_a_connector_that_cannot(support: str, why: str) -> None:
    worker = WorkerTraits(group_id="g", exactly_once=True)
    given = SHOP | {"support": support, "exactly.once.support": "required"}
    (error,) = errors(validated(given, worker))["exactly.once.support"]
    assert error.startswith(why)
    assert errors(validated(given)) == {}  # a standalone worker does not ask


def test_exactly_once_needs_a_worker_that_supports_it() -> None:
    given = SHOP | {"support": "SUPPORTED", "exactly.once.support": "required"}
    assert errors(validated(given, WorkerTraits(group_id="g"))) == {
        "exactly.once.support": ["This worker does not have exactly-once source support enabled."]
    }
    assert errors(validated(given, WorkerTraits(group_id="g", exactly_once=True))) == {}


def test_a_connector_must_be_able_to_define_the_boundaries_it_is_asked_for() -> None:
    given = SHOP | {"transaction.boundary": "connector"}
    (error,) = errors(validated(given, WorkerTraits(group_id="g")))["transaction.boundary"]
    assert error.startswith("The connector does not support connector-defined transaction")
    given |= {"support": "null"}
    (error,) = errors(validated(given, WorkerTraits(group_id="g")))["transaction.boundary"]
    assert error.startswith("This connector has returned a null value")


def test_overrides_count_once_per_setting_and_only_for_clients_in_use() -> None:
    worker = WorkerTraits(policy=Policies.named("None"))
    given = SHOP | {"producer.override.acks": "1", "consumer.override.client.id": "x"}
    infos = validated(given, worker)
    assert infos.error_count == 1
    assert list(errors(infos)) == ["producer.override.acks"]


def test_a_secret_in_an_override_is_hidden() -> None:
    infos = validated(SHOP | {"producer.override.ssl.key.password": "hunter2"})
    shown = {config.value.name: config.value.value for config in infos.configs if config.value}
    assert shown["producer.override.ssl.key.password"] == "[hidden]"


def test_a_converter_is_validated_with_its_own_options_only() -> None:
    given = SHOP | {
        "key.converter": "org.apache.kafka.connect.json.JsonConverter",
        "key.converter.schemas.enable": "maybe",
    }
    (error,) = errors(validated(given))["key.converter.schemas.enable"]
    assert error == (
        "Invalid value maybe for configuration schemas.enable: "
        "Expected value to be either true or false"
    )


def test_a_version_that_is_not_there_is_an_error_of_its_setting() -> None:
    infos = validated(SHOP | {"connector.plugin.version": "[2.0,)"})
    assert set(errors(infos)) == {"connector.class", "connector.plugin.version"}
    assert "available versions: [1.0]" in errors(infos)["connector.plugin.version"][0]


def test_a_version_of_a_transformation_that_is_not_there_concerns_its_type_as_well() -> None:
    given = {"transforms": "a", "transforms.a.type": REGEX, "transforms.a.plugin.version": "9"}
    infos = validated(SHOP | given)
    (error,) = errors(infos)["transforms.a.type"]
    assert errors(infos)["transforms.a.plugin.version"] == [error]
    assert error == (
        f"Plugin {REGEX} not found that matches the version range [9,9], available versions: [1]"
    )


def test_overrides_are_listed_as_a_hash_map_lists_them() -> None:
    names = ("linger.ms", "acks", "client.id", "batch.size")
    infos = validated(SHOP | {f"producer.override.{name}": "1" for name in names})
    shown = [c.value.name for c in infos.configs if c.value and ".override." in c.value.name]
    order = ("acks", "batch.size", "client.id", "linger.ms")
    assert shown == [f"producer.override.{name}" for name in order]


def test_recommends_the_installed_transformations() -> None:
    infos = validated(SHOP | {"transforms": "a"})
    shown = {config.value.name: config.value for config in infos.configs if config.value}
    offered = shown["transforms.a.type"].recommended_values
    assert "org.apache.kafka.connect.transforms.RegexRouter" in offered


def test_settings_of_ours_are_shown_only_if_they_are_wrong() -> None:
    worker = WorkerTraits(ours=(RestartPolicy,))
    usual = validated(SHOP, worker)
    assert validated(SHOP | {"errors.restart.max": "3"}, worker) == usual
    found = validated(SHOP | {"errors.restart.policy": "sometimes"}, worker)
    assert found.error_count == 1
    (wrong,) = [each for each in found.configs if each not in usual.configs]
    assert wrong.value is not None
    assert (wrong.value.name, wrong.value.value) == ("errors.restart.policy", "sometimes")
    (error,) = wrong.value.errors
    assert "errors.restart.policy: String must be one of: off, crashes, all" in error


def test_a_null_for_a_setting_of_ours_is_one_error() -> None:
    found = validated(SHOP | {"errors.restart.max": None}, WorkerTraits(ours=(RestartPolicy,)))
    assert found.error_count == 1


LETTERS = "errors.deadletterqueue."


def letter_settings(infos: ConfigInfos) -> dict[str, str | None]:
    values = (config.value for config in infos.configs if config.value is not None)
    return {
        value.name.removeprefix(LETTERS): value.value
        for value in values
        if value.name.startswith(LETTERS)
    }


def test_a_source_that_does_not_mention_dead_letters_is_shown_none_as_in_java() -> None:
    assert letter_settings(validated(SHOP)) == {}
    assert len(letter_settings(validated(DRAIN))) == 3


def test_a_source_that_writes_dead_letters_is_shown_their_settings() -> None:
    given = {f"{LETTERS}topic.name": "letters", f"{LETTERS}context.headers.enable": "true"}
    infos = validated(SHOP | given)
    assert infos.error_count == 0
    assert letter_settings(infos) == {
        "topic.name": "letters",
        "topic.replication.factor": "3",
        "context.headers.enable": "true",
    }
    assert letter_settings(infos) == letter_settings(validated(DRAIN | given))


def test_a_wrong_setting_of_a_sources_dead_letters_is_an_error() -> None:
    given = {f"{LETTERS}topic.name": "letters", f"{LETTERS}topic.replication.factor": "many"}
    infos = validated(SHOP | given)
    assert infos.error_count == 1
    (error,) = errors(infos)[f"{LETTERS}topic.replication.factor"]
    assert error.startswith("Invalid value many for configuration")


def test_a_source_that_writes_dead_letters_may_override_the_client_that_makes_their_topic() -> None:
    override = "admin.override.client.id"
    given = SHOP | {override: "x"}
    worker = WorkerTraits(policy=Policies.named("None"))
    assert errors(validated(given, worker)) == {}
    assert list(errors(validated(given | {f"{LETTERS}topic.name": "l"}, worker))) == [override]


class PostConfig(Config):
    errors_deadletterqueue_topic_name: Annotated[str, Option("Where lost post goes.")] = "attic"


class Post(SourceConnector[PostConfig]):
    pass


def test_a_sources_own_setting_of_that_name_is_left_to_it() -> None:
    plugin = Plugin("t.Post", PluginKind.SOURCE, "1.0", lambda: Post)
    registry = Registry(
        [plugin, *(p for kind in PluginKind for p in Registry.builtin("1").plugins(kind))]
    )
    given = {"name": "post", "connector.class": "t.Post", f"{LETTERS}topic.name": "cellar"}
    infos = Validator(registry, WorkerTraits()).validate(given)
    assert infos.error_count == 0
    assert letter_settings(infos) == {"topic.name": "cellar"}
