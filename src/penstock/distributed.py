"""Composition root of a worker that shares the work with others of its group."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Mapping

from msgspec import Struct

from penstock.client import HttpPeers
from penstock.cluster.assignor_work import Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.driver import Driver, Ports
from penstock.cluster.events import Event
from penstock.cluster.late import LateMember, Member
from penstock.cluster.leader_client import LeaderClient
from penstock.cluster.messages import TaskId
from penstock.cluster.protocol import Protocol
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import SystemClock
from penstock.cluster.state import CONNECTOR, ClusterState, GroupSettings
from penstock.cluster.threads import on_thread
from penstock.composition import REST_STOP_SECONDS, ClientPlugins, StartError, Worker, meanwhile
from penstock.kafka.fencing import ProducerFencer
from penstock.kafka.internal_topics import InternalTopics
from penstock.observability.levels import LoggerLevels
from penstock.rest.server import RestServer
from penstock.runtime.distributed_config import DistributedConfig
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.stores.client_offsets import ClientOffsets
from penstock.stores.config_topic import ConfigTopic
from penstock.stores.offset_topics import OffsetTopics
from penstock.stores.status_topic import StatusTopic
from penstock.worker_hosting import Hosting, cluster_id

log = logging.getLogger(__name__)

LEAVE_SECONDS = 5.0
TOPIC_STOP_SECONDS = 5.0
BEAT_SECONDS = 1.0


class DistributedWorker(Worker[DistributedConfig]):
    """One of the workers of a group."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        """Check what can be checked without Kafka. Raises StartError."""
        super().__init__(properties, DistributedConfig)

    async def _serve(self, server: RestServer, stop: asyncio.Event) -> bool:
        try:
            parts = self._build(server)
        except (ConfigError, ConnectError) as error:  # of the clients' settings
            raise StartError(str(error)) from error
        await self._listen(server, parts.herder, parts.peers, parts.hosting, parts.levels)
        try:
            await self._until(stop, self._join(parts))
            await self._until(stop, parts.control.refusal())
            log.info("Stopping")
        finally:
            await server.stop(REST_STOP_SECONDS)
            stopped = await parts.driver.close(self._patience)
            await parts.close()
        return stopped

    async def _join(self, parts: _Parts) -> None:
        """Read what the group has written, then take part in it."""
        try:
            async with meanwhile(self._kafka(cluster_id(self._clients()))) as found:
                await parts.make_clients()
                await self._find_plugins(parts.hosting)
                parts.herder.connected(await found)
            await parts.read_topics()
        except (ConfigError, ConnectError) as error:
            raise StartError(str(error)) from error
        parts.herder.started()
        parts.member.start()
        log.info("Kafka Connect started")

    def _build(self, server: RestServer) -> _Parts:
        def tell(event: Event) -> None:
            driver.tell(event)

        config, peers = self._config, HttpPeers(self._peer_tls())
        topics = InternalTopics(self._clients(), config)
        plugins = ClientPlugins(self._clients(), self._registry)
        offsets = OffsetTopics(
            topics.offsets(), topics.own_offsets, topic=config.offset_storage_topic
        )
        statuses = StatusTopic(topics.statuses(), server.worker_id, tell)
        configs = ConfigTopic(topics.configs(), tell, claim=topics.config_writer())
        control = Control(lambda: driver.state, tell, configs, config.worker_sync_timeout_ms)
        hosting = self._make_hosting(offsets)
        member = LateMember(lambda: self._member(control, hosting, server.worker_id, server.url))
        hosting.when_out_of_time(member.out_of_time)
        plugins.catalog = hosting.catalog
        levels = LoggerLevels(told=hosting.set_levels)
        for_clients = ClientOffsets(
            offsets.of,
            plugins.groups,
            plugins.is_sink,
            self._resolved,
            topics.offset_writer(),
            busy_seconds=config.task_shutdown_graceful_timeout_ms / 1000,
        )

        def ports(made: Driver) -> Ports:
            leader = LeaderClient(peers, lambda: made.state)
            return Ports(
                hosts=hosting.hosts(made.report, made.confirm),
                config_log=configs,
                status_log=statuses,
                group=member,
                offsets=for_clients,
                validator=hosting.validator,
                levels=levels,
                clock=SystemClock(),
                look_up=self._looked_up,
                ask_leader=leader.put_tasks,
                fencer=ProducerFencer(self._clients(), self._resolved),
                ask_to_fence=leader.fence,
            )

        driver = Driver(ClusterState(self._settings(server, self._group_settings())), ports)
        herder = HerderService(driver, hosting.validator, for_clients, standalone=False)
        return _Parts(
            topics,
            offsets,
            statuses,
            configs,
            member,
            control,
            hosting,
            levels,
            peers,
            driver,
            herder,
        )

    def _peer_tls(self) -> ssl.SSLContext | None:
        """For asking other workers, which are configured alike."""
        if all(listener.scheme != "https" for listener in self._rest.listeners):
            return None
        from penstock.rest.tls import client_context

        try:
            return client_context(self._rest.ssl)
        except ConfigError as error:
            raise StartError(str(error)) from error

    def _group_settings(self) -> GroupSettings:
        config = self._config
        return GroupSettings(
            sync_timeout_seconds=config.worker_sync_timeout_ms / 1000,
            unsync_backoff_seconds=config.worker_unsync_backoff_ms / 1000,
            claims=config.exactly_once_mode != "disabled",
            exactly_once=config.exactly_once_mode == "enabled",
            max_delay_seconds=config.scheduled_rebalance_max_delay_ms / 1000,
            key_ttl_ms=config.inter_worker_key_ttl_ms,
            key_algorithm=config.inter_worker_key_generation_algorithm,
            key_size_bits=config.inter_worker_key_size,
            signature_algorithm=config.inter_worker_signature_algorithm,
            verification_algorithms=tuple(config.inter_worker_verification_algorithms),
        )

    def _member(self, control: Control, hosting: Hosting, worker_id: str, url: str) -> Member:
        from penstock.kafka.membership import GroupMember
        from penstock.kafka.membership_client import MemberSettings
        from penstock.kafka.properties import ClientKind, to_librdkafka
        from penstock.kafka.properties_python import to_kafka_python

        config = self._config
        settings = MemberSettings(
            group_id=config.group_id,
            url=url,
            protocol=Protocol.of_mode(config.connect_protocol),
            session_timeout_ms=config.session_timeout_ms,
            rebalance_timeout_ms=config.rebalance_timeout_ms,
            heartbeat_interval_ms=config.heartbeat_interval_ms,
            retry_backoff_ms=config.retry_backoff_ms,
            max_delay_ms=config.scheduled_rebalance_max_delay_ms,
        )
        translated = to_librdkafka(self._clients().membership(worker_id), ClientKind.ADMIN)
        return GroupMember(to_kafka_python(translated.settings), settings, control, hosting)


class _Parts(Struct, eq=False):
    """Everything a distributed worker is made of."""

    topics: InternalTopics
    offsets: OffsetTopics
    statuses: StatusTopic
    configs: ConfigTopic
    member: LateMember
    control: Control
    hosting: Hosting
    levels: LoggerLevels
    peers: HttpPeers
    driver: Driver
    herder: HerderService

    async def make_clients(self) -> None:
        """Read the code of Kafka's clients, and check their settings; REST answers meanwhile."""
        await on_thread("kafka-clients", self.topics.make)
        await on_thread("kafka-clients", self.member.make)

    async def read_topics(self) -> None:
        for topic in (self.offsets, self.statuses, self.configs):
            await on_thread("internal-topics", topic.start)

    async def close(self) -> None:
        """After everything that ran has stopped."""
        await on_thread("leave-group", self.member.close, LEAVE_SECONDS)
        self.hosting.close()
        try:
            async with asyncio.timeout(TOPIC_STOP_SECONDS):
                for topic in (self.configs, self.statuses, self.offsets):
                    await on_thread("internal-topics", topic.stop)
        except TimeoutError:
            log.warning("Not everything was written to the internal topics in time")


