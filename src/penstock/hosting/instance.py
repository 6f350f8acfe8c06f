"""A connector instance and its states. Not thread-safe: one caller at a time."""

from __future__ import annotations

import enum
import logging
from collections.abc import Mapping
from typing import Any

from penstock.cluster.catalog import Catalog
from penstock.cluster.messages import (
    CheckOffsets,
    ConnectorChanged,
    Failure,
    MakeTaskConfigs,
    OffsetsChecked,
    ReconfigurationRequested,
    StartConnector,
    State,
    TargetState,
    TaskConfigsMade,
)
from penstock.hosting.failures import failure_of
from penstock.hosting.ports import OnReport
from penstock.hosting.task_counts import check_task_count
from penstock.runtime.error_text import class_name as class_name
from penstock.runtime.sink_config import check_sink
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import config_class
from penstock.sdk.connector import Connector
from penstock.sdk.errors import ConnectError, IllegalWorkerStateError
from penstock.sdk.record import TopicPartition
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector

log = logging.getLogger(__name__)


class _At(enum.Enum):
    INIT = "INIT"
    STARTED = "STARTED"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"
    FAILED = "FAILED"


_STATES = {
    TargetState.STARTED: (_At.STARTED, State.RUNNING),
    TargetState.PAUSED: (_At.PAUSED, State.PAUSED),
    TargetState.STOPPED: (_At.STOPPED, State.STOPPED),
}


class ConnectorInstance:
    """Makes a connector and takes it through its states; each is reported when it is reached."""

    def __init__(self, start: StartConnector, catalog: Catalog, report: OnReport) -> None:
        self._start = start
        self._catalog = catalog
        self._report = report
        self._name = start.connector
        self._at = _At.INIT
        self._connector: Connector[Any] | None = None
        self._version: str | None = None
        self._closed = False  # no status is written any more

    # For the connector, as its context ----------------------------------------------------------

    @property
    def connector(self) -> str:
        return self._name

    def request_task_reconfiguration(self) -> None:
        if self._closed:
            raise IllegalWorkerStateError(
                "The request for task reconfiguration has been rejected because this instance of "
                f"the connector '{self._name}' has already been shut down."
            )
        self._report(ReconfigurationRequested(self._name, self._start.incarnation))

    def fail(self, error: Exception) -> None:
        if self._closed:
            raise IllegalWorkerStateError(
                "The request to fail the connector has been rejected because this instance of the "
                f"connector '{self._name}' has already been shut down."
            )
        self._failed(error)

    # For the host -------------------------------------------------------------------------------

    def go_to(self, target: TargetState) -> None:
        """Reach a state; what fails is reported."""
        at, state = _STATES[target]
        if self._at is at:
            return
        if self._at is _At.FAILED and target is not TargetState.STOPPED:
            log.error(
                "%s Cannot transition connector to %s since it has failed", self._name, target
            )
            return
        try:
            if target is TargetState.STARTED:
                self._made().start()
            elif self._at is _At.STARTED:
                self._stop(quietly=target is TargetState.STOPPED)
            else:
                self._made_if_possible(target)
        except Exception as error:
            self._failed(error)
            return
        self._at = at
        self._tell(state)

    def make_task_configs(self, command: MakeTaskConfigs) -> None:
        try:
            configs = self._task_configs(command.tasks_max)
        except Exception as error:
            log.error("Could not make task configurations.", exc_info=error)
            answer = TaskConfigsMade(self._name, command.incarnation, None, self._failure(error))
        else:
            answer = TaskConfigsMade(self._name, command.incarnation, configs)
        self._report(answer)

    def shut_down(self) -> None:
        """Stop for good; UNASSIGNED, or FAILED if the connector cannot even stop."""
        failed = self._at is _At.FAILED
        try:
            if self._at is _At.STARTED and self._connector is not None:
                self._connector.close()
        except Exception as error:
            failed = True
            self._failed(error)
        if not failed:
            self._tell(State.UNASSIGNED)
        self._closed = True

    def give_up(self) -> None:
        """It did not stop in time: UNASSIGNED, and from here on it says nothing."""
        self._tell(State.UNASSIGNED)
        self._closed = True

    # Steps --------------------------------------------------------------------------------------

    def _made(self) -> Connector[Any]:
        if self._connector is None:
            self._connector = self._make()
        return self._connector

    def _made_if_possible(self, target: TargetState) -> None:
        """A connector that begins paused is made all the same, to tell what is wrong."""
        if self._at is not _At.INIT:
            return
        if target is TargetState.PAUSED:
            self._made()
        else:
            self._version, _ = _class_of(self._catalog, self._start.properties)

    def _make(self) -> Connector[Any]:
        plugin, kind = _class_of(self._catalog, self._start.properties)
        self._version = plugin
        if issubclass(kind, SinkConnector):
            check_sink(self._start.properties)
        with finding_classes(self._catalog.find_class):
            config = config_class(kind).parse(self._start.properties)
            return kind(config, self)

    def _stop(self, *, quietly: bool) -> None:
        try:
            self._made().close()
        except Exception:
            if not quietly:
                raise
            log.warning("The connector failed while it was stopped.", exc_info=True)

    def _task_configs(self, tasks_max: int) -> list[dict[str, str]]:
        connector, given = self._made(), self._start.properties
        made = [dict(config) for config in connector.task_configs(tasks_max)]
        check_task_count(self._name, len(made), tasks_max, given)
        added = {"task.class": class_name(type(connector).task)}  # pyright: ignore
        added |= {key: given[key] for key in ("topics", "topics.regex") if key in given}
        return [config | added for config in made]

    def _failed(self, error: Exception) -> None:
        log.error("The connector has failed.", exc_info=error)
        if self._at is not _At.FAILED:
            self._at = _At.FAILED
            failure = self._failure(error)
            self._tell(State.FAILED, failure.trace, failure)

    def _failure(self, error: Exception) -> Failure:
        return failure_of(error, self._name, None, self._start.properties)

    def _tell(self, state: State, trace: str | None = None, failure: Any = None) -> None:
        if not self._closed:
            incarnation = self._start.incarnation
            self._report(
                ConnectorChanged(self._name, incarnation, state, trace, self._version, failure)
            )


