"""The operations of configdef.jsonl that need plugins."""

from __future__ import annotations

from typing import Any

from penstock.cluster.validation import Validator, WorkerTraits
from penstock.plugins.registry import Registry
from penstock.runtime.connector_config import ConnectorConfig
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.override_policies import Policies
from penstock.runtime.sink_config import SinkConnectorConfig, check_sink
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.runtime.worker_config import StandaloneConfig, WorkerConfig
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import Config, ConfigDef, ConfigKey, config_class, to_text
from tests.conformance.runner import Case, stage

REGISTRY = Registry.builtin()
_CONVERTER = "org.apache.kafka.connect.json.JsonConverter"
_OF_A_POLICY = ("connector.client.config.override.allowlist",)  # no setting of Java's worker
_FRAMEWORK: dict[str, type[Config]] = {
    "connector": ConnectorConfig,
    "source-connector": SourceConnectorConfig,
    "sink-connector": SinkConnectorConfig,
    "worker": WorkerConfig,
    "standalone": StandaloneConfig,
    "standalone-worker": StandaloneConfig,
    "distributed": DistributedConfig,
    "distributed-worker": DistributedConfig,
}


def definitions(case: Case) -> Any:
    definition = _definition(case["of"])
    keys = sorted(definition.keys.values(), key=lambda key: key.name)
    keys = [key for key in keys if key.name not in _OF_A_POLICY]
    return {"groups": definition.groups, "keys": [_shown(key) for key in keys]}


def _definition(of: str) -> ConfigDef:
    if of in _FRAMEWORK:
        return _FRAMEWORK[of].definition()
    ref = REGISTRY.find_class(of)
    assert ref is not None
    return config_class(ref.load()).definition()


def _shown(key: ConfigKey) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": key.name,
        "type": key.type.value,
        "required": not key.has_default,
        "importance": key.importance.value,
        "group": key.group,
        "order": key.order,
        "width": key.width.value,
        "display_name": key.display_name,
    }
    if key.has_default:
        shown["default"] = to_text(key.default, key.type)
    if key.dependents:
        shown["dependents"] = list(key.dependents)
    if key.check is not None:
        shown["validator"] = str(key.check)
    return shown


def herder(case: Case) -> Any:
    converters = {
        "key.converter": _CONVERTER,
        "value.converter": _CONVERTER,
        "header.converter": "org.apache.kafka.connect.storage.SimpleHeaderConverter",
    }
    policy = Policies.named(case.get("policy", "All"))
    validator = Validator(REGISTRY, WorkerTraits(policy=policy, converters=converters))
    with stage("result"):
        infos = validator.validate(case["props"])
    values = [config.value for config in infos.configs if config.value is not None]
    told = [v for v in values if v.value is not None and (v.errors or v.name in case["props"])]
    return {
        "name": infos.name,
        "error_count": infos.error_count,
        "groups": list(infos.groups),
        "names": [value.name for value in values],
        "values": {value.name: value.value for value in told},
        "errors": {value.name: list(value.errors) for value in values if value.errors},
        "not_visible": [value.name for value in values if not value.visible],
    }


def sink_validate(case: Case) -> Any:
    with finding_classes(REGISTRY.find_class):
        check_sink(case["props"])
    return {"ok": True}
