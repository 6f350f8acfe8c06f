"""One decision in the making: the state so far, and the effects it will have."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from penstock.cluster.effects import Effect, Reply, WriteStatus
from penstock.cluster.events import Request
from penstock.cluster.messages import State
from penstock.cluster.ports import Stage
from penstock.cluster.snapshot import Configured
from penstock.cluster.state import ClusterState, Instance, Local, Pending, Status, Step
from penstock.sdk.errors import NotFoundError


class Turn:
    """Holds the newest state while one event is being decided on."""

    def __init__(self, state: ClusterState, now: float) -> None:
        self.state = state
        self.now = now
        self.effects: list[Effect] = []

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def change(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def existing(self, name: str, message: str = "Connector {} not found") -> Configured:
        """The connector's configuration. Raises NotFoundError."""
        configured = self.state.configured(name)
        if configured is None:
            raise NotFoundError(message.format(name))
        return configured

    # What runs here -----------------------------------------------------------------------------

    def local(self, name: str) -> Local:
        return self.state.local.get(name, Local())

    def set_local(self, name: str, local: Local) -> None:
        """A connector of which nothing runs here is forgotten."""
        others = {k: v for k, v in self.state.local.items() if k != name}
        kept = {**self.state.local, name: local} if local.instances else others
        self.change(local=kept)

    def set_instance(self, name: str, number: int, instance: Instance | None) -> None:
        local = self.local(name)
        instances = {k: v for k, v in local.instances.items() if k != number}
        if instance is not None:
            instances[number] = instance
        self.set_local(name, replace(local, instances=instances))

    def set_status(
        self,
        name: str,
        number: int,
        state: State | None,
        trace: str | None = None,
        version: str | None = None,
    ) -> None:
        """Write a status and show it from now on; a state of None removes it."""
        generation = self.state.membership.generation
        self.emit(WriteStatus(name, number, state, generation, trace, version))
        me = self.state.settings.worker_id
        status = None if state is None else Status(state, me, generation, trace, version)
        self.show_status(name, number, status)

    def show_status(self, name: str, number: int, status: Status | None) -> None:
        known = {k: v for k, v in self.state.statuses.get(name, {}).items() if k != number}
        if status is not None:
            known[number] = status
        if known:
            self.change(statuses={**self.state.statuses, name: known})
        elif name in self.state.statuses:
            left = {k: v for k, v in self.state.statuses.items() if k != name}
            self.change(statuses=left)

    # Requests -----------------------------------------------------------------------------------

    def pend(self, request: Request, step: Step, stage: str, memo: Any = None) -> None:
        """The request is at this step, and `stage` says so to a client that asks."""
        pending = Pending(request, step, Stage(stage, self.now), memo)
        self.change(requests={**self.state.requests, request.id: pending})

    def reply(self, request: int, value: Any = None, error: Exception | None = None) -> None:
        """Answer; a request of the worker itself has nobody to answer to."""
        left = {k: v for k, v in self.state.requests.items() if k != request}
        self.change(requests=left)
        if request >= 0:
            self.emit(Reply(request, value, error))