class Control:
    """What the group's member has to know of its worker; asked on the member's threads."""

    def __init__(
        self,
        state: Callable[[], ClusterState],
        tell: Callable[[Event], None],
        configs: ConfigTopic,
        sync_timeout_ms: int,
    ) -> None:
        self._state = state
        self._tell = tell
        self._configs = configs
        self._sync_timeout_ms = sync_timeout_ms
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._refused: asyncio.Future[str] = self._loop.create_future()
        self._beats = 0
        self._beat()

    def configs(self) -> ConfigState:
        return self._configs.snapshot()

    def newest_configs(self) -> ConfigState:
        try:
            return self._configs.refreshed(self._sync_timeout_ms)
        except Exception as error:
            log.warning("The config topic could not be read to its end: %s", error)
            return self._configs.snapshot()

    def noted(self) -> int:
        return self._state().membership.noted

    def running(self) -> Work:
        local = self._state().local
        found = [(name, number) for name, it in local.items() for number in it.instances]
        tasks = (TaskId(name, number) for name, number in found if number != CONNECTOR)
        return Work.of((name for name, number in found if number == CONNECTOR), tasks)

    def tell(self, event: Event) -> None:
        self._tell(event)

    # Signs of life ------------------------------------------------------------------------------

    def _beat(self) -> None:
        self._beats += 1
        self._loop.call_later(BEAT_SECONDS, self._beat)

    def pulse(self) -> int:
        return self._beats

    def stack(self) -> str:
        frame = sys._current_frames().get(self._thread)  # pyright: ignore[reportPrivateUsage]
        return "".join(traceback.format_stack(frame)).rstrip()

    # The end ------------------------------------------------------------------------------------

    def refused(self, reason: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the worker has ended
            self._loop.call_soon_threadsafe(self._refuse, reason)

    def _refuse(self, reason: str) -> None:
        if not self._refused.done():
            self._refused.set_result(reason)

    async def refusal(self) -> None:
        """Waits for ever, or until the group refuses this worker; then raises StartError."""
        raise StartError(await asyncio.shield(self._refused))