def _class_of(
    catalog: Catalog, properties: Mapping[str, str]
) -> tuple[str | None, type[Connector[Any]]]:
    plugin = catalog.connector(
        properties["connector.class"], properties.get("connector.plugin.version")
    )
    return plugin.version, plugin.load()


class _NoContext:
    """For a connector that is only asked about offsets."""

    def __init__(self, connector: str) -> None:
        self.connector = connector

    def request_task_reconfiguration(self) -> None:
        raise IllegalWorkerStateError(f"The connector '{self.connector}' is not running.")

    def fail(self, error: Exception) -> None:
        raise ConnectError("The connector failed while its offsets were checked.") from error


def check_offsets(command: CheckOffsets, catalog: Catalog) -> OffsetsChecked:
    """What a connector says to offsets an operator wants to set."""
    try:
        _, kind = _class_of(catalog, command.properties)
        with finding_classes(catalog.find_class):
            config = config_class(kind).parse(command.properties)
            connector = kind(config, _NoContext(command.connector))
        accepted = _alter(connector, command)
    except Exception as error:
        log.warning("The connector refuses to alter its offsets.", exc_info=error)
        return OffsetsChecked(command.connector, command.request, failure=failure_of(error))
    return OffsetsChecked(command.connector, command.request, accepted)


def _key(partition: Mapping[str, Any] | None) -> Any:
    """What a client may leave out is for the connector to judge."""
    return None if partition is None else tuple(sorted(partition.items()))


def _alter(connector: Connector[Any], command: CheckOffsets) -> bool:
    if isinstance(connector, SourceConnector):
        return connector.alter_offsets({_key(p): offset for p, offset in command.offsets})
    assert isinstance(connector, SinkConnector)
    return connector.alter_offsets(
        {
            TopicPartition(p["kafka_topic"], int(p["kafka_partition"])): (
                None if offset is None else int(offset["kafka_offset"])
            )
            for p, offset in command.offsets
            if p is not None
        }
    )
