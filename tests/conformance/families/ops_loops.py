"""Operations on what the source loop does with records."""

from __future__ import annotations

from typing import Any

from penstock.runtime.in_flight import Committable, InFlight, Submission
from penstock.runtime.source_encoding import checked_timestamp
from penstock.runtime.topic_creation import topic_groups
from tests.conformance.runner import Case
from tests.conformance.values import value_in, value_out


def check_timestamp(case: Case) -> Any:
    return {"value": checked_timestamp(case["value"])}


def topic_creation(case: Case) -> Any:
    groups = topic_groups(case["props"]) if case.get("enabled", True) else None
    if groups is None:
        return {"uses": False, "enabled": False}
    topics = {}
    for name in case["topics"]:
        group = groups.group_of(name)
        topics[name] = {
            "group": group.name,
            "partitions": group.partitions,
            "replicationFactor": group.replication_factor,
            "configs": dict(group.configs),
        }
    return {"uses": True, "enabled": True, "groups": groups.names, "topics": topics}


def _shown(found: Committable) -> dict[str, Any]:
    pairs = [[value_out(p), value_out(o)] for p, o in found.pairs()]
    return {
        "offsets": sorted(pairs, key=str),
        "committable": found.committable,
        "uncommittable": found.uncommittable,
        "partitions": found.partitions,
        "largestPartitionBacklog": found.largest_backlog,
        "hasPending": found.has_pending,
        "isEmpty": found.is_empty,
    }


def submitted(case: Case) -> Any:
    in_flight, accumulated = InFlight(), Committable()
    submissions: dict[str, Submission] = {}
    results: list[Any] = []
    for verb, *rest in case["steps"]:
        if verb == "submit":
            name, partition, offset = rest
            submissions[name] = in_flight.submit([(value_in(partition), value_in(offset))])
        elif verb == "ack":
            submissions[rest[0]].acknowledge()
        elif verb == "drop":
            results.append({"dropped": in_flight.drop(submissions[rest[0]])})
        else:
            found = in_flight.committable()
            accumulated = accumulated.updated_with(found)
            results.append(_shown(found) | {"accumulated": _shown(accumulated)})
    return {"results": results}
