"""A worker of its own: a group of one member, with configurations and statuses in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from penstock.cluster.changes import Change
from penstock.cluster.commands import LookUp
from penstock.cluster.driver import Driver, Ports
from penstock.cluster.effects import AskLeader, WriteStatus, WriteTopic
from penstock.cluster.events import ConfigChanged, Event, Rebalanced
from penstock.cluster.messages import Report, TaskHosts
from penstock.cluster.ports import Clock, Levels, OffsetStore, Validator
from penstock.cluster.service import HerderService
from penstock.cluster.state import CONNECTOR, ClusterState, Settings
from penstock.runtime.config_references import Resolved
from penstock.sdk.errors import ConnectError

Tell = Callable[[Event], None]
MakeHosts = Callable[[Callable[[Report], None]], TaskHosts]


class MemoryConfigLog:
    """What is written is read at once, and by this worker only."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    async def write(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._tell(ConfigChanged(change))

    async def claim(self) -> None: ...

    async def refresh(self, timeout_seconds: float) -> None: ...


class MemoryStatusLog:
    """Statuses live in the state alone; there is nobody to tell."""

    def write(self, status: WriteStatus) -> None: ...

    def write_topic(self, topic: WriteTopic) -> None: ...


class LocalGroup:
    """This worker leads, and runs everything."""

    def __init__(self, tell: Tell, url: str) -> None:
        self._tell = tell
        self._url = url

    def rejoin(self, configured: Mapping[str, int]) -> None:
        assignment = {
            name: frozenset((CONNECTOR, *range(tasks))) for name, tasks in configured.items()
        }
        self._tell(Rebalanced(True, self._url, 0, assignment))

    def leave(self) -> None: ...


class SystemClock:
    """Time as the machine has it."""

    def time(self) -> float:
        return time.time()

    def later(self, after_seconds: float, call: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(after_seconds, call)


async def no_leader(ask: AskLeader) -> None:
    raise ConnectError("A standalone worker has no other leader than itself")


def build_standalone(
    settings: Settings,
    make_hosts: MakeHosts,
    validator: Validator,
    offsets: OffsetStore,
    levels: Levels,
    look_up: LookUp = lambda properties: Resolved(dict(properties)),
    *,
    kafka_cluster_id: str | None = None,
    clock: Clock | None = None,
) -> HerderService:
    """A standalone herder on the running event loop.

    `make_hosts` is given the callback for reports, which may be called from any thread. Call
    `started()` once the connectors of the command line are made, and `driver.close()` at the end.
    """
    ticking = clock or SystemClock()

    def ports(driver: Driver) -> Ports:
        return Ports(
            hosts=make_hosts(driver.report),
            config_log=MemoryConfigLog(driver.feed),
            status_log=MemoryStatusLog(),
            group=LocalGroup(driver.feed, settings.url),
            offsets=offsets,
            validator=validator,
            levels=levels,
            clock=ticking,
            look_up=look_up,
            ask_leader=no_leader,
        )

    alone = Settings(
        settings.worker_id,
        settings.url,
        waits_for_start=True,
        task_stop_timeout_ms=settings.task_stop_timeout_ms,
        requests_max=settings.requests_max,
        restarts=settings.restarts,
    )
    driver = Driver(ClusterState(alone), ports)
    driver.feed(Rebalanced(True, settings.url, 0, {}))
    return HerderService(driver, validator, offsets, kafka_cluster_id=kafka_cluster_id)
