"""Operations about Kafka clients of connectors and about metrics."""

from __future__ import annotations

from typing import Any

from penstock.observability.metric_names import METRICS
from penstock.runtime import client_ids
from penstock.runtime.client_settings import (
    ClientSettings,
    source_transactional_id,
)
from penstock.runtime.client_settings import (
    consumer_group as group_of,
)
from penstock.runtime.override_policies import Policies

_JSON = "org.apache.kafka.connect.json.JsonConverter"
WORKER = {
    "bootstrap.servers": "localhost:9092",
    "group.id": "g",
    "config.storage.topic": "cfg",
    "offset.storage.topic": "off",
    "status.storage.topic": "st",
    "key.converter": _JSON,
    "value.converter": _JSON,
    "plugin.discovery": "service_load",
}
NAME, TASK, CLIENT_ID = "conn", 3, "default-client-id"


def client_config(case: dict[str, Any]) -> Any:
    policy = Policies.named(case.get("policy", "All"))
    settings = ClientSettings(WORKER | case["worker"], "cluster", policy)
    return {"config": dict(sorted(_made(settings, case["client"], case["props"]).items()))}


def _made(settings: ClientSettings, client: str, props: dict[str, str]) -> dict[str, str]:
    match client:
        case "producer":
            return settings.producer(props, CLIENT_ID)
        case "exactlyOnceProducer":
            transactional_id = source_transactional_id(settings.group_id or "", NAME, TASK)
            client_id = client_ids.producer(NAME, TASK)
            return settings.exactly_once_producer(props, client_id, transactional_id)
        case "consumer":
            return settings.consumer(NAME, props, CLIENT_ID)
        case "admin":
            return settings.admin(props, CLIENT_ID)
        case _:
            once = client == "exactlyOnceOffsetsConsumer"
            return settings.offsets_consumer(NAME, props, CLIENT_ID, exactly_once=once)


def consumer_group(case: dict[str, Any]) -> Any:
    return {"text": group_of(case["name"])}


def metrics(case: dict[str, Any]) -> Any:
    return {"metrics": [[m.group, m.name, list(m.tags)] for m in METRICS]}
