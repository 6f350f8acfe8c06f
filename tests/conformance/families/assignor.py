"""The group protocol: encodings, names, one assignment, and cooperative rebalances in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.cluster import assignor
from penstock.cluster import membership_bytes as wire
from penstock.cluster.assignor import AssignorState, Round
from penstock.cluster.assignor_work import NOTHING, Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.leading import Group, lead
from penstock.cluster.membership_bytes import Assignment, Metadata
from penstock.cluster.messages import TaskId
from penstock.cluster.protocol import Protocol

START_MS = 1_000_000
MAX_DELAY_MS = 300_000


def run(case: dict[str, Any]) -> Any:
    return _OPERATIONS[case["op"]](case)


# Encodings --------------------------------------------------------------------------------------


def _task(text: str) -> TaskId:
    connector, _, number = text.rpartition("-")
    return TaskId(connector, int(number))


def _tasks(texts: list[str] | None) -> list[TaskId]:
    return [_task(text) for text in texts or ()]


def _assignment_in(shown: dict[str, Any] | None) -> Assignment | None:
    if shown is None:
        return None
    return Assignment(
        version=shown.get("version", 0),
        leader=shown.get("leader"),
        leader_url=shown.get("leaderUrl"),
        offset=shown.get("offset", -1),
        connectors=shown.get("connectors") or [],
        tasks=_tasks(shown.get("tasks")),
        revoked_connectors=shown.get("revokedConnectors") or [],
        revoked_tasks=_tasks(shown.get("revokedTasks")),
        delay_ms=shown.get("delay", 0),
        error=shown.get("error", 0),
    )


def _assignment_out(version: int, given: Assignment) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "error": given.error,
        "leader": given.leader,
        "leaderUrl": given.leader_url,
        "offset": given.offset,
        "connectors": list(given.connectors),
        "tasks": [str(task) for task in given.tasks],
    }
    if version == 0:
        return shown
    return shown | {
        "version": given.version,
        "revokedConnectors": list(given.revoked_connectors),
        "revokedTasks": [str(task) for task in given.revoked_tasks],
        "delay": given.delay_ms,
    }


def _serialize_metadata(case: dict[str, Any]) -> Any:
    known = _assignment_in(case["assignment"])
    metadata = Metadata(case["url"], case["offset"], known)
    return {"hex": wire.write_metadata(case["version"], metadata).hex()}


def _serialize_assignment(case: dict[str, Any]) -> Any:
    given = _assignment_in(case["assignment"])
    assert given is not None
    return {"hex": wire.write_assignment(case["version"], given).hex()}


def _metadata_request(case: dict[str, Any]) -> Any:
    metadata = Metadata(case["url"], case["offset"], _assignment_in(case["assignment"]))
    offered = wire.offers(Protocol.of_mode(case["mode"]), metadata)
    return {"protocols": [{"name": name, "hex": data.hex()} for name, data in offered]}


def _deserialize_metadata(case: dict[str, Any]) -> Any:
    found = wire.read_metadata(case["version"], bytes.fromhex(case["hex"]))
    shown: dict[str, Any] = {"url": found.url, "offset": found.offset}
    if case["version"] == 0:
        return shown
    known = found.allocation
    return shown | {"assignment": known and _assignment_out(case["version"], known)}


def _deserialize_assignment(case: dict[str, Any]) -> Any:
    found = wire.read_assignment(case["version"], bytes.fromhex(case["hex"]))
    return {"assignment": _assignment_out(case["version"], found)}


def _protocol(find: Callable[[Any], Protocol], key: str) -> Callable[[dict[str, Any]], Any]:
    def answer(case: dict[str, Any]) -> Any:
        found = find(case[key])
        return {"protocol": found.protocol, "version": found.version, "compatibility": found.mode}

    return answer


# Assignments ------------------------------------------------------------------------------------


def _snapshot(connectors: dict[str, int], offset: int) -> ConfigState:
    return ConfigState(
        offset=offset, configs={name: {} for name in connectors}, task_counts=connectors
    )


def _perform(case: dict[str, Any]) -> Any:
    protocol = Protocol.of_protocol(case["protocol"])
    members = {
        m["id"]: Metadata(m["url"], m["offset"], _assignment_in(m.get("assignment")))
        for m in case["members"]
    }
    group = Group(protocol, case["leader"], members, 1, 0, START_MS, MAX_DELAY_MS)
    snapshot = _snapshot(case["connectors"], case["snapshotOffset"])
    fresh = _snapshot(case["connectors"], case.get("freshOffset", case["snapshotOffset"]))
    led = lead(group, snapshot, lambda: fresh, AssignorState())
    version = protocol.version
    sent = {m: wire.write_assignment(version, a) for m, a in led.assignments.items()}
    read = {member: wire.read_assignment(version, data) for member, data in sent.items()}
    return {
        "hex": {member: data.hex() for member, data in sent.items()},
        "assignments": {m: _assignment_out(version, a) for m, a in read.items()},
    }


class _Cluster:
    """Pretend workers that rebalance as a case says."""

    def __init__(self, max_delay_ms: int) -> None:
        self.max_delay_ms = max_delay_ms
        self.now = START_MS
        self.workers: dict[str, Work] = {}
        self.away: dict[str, Work] = {}
        self.connectors: dict[str, int] = {}
        self.generation = 0
        self.completed = 0
        self.state = AssignorState()

    def round(self, step: dict[str, Any]) -> dict[str, Any]:
        self._happen(step)
        self.generation += 1
        given = Round(
            allocations=dict(sorted(self.workers.items())),
            configured=Work.configured(self.connectors),
            generation=self.generation,
            last_completed_generation=self.completed,
            now_ms=self.now,
            max_delay_ms=self.max_delay_ms,
        )
        answer, self.state = assignor.assign(self.state, given)
        shown = {
            "now": self.now,
            "lastCompletedGeneration": self.completed,
            "currentGeneration": self.generation,
            "members": _shown(given.allocations),
            "configured": dict(self.connectors),
            "assigned": _shown(answer.assigned),
            "revoked": _shown(answer.revoked),
            "all": _shown(answer.all),
            "delay": answer.delay_ms,
            "scheduledRebalance": self.state.scheduled_ms,
            "revokedInPrevious": self.state.revoked_before,
            "successiveRevokingRebalances": self.state.revoking_rounds,
            "candidateWorkers": sorted(self.state.candidates),
        }
        self._apply(step, answer)
        return shown

    def _happen(self, step: dict[str, Any]) -> None:
        self.now += step.get("advanceMs", 0)
        for worker in step.get("leave", ()):
            self.away[worker] = self.workers.pop(worker)
        for worker in step.get("join", ()):
            self.workers[worker] = NOTHING
        for worker in step.get("returnWithWork", ()):
            self.workers[worker] = self.away.pop(worker)
        self.connectors = step.get("connectors", self.connectors)
        for worker, item, kind in step.get("claim", ()):
            extra = Work.of([item]) if kind == "connector" else Work.of(tasks=[_task(item)])
            self.workers[worker] |= extra

    def _apply(self, step: dict[str, Any], answer: assignor.Answer) -> None:
        if step.get("failSync"):
            return
        self.completed = self.generation
        for worker in set(self.workers) - set(step.get("miss", ())):
            kept = self.workers[worker] - answer.revoked[worker]
            self.workers[worker] = kept | answer.assigned[worker]


def _shown(work: Any) -> Any:
    return {
        worker: {"connectors": sorted(w.connectors), "tasks": [str(t) for t in sorted(w.tasks)]}
        for worker, w in work.items()
    }


def _rounds(case: dict[str, Any]) -> Any:
    cluster = _Cluster(case["maxDelayMs"])
    return {"rounds": [cluster.round(step) for step in case["rounds"]]}


_OPERATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "serializeMetadata": _serialize_metadata,
    "serializeAssignment": _serialize_assignment,
    "metadataRequest": _metadata_request,
    "deserializeMetadata": _deserialize_metadata,
    "deserializeAssignment": _deserialize_assignment,
    "compatibility": _protocol(Protocol.of_mode, "name"),
    "protocolName": _protocol(Protocol.of_protocol, "name"),
    "protocolVersion": _protocol(Protocol.of_version, "version"),
    "performAssignment": _perform,
    "rounds": _rounds,
}
