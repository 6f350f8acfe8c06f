"""configdef.jsonl: settings, their definitions and the validation of connectors."""

from __future__ import annotations

from typing import Any

from penstock.plugins.registry import Registry
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.worker_config import StandaloneConfig, WorkerConfig
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import (
    NO_DEFAULT,
    Check,
    ClassRef,
    ConfigDef,
    ConfigKey,
    ConfigType,
    Password,
    all_of,
    at_least,
    at_most_entries,
    between,
    list_of,
    list_without_duplicates,
    no_control_characters,
    non_empty,
    non_null,
    one_of,
    one_of_ignoring_case,
)
from tests.conformance.families import configdef_validation
from tests.conformance.runner import Case
from tests.conformance.values import value_in, value_out

REGISTRY = Registry.builtin()


def run(case: Case) -> Any:
    return _OPERATIONS[case["op"]](case)


def equal(case: Case, found: Any, wanted: Any) -> bool:
    """In definitions, how a check calls itself is free where Java shows an object's hash."""
    if case["op"] == "definitions":
        for shown, key in zip(found["keys"], wanted["keys"], strict=False):
            if key.pop("validator_nonportable", False) and shown.pop("validator", None) is None:
                return False
    return bool(found == wanted)


_TAGS = {
    ConfigType.INT: "int32",
    ConfigType.SHORT: "int16",
    ConfigType.LONG: "int64",
}


def _shown(value: Any, kind: ConfigType) -> Any:
    if value is None:
        return None
    if isinstance(value, ClassRef):
        return {"class": value.name}
    if isinstance(value, Password):
        return {"password": value.value}
    if kind in _TAGS:
        return {_TAGS[kind]: value}
    return value_out(value)


def _given(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else value_in(value)


def _parse_type(case: Case) -> Any:
    kind = ConfigType[case["type"]]
    with finding_classes(REGISTRY.find_exactly):
        found = ConfigDef.parse_type("the.name", _given(case["value"]), kind)
    return {"value": _shown(found, kind)}


def _to_string(case: Case) -> Any:
    kind = ConfigType[case["type"]]
    with finding_classes(REGISTRY.find_exactly):
        value = ConfigDef.parse_type("n", _given(case["value"]), kind)
    return {"text": ConfigDef.to_text(value, kind)}


def _check(shown: list[Any]) -> Check:
    name, *rest = shown
    match name:
        case "atLeast":
            return at_least(*rest)
        case "between":
            return between(*rest)
        case "in":
            return one_of(*rest)
        case "inIgnoreCase":
            return one_of_ignoring_case(*rest)
        case "listIn":
            return list_of(*rest)
        case "listNoDuplicates":
            return list_without_duplicates(empty_allowed=rest[0], null_allowed=rest[1])
        case "listSize":
            return at_most_entries(*rest)
        case "all":
            return all_of(*map(_check, rest))
        case _:
            return _PLAIN[name]


_PLAIN: dict[str, Check] = {
    "nonEmpty": non_empty,
    "nonNull": non_null,
    "noControlChars": no_control_characters,
}


def _definition(case: Case) -> ConfigDef:
    return ConfigDef(
        ConfigKey(
            key["name"],
            ConfigType[key["type"]],
            key.get("default", NO_DEFAULT),
            _check(key["validator"]) if "validator" in key else None,
        )
        for key in case["keys"]
    )


def _parse(case: Case) -> Any:
    with finding_classes(REGISTRY.find_exactly):
        definition = _definition(case)
        values = definition.parse(case["props"])
    return {"values": {n: _shown(v, definition.keys[n].type) for n, v in values.items()}}


def _validate_all(case: Case) -> Any:
    with finding_classes(REGISTRY.find_exactly):
        definition = _definition(case)
        validated = definition.validate(case["props"])
    return {
        found.name: {
            "value": _shown(found.value, definition.keys[found.name].type),
            "errors": found.errors,
            "recommended": found.recommended_values,
            "visible": found.visible,
        }
        for found in validated
    }


_STANDALONE = {
    "bootstrap.servers": "localhost:9092",
    "plugin.discovery": "service_load",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "offset.storage.file.filename": "/tmp/offsets",
}
_DISTRIBUTED = {
    "bootstrap.servers": "localhost:9092",
    "plugin.discovery": "service_load",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter",
    "group.id": "g",
    "config.storage.topic": "c",
    "offset.storage.topic": "o",
    "status.storage.topic": "s",
}


def _worker(case: Case) -> Any:
    distributed = case["mode"] == "distributed"
    minimal = _DISTRIBUTED if distributed else _STANDALONE
    kind: type[WorkerConfig] = DistributedConfig if distributed else StandaloneConfig
    given = {n: v for n, v in {**minimal, **case["props"]}.items() if v is not None}
    with finding_classes(REGISTRY.find_class):
        config = kind.parse(given)
    keys = config.definition().keys
    return {
        "values": {
            name: _shown(config.parsed[name], keys[name].type) if name in keys else None
            for name in case["show"]
        }
    }


_OPERATIONS = {
    "parseType": _parse_type,
    "toString": _to_string,
    "parse": _parse,
    "validateAll": _validate_all,
    "worker": _worker,
    "definitions": configdef_validation.definitions,
    "herder": configdef_validation.herder,
    "sinkValidate": configdef_validation.sink_validate,
}
