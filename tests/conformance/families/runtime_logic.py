"""runtime-logic.jsonl: each operation stands in the module of its area."""

from __future__ import annotations

import importlib
from typing import Any

from tests.conformance.runner import Case

_AREAS = {
    "submitted": "ops_loops",
    "topicCreation": "ops_loops",
    "checkTimestamp": "ops_loops",
    "chain": "ops_transforms",
    "clientConfig": "ops_clients",
    "configTransform": "ops_config",
    "restartPlan": "ops_cluster",
    "restartCompare": "ops_cluster",
    "sinkOffsetsParse": "ops_cluster",
    "sinkOffsetsFormat": "ops_cluster",
    "consumerGroup": "ops_clients",
    "groupPartitions": "ops_cluster",
    "patchConfig": "ops_config",
    "taskId": "ops_cluster",
    "metrics": "ops_clients",
}


def run(case: Case) -> Any:
    """Call the function of the operation's name, with snake_case, in its area's module."""
    area = importlib.import_module(f"tests.conformance.families.{_AREAS[case['op']]}")
    name = "".join(f"_{c.lower()}" if c.isupper() else c for c in case["op"])
    return getattr(area, name)(case)
