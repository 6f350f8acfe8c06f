"""What can happen to a control plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.cluster.changes import Change
from penstock.cluster.messages import Report, State, TargetState

Pairs = tuple[tuple[dict[str, Any] | None, dict[str, Any] | None], ...]


# Requests: each is answered by exactly one `Reply` with its id -----------------------------------


class Request(msgspec.Struct, frozen=True):
    """Something a client wants; negative ids are the worker's own."""

    id: int
    connector: str


class PutConnector(Request, frozen=True):
    """Create or replace a connector; answered with whether it was created."""

    config: Mapping[str, str | None]
    replace: bool = True
    initial: TargetState | None = None
    offsets: Pairs | None = None
    kind: str = "source"


class PatchConnector(Request, frozen=True):
    """Set some settings and remove those that are None."""

    patch: Mapping[str, str | None]


class DeleteConnector(Request, frozen=True):
    pass


class SetTarget(Request, frozen=True):
    """Pause, resume or stop."""

    target: TargetState


class RestartConnector(Request, frozen=True):
    """Restart the connector's own instance, and wait for it."""


class RestartAll(Request, frozen=True):
    """Restart the connector and perhaps its tasks; answered with the states to be shown."""

    only_failed: bool
    include_tasks: bool


class RestartTask(Request, frozen=True):
    task: int


class AlterOffsets(Request, frozen=True):
    """Set offsets, or forget them all (None); answered with what the connector thinks of it."""

    offsets: Pairs | None
    kind: str


class PutTaskConfigs(Request, frozen=True):
    """A worker of the group, or this one, made these task configurations."""

    configs: tuple[Mapping[str, str], ...]
    incarnation: int | None = None  # of the connector here that made them


class FenceZombies(Request, frozen=True):
    """Fence off the producers of earlier tasks, of which some may still write.

    With a revision it is the wish of this worker, which is to run tasks of that revision.
    """

    revision: int | None = None


class FencingRound(Request, frozen=True):
    """The leader's own: what all wait for who have asked that producers be fenced off."""

    tasks: int  # are configured now, so that many will write


class ConfirmTask(Request, frozen=True):
    """The producers of a task are up; answered if it may begin, refused if it is superseded."""

    task: int
    incarnation: int


class ResetTopics(Request, frozen=True):
    pass


class CheckHealth(Request, frozen=True):
    """Answered as soon as the worker can do anything at all; `connector` is empty."""


class SetLevel(Request, frozen=True):
    """Set a logger's level on all workers; `connector` is empty."""

    logger: str
    level: str


# Everything else --------------------------------------------------------------------------------


class Result(msgspec.Struct, frozen=True):
    """What came of an effect that a request had."""

    request: int
    value: Any = None
    error: Exception | None = None


class Abandoned(msgspec.Struct, frozen=True):
    """Nobody waits for the answer to a request any more."""

    request: int


class Reported(msgspec.Struct, frozen=True):
    """A task host has something to say."""

    report: Report


class ConfigChanged(msgspec.Struct, frozen=True):
    """The config log was read further: this change, and nothing beyond it, is known now."""

    change: Change
    offset: int = 0  # of the next record; logs without offsets leave it out


class ConfigRead(msgspec.Struct, frozen=True):
    """All changes below this offset of the config log were told."""

    offset: int


class StatusChanged(msgspec.Struct, frozen=True):
    """The status log was read further; a state of None removes the status."""

    connector: str
    number: int
    state: State | None
    worker_id: str = ""
    generation: int = 0
    trace: str | None = None
    version: str | None = None


class TopicChanged(msgspec.Struct, frozen=True):
    """A connector uses a topic, or no longer does."""

    connector: str
    topic: str
    used: bool = True


class Rebalanced(msgspec.Struct, frozen=True):
    """The group agreed on who does what."""

    leader: bool
    leader_url: str | None
    generation: int
    assignment: Mapping[str, frozenset[int]]
    owners: Mapping[str, Mapping[int, str]] = {}
    offset: int = -1  # of the config log, that the assignment was made from
    failed: bool = False  # the leader could not read as far as others have
    revoking: bool = False  # what was taken away here is given to others in another round
    delay_seconds: float = 0.0  # after which the group is to agree once more
    version: int = 0  # of the protocol
    sequence: int = 0  # counts what the group has told this worker


class Rejoining(msgspec.Struct, frozen=True):
    """The group is agreeing anew; `Rebalanced` or `Detached` will follow."""


class Detached(msgspec.Struct, frozen=True):
    """This worker cannot know any more what others run: it has to stop everything."""

    sequence: int = 0


class Synced(msgspec.Struct, frozen=True):
    """The config log was read to its end, or could not be."""

    attempt: int
    error: Exception | None = None


class SyncDue(msgspec.Struct, frozen=True):
    """Time to try once more to read the config log, after this attempt."""

    attempt: int


class RebalanceDue(msgspec.Struct, frozen=True):
    """The time is over that work of lost workers was kept for them."""

    at: float


class Claimed(msgspec.Struct, frozen=True):
    """Only this worker, as the leader of this generation, can write now; or that failed."""

    generation: int
    error: Exception | None = None


class ClaimDue(msgspec.Struct, frozen=True):
    """Time to claim the config log once more."""

    generation: int


class KeyDue(msgspec.Struct, frozen=True):
    """The session key may be too old by now."""


class KeyWritten(msgspec.Struct, frozen=True):
    """A new session key is in the config log, or could not be written."""

    error: Exception | None = None


class Started(msgspec.Struct, frozen=True):
    """All logs were read; the worker can serve requests."""


class Retry(msgspec.Struct, frozen=True):
    """Time to ask a connector for task configurations once more."""

    connector: str
    incarnation: int


class HealingDue(msgspec.Struct, frozen=True):
    """The pause before the restart of something that failed is over."""

    connector: str
    number: int
    incarnation: int


class RestartDue(msgspec.Struct, frozen=True):
    """A restart has been held back, or been waited for, for long enough."""

    connector: str
    at: float


class SecretsExpire(msgspec.Struct, frozen=True):
    """What a connector that starts refers to under a path is good for so long only."""

    connector: str
    path: str
    after_seconds: float


class ReloadDue(msgspec.Struct, frozen=True):
    """The time is over."""

    connector: str
    path: str
    at: float


class SecretsChanged(msgspec.Struct, frozen=True):
    """A connector that starts is given other values than the one before it."""

    connector: str
    incarnation: int


class ShutDown(msgspec.Struct, frozen=True):
    """The worker is to end."""


Event = (
    Request
    | Result
    | Abandoned
    | Reported
    | ConfigChanged
    | ConfigRead
    | StatusChanged
    | TopicChanged
    | Rebalanced
    | Rejoining
    | Detached
    | Synced
    | SyncDue
    | RebalanceDue
    | Claimed
    | ClaimDue
    | KeyDue
    | KeyWritten
    | Started
    | Retry
    | HealingDue
    | SecretsExpire
    | ReloadDue
    | SecretsChanged
    | RestartDue
    | ShutDown
)
