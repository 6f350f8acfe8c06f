"""Everything a worker's control plane knows, as plain frozen data."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.cluster.config_state import RestartRequest, SessionKey
from penstock.cluster.events import Request
from penstock.cluster.messages import State, TargetState
from penstock.cluster.ports import Stage
from penstock.cluster.restart_policy import Healing
from penstock.cluster.snapshot import Configured, Snapshot

CONNECTOR = -1  # the number of the connector itself, among the numbers of its tasks


class GroupSettings(msgspec.Struct, frozen=True):
    """How a worker behaves among others."""

    sync_timeout_seconds: float = 3.0
    unsync_backoff_seconds: float = 300.0
    max_delay_seconds: float = 300.0
    claims: bool = False  # leaders keep each other from writing, for exactly-once sources
    exactly_once: bool = False  # sources run exactly once
    key_ttl_ms: int = 3_600_000
    key_algorithm: str = "HmacSHA256"
    key_size_bits: int | None = None
    signature_algorithm: str = "HmacSHA256"
    verification_algorithms: tuple[str, ...] = ("HmacSHA256",)


class Settings(msgspec.Struct, frozen=True):
    """What does not change while the worker runs."""

    worker_id: str
    url: str = ""
    waits_for_start: bool = False  # answer a creation only when the connector runs (standalone)
    task_stop_timeout_ms: int = 5000
    requests_max: int = 10_000
    restarts: Mapping[str, str] = {}  # the worker's errors.restart.* settings
    distributed: bool = False
    group: GroupSettings = GroupSettings()


class Status(msgspec.Struct, frozen=True):
    """What the status log says of a connector or task."""

    state: State
    worker_id: str
    generation: int = 0
    trace: str | None = None
    version: str | None = None


class Instance(msgspec.Struct, frozen=True):
    """A connector or task that runs here, or is about to end."""

    incarnation: int
    revision: int  # of the configuration it was started with
    target: TargetState
    state: State | None = None  # as last reported
    version: str | None = None  # likewise
    stopping: bool = False
    restarting: bool = False  # an operator asked for it; it starts again once it has stopped
    waiting: bool = False  # hosts do not know it before earlier producers are fenced off


class Local(msgspec.Struct, frozen=True):
    """What runs here of one connector. The keys are task numbers, and CONNECTOR."""

    instances: Mapping[int, Instance] = {}
    asking: bool = False  # task configs are being made
    ask_again: bool = False
    made: tuple[Mapping[str, str], ...] | None = None  # what the connector that runs wants
    settled: int = -1  # the incarnation whose tasks are known to be right
    renewed: int = -1  # the incarnation whose tasks are to start anew, with other secrets
    attempts: int = 0  # failed attempts to make task configs, since the last success


class Membership(msgspec.Struct, frozen=True):
    """This worker's place in the group."""

    leader: bool = False
    leader_url: str | None = None
    generation: int = 0
    assignment: Mapping[str, frozenset[int]] = {}
    owners: Mapping[str, Mapping[int, str]] = {}  # URLs, known to the leader only
    joining: bool = True  # nothing new starts until the group has agreed
    offset: int = -1  # of the config log, that the assignment was made from
    needed: int = -1  # of the last change that the group has to agree on
    failed: bool = False
    revoking: bool = False  # another round is needed once all that was revoked has ended
    due: float | None = None  # when the group is to agree once more
    version: int = 0  # of the protocol
    claimed: bool = False  # nobody else can write what only leaders may write
    noted: int = 0  # how many of the group's events were taken note of


class Rebalances(msgspec.Struct, frozen=True):
    """How often the group has agreed, and how long that took; times are seconds since 1970."""

    completed: int = 0
    began: float | None = None  # the one that is going on
    ended: float | None = None  # the last one
    seconds_max: float = 0.0
    seconds_total: float = 0.0


class Keys(msgspec.Struct, frozen=True):
    """The key that workers sign requests with."""

    key: SessionKey | None = None
    expires_ms: int | None = None
    writing: bool = False


class HeldRestart(msgspec.Struct, frozen=True):
    """A restart that begins at `until`; without a wish, it has begun and is waited for."""

    wish: RestartRequest | None
    until: float


class Step(enum.Enum):
    """How far a request has come."""

    VALIDATING = "validating"
    QUEUED = "queued"
    DRAINING = "waiting for tasks to stop"
    READING = "reading the config topic"
    FENCING = "fencing off earlier producers"
    ASKING = "asking the leader"
    RECORDING = "recording the number of tasks"
    PREPARING = "reading offsets"
    CHECKING = "asking the connector"
    ALTERING = "altering offsets"
    WRITING = "writing"
    STARTING = "starting"
    RESTARTING = "restarting"


class Pending(msgspec.Struct, frozen=True):
    """A request that has not been answered."""

    request: Request
    step: Step
    stage: Stage
    memo: Any = None  # what a later step needs of an earlier one


class ClusterState(msgspec.Struct, frozen=True):
    """The whole."""

    settings: Settings
    snapshot: Snapshot = Snapshot()
    membership: Membership = Membership()
    rebalances: Rebalances = Rebalances()
    config_offset: int = 0  # up to which the config log was read
    sync_attempt: int = 0  # the last one to read the config log to its end
    sync_failures: int = 0  # in a row
    keys: Keys = Keys()
    local: Mapping[str, Local] = {}
    statuses: Mapping[str, Mapping[int, Status]] = {}
    topics: Mapping[str, frozenset[str]] = {}
    healing: Mapping[str, Mapping[int, Healing]] = {}
    restarts: Mapping[str, HeldRestart] = {}
    reloads: Mapping[str, Mapping[str, float]] = {}  # when what connectors refer to expires
    requests: Mapping[int, Pending] = {}
    queues: Mapping[str, tuple[int, ...]] = {}  # requests that change a connector, one at a time
    next_incarnation: int = 1
    next_internal: int = -1  # ids of requests that the worker makes to itself
    ready: bool = False
    closing: bool = False

    def configured(self, name: str) -> Configured | None:
        return self.snapshot.connectors.get(name)

    def instance(self, name: str, number: int) -> Instance | None:
        local = self.local.get(name)
        return None if local is None else local.instances.get(number)

    def assigned(self, name: str) -> frozenset[int]:
        return self.membership.assignment.get(name, frozenset())
