"""Records of the internal topics: config, status and offsets, and the standalone offset file."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from penstock.cluster import base64
from penstock.cluster.config_state import ConfigState, RestartRequest, SessionKey
from penstock.cluster.messages import State, TargetState, TaskId
from penstock.sdk.errors import DataError
from penstock.sdk.java_utf8 import encode_utf8
from penstock.stores import files, offset_records, status_records
from penstock.stores.config import ConfigStore
from penstock.stores.memory import MemoryLog
from penstock.stores.offset_table import OffsetTable, exact_offsets
from penstock.stores.ports import Entry, LogRecord
from penstock.stores.status import StatusStore
from penstock.stores.status_records import Status, TopicStatus
from tests.conformance.runner import described, same, same_error
from tests.conformance.values import value_in, value_out


def run(case: dict[str, Any]) -> Any:
    return _OPERATIONS[case["op"]](case)


def equal(case: dict[str, Any], found: Any, wanted: Any) -> bool:
    """Like any comparison, with errors met while reading compared as errors."""
    left, right = dict(found), dict(wanted)
    if case["op"] == "offsetWrite":  # a hash map gives the records, in an order of its own
        left["records"], right["records"] = sorted(left["records"]), sorted(right["records"])
    if case["op"] == "status":
        right["topics"] = {name: sorted(topics) for name, topics in right["topics"].items()}
    if case["op"] == "partitionKey":
        left, right = _unordered(left["partitions"]), _unordered(right["partitions"])
    mine, theirs = left.pop("errors", []), right.pop("errors", [])
    return same(left, right) and len(mine) == len(theirs) and all(map(same_error, mine, theirs))


def _unordered(partitions: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: {"map": found} for name, found in partitions.items()}


class RecordingLog(MemoryLog):
    """Remembers what was written, and what reading went wrong."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        super().__init__(entries or ())
        self.written: list[Entry] = []
        self.errors: list[Any] = []
        self._following = False

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        super().start(lambda record: self._guarded(on_record, record))
        self._following = True

    def write(self, entries: Any, timeout_ms: int) -> None:
        self.written += entries
        super().write(entries, timeout_ms)

    def _guarded(self, on_record: Callable[[LogRecord], None], record: LogRecord) -> None:
        try:
            on_record(record)
        except Exception as error:
            if not self._following:
                raise
            self.errors.append(described(error))


class Listener:
    def __init__(self) -> None:
        self.events: list[Any] = []

    def connector_updated(self, connector: str) -> None:
        self.events.append(["connectorUpdated", connector])

    def connector_removed(self, connector: str) -> None:
        self.events.append(["connectorRemoved", connector])

    def tasks_updated(self, connector: str, tasks: list[TaskId]) -> None:
        self.events.append(["tasksUpdated", [str(task) for task in tasks]])

    def task_count_recorded(self, connector: str, count: int) -> None:
        """Java's listeners do not hear of it."""

    def target_state_changed(self, connector: str) -> None:
        self.events.append(["targetStateChanged", connector])

    def session_key_updated(self, key: SessionKey) -> None:
        text = base64.encode(key.key)
        self.events.append(["sessionKey", text, key.algorithm, key.created_ms])

    def restart_requested(self, request: RestartRequest) -> None:
        shown = [request.connector, request.only_failed, request.include_tasks]
        self.events.append(["restart", *shown])

    def logging_level_updated(self, namespace: str, level: str) -> None:
        self.events.append(["loggingLevel", namespace, level])


def _entry(pair: list[Any]) -> Any:
    return tuple(None if text is None else text.encode() for text in pair)


def _shown(entries: list[Entry]) -> list[list[str | None]]:
    return [[None if x is None else x.decode() for x in entry] for entry in entries]


# Config topic -----------------------------------------------------------------------------------


def _config(case: dict[str, Any]) -> Any:
    log, listener = RecordingLog([_entry(p) for p in case.get("before", ())]), Listener()
    store = ConfigStore(log, listener)
    store.start()
    for op, *args in case.get("ops", ()):
        try:
            _CONFIG_OPS[op](store, *args)
        except Exception as error:
            log.errors.append(described(error))
    for pair in case.get("after", ()):
        MemoryLog.write(log, [_entry(pair)], 0)
    answer = {"events": listener.events, "snapshot": _snapshot(store.snapshot())}
    if log.errors:
        answer["errors"] = log.errors
    return ({"records": _shown(log.written)} if "ops" in case else {}) | answer


def _target(text: str | None) -> TargetState | None:
    return None if text is None else TargetState(text)


_CONFIG_OPS: dict[str, Callable[..., None]] = {
    "putConnectorConfig": lambda s, n, c, t=None: s.put_connector(n, c, _target(t)),
    "removeConnectorConfig": ConfigStore.remove_connector,
    "putTaskConfigs": ConfigStore.put_tasks,
    "removeTaskConfigs": ConfigStore.remove_tasks,
    "putTargetState": lambda s, n, t: s.put_target_state(n, TargetState(t)),
    "putTaskCountRecord": ConfigStore.put_task_count_record,
    "putSessionKey": lambda s, k, a, t: s.put_session_key(SessionKey(base64.decode(k), a, t)),
    "putRestartRequest": lambda s, *a: s.put_restart_request(RestartRequest(*a)),
    "putLoggerLevel": ConfigStore.put_logger_level,
}


def _snapshot(state: ConfigState) -> Any:
    shown: dict[str, Any] = {
        "offset": state.offset,
        "connectors": {name: _connector(state, name) for name in state.connectors()},
        "inconsistent": sorted(state.inconsistent),
    }
    key = state.session_key
    if key is not None:
        text = base64.encode(key.key)
        shown["sessionKey"] = {"key": text, "algorithm": key.algorithm, "created": key.created_ms}
    return shown


def _connector(state: ConfigState, name: str) -> Any:
    ids = state.task_ids(name)
    target = state.target_state(name)
    return {
        "config": _properties(state.config(name)),
        "targetState": target.value if target else None,
        "taskCount": state.task_count(name),
        "tasks": [str(task) for task in ids],
        "taskConfigs": {str(task): _properties(state.task_config(task)) for task in ids},
        "taskCountRecord": state.task_count_record(name),
        "taskConfigGeneration": state.task_generation(name),
        "pendingFencing": state.is_pending_fencing(name),
        "appliedConfig": _properties(state.applied_config(name)),
    }


def _properties(config: Any) -> Any:
    if config is None:
        return None
    return {k: v if v is None or isinstance(v, str) else value_out(v) for k, v in config.items()}


# Status topic -----------------------------------------------------------------------------------


def _status(case: dict[str, Any]) -> Any:
    log = RecordingLog()
    store = StatusStore(log)
    store.start()
    for op in case.get("ops", ()):
        try:
            _status_op(store, *op)
        except Exception as error:
            log.errors.append(described(error))
    for pair in case.get("read", ()):
        MemoryLog.write(log, [_entry(pair)], 0)
    answer: dict[str, Any] = {"records": _shown(log.written)} if "ops" in case else {}
    if log.errors:
        answer["errors"] = log.errors
    names = store.connectors()
    topics = {name: _topics(store, name) for name in _possible_names(case)}
    return answer | {
        "connectors": {name: _statuses(store, name) for name in names},
        "topics": {name: shown for name, shown in topics.items() if shown},
    }


def _status_op(store: StatusStore, op: str, *args: Any) -> None:
    if op == "topic":
        store.put_topic(TopicStatus(*args))
    elif op == "deleteTopic":
        store.delete_topic(*args)
    else:
        task, state, trace, worker, generation, version = args
        status = Status(State(state), worker, generation, trace, version)
        safely = op.endswith("Safe")
        if op.startswith("task"):
            store.put_task(TaskId(*task), status, safely=safely)
        else:
            store.put_connector(task, status, safely=safely)


def _possible_names(case: dict[str, Any]) -> list[str]:
    """Connectors whose topics a case may have set."""
    keys = [status_records.topic_key(*op[1:3]) for op in case.get("ops", ()) if op[0] == "topic"]
    keys += [key or "" for key, _ in case.get("read", ())]
    found = (status_records.read_topic_key(encode_utf8(key).decode()) for key in keys)
    return list(dict.fromkeys(names[1] for names in found if names is not None))


def _topics(store: StatusStore, name: str) -> list[Any]:
    shown = [[t.topic, t.connector, t.task, t.discovered_ms] for t in store.topics(name)]
    return sorted(shown)


def _statuses(store: StatusStore, name: str) -> Any:
    tasks = {str(task.task): _status_out(s) for task, s in store.tasks(name).items()}
    return {"status": _status_out(store.connector(name)), "tasks": tasks}


def _status_out(status: Status | None) -> Any:
    if status is None:
        return None
    return {
        "state": status.state.value,
        "trace": status.trace,
        "worker": status.worker_id,
        "generation": status.generation,
        "version": status.version,
    }


# Offsets ----------------------------------------------------------------------------------------


def _offset_write(case: dict[str, Any]) -> Any:
    last = {json.dumps(p, sort_keys=True): (p, o) for p, o in case["offsets"]}
    pairs = [(value_in(p), value_in(o)) for p, o in last.values()]
    entries: dict[bytes, bytes | None] = {}
    try:
        for partition, offset in pairs:
            offset_records.validate(partition)
            offset_records.validate(offset)
            key = offset_records.key(case["namespace"], partition)
            entries[key] = offset_records.value(offset)
    except DataError as error:
        return {"beginFlush": True, "started": False, "error": described(error), "records": []}
    if not pairs:
        return {"beginFlush": False, "records": []}
    return {"beginFlush": True, "started": True, "records": _shown(list(entries.items()))}


def _offset_read(case: dict[str, Any]) -> Any:
    table = OffsetTable(_entry(pair) for pair in case["stored"])
    partitions = [value_in(p) for p in case["partitions"]]
    found = exact_offsets(table, case["namespace"], partitions)
    return {"offsets": [value_out(offset) for offset in found]}


def _partition_key(case: dict[str, Any]) -> Any:
    table = OffsetTable(_entry(pair) for pair in case["records"])
    names = table.connectors()
    return {"partitions": {n: [value_out(p) for p in table.partitions(n)] for n in names}}


def _validate_offset(case: dict[str, Any]) -> Any:
    offset_records.validate(value_in(case["value"]))
    return {"ok": True}


def _offset_file(case: dict[str, Any]) -> Any:
    data = files.encode(dict(_entry(pair) for pair in case["records"]))
    assert files.decode(data) == dict(_entry(pair) for pair in case["records"])
    return {"hex": data.hex()}


_OPERATIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "config": _config,
    "status": _status,
    "offsetWrite": _offset_write,
    "offsetRead": _offset_read,
    "partitionKey": _partition_key,
    "validateOffset": _validate_offset,
    "offsetFile": _offset_file,
}
