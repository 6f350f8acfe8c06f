"""Offsets as clients read and change them: of sources in a store, of sinks in a consumer group."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

from penstock.cluster import sink_offsets
from penstock.cluster.errors import GroupBusy
from penstock.cluster.ports import Config, Offsets
from penstock.runtime.client_settings import sink_group
from penstock.sdk.errors import ConnectError, DataError
from penstock.sdk.record import TopicPartition
from penstock.stores import json_codec
from penstock.stores.offset_records import in_java_order
from penstock.stores.offsets import ConnectorOffsets
from penstock.stores.ports import Writer

log = logging.getLogger(__name__)

WRITE_TIMEOUT_MS = 60_000
BUSY_PAUSE_SECONDS = 0.2
_ZOMBIES = (
    "Failed to {verb} consumer group offsets for connector {name} either because its tasks haven't "
    "stopped completely yet or the connector was resumed before the request to {verb} its offsets "
    "could be successfully completed. If the connector is in a stopped state, this operation can "
    "be safely retried. If it doesn't eventually succeed, the Connect cluster may need to be "
    "restarted to get rid of the zombie sink tasks."
)


class NegativeOffset(ConnectError):
    """No group can have this offset."""


class GroupOffsets(Protocol):
    """Committed offsets of consumer groups; calls block."""

    def group_offsets(self, group: str) -> Mapping[TopicPartition, int]: ...

    def alter_group_offsets(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        """Raises GroupBusy while the group has members."""
        ...

    def delete_group_offsets(self, group: str, partitions: Collection[TopicPartition]) -> None:
        """Raises GroupBusy while the group has members."""
        ...

    def delete_group(self, group: str) -> None:
        """Raises GroupBusy while the group has members."""
        ...


OpenWriter = Callable[[str, Mapping[str, str]], Writer]


class ClientOffsets:
    """The control plane's offset store. Blocking calls happen on threads.

    `writer` is given where sources are exactly-once: it writes in the name of a connector's first
    task, which thereby is fenced off.
    """

    def __init__(
        self,
        sources: Callable[[str, Mapping[str, str]], ConnectorOffsets],
        groups: Callable[[str, Mapping[str, str]], GroupOffsets],
        is_sink: Callable[[Config], bool],
        resolve: Callable[[Mapping[str, str]], Mapping[str, str]],
        writer: OpenWriter | None = None,
        *,
        busy_seconds: float = 0.0,
    ) -> None:
        """Tasks of other workers have `busy_seconds` to leave their group before it is changed."""
        self._sources = sources
        self._groups = groups
        self._is_sink = is_sink
        self._resolve = resolve
        self._writer = writer
        self._busy_seconds = busy_seconds

    async def read(self, connector: str, config: Config) -> Offsets:
        """All committed offsets. Raises ConnectError."""
        read = self._read_sink if self._is_sink(config) else self._read_source
        return await asyncio.to_thread(read, connector, config)

    async def prepare(self, connector: str, config: Config, offsets: Offsets | None) -> Offsets:
        """Offsets in the shape in which connectors see them."""
        if offsets is None:
            known = await self.read(connector, config)
            return [(partition, None) for partition, _ in known]
        if not self._is_sink(config):
            return [(_normal(partition), _normal(offset)) for partition, offset in offsets]
        return [
            (
                {sink_offsets.TOPIC: place.topic, sink_offsets.PARTITION: place.partition},
                None if offset is None else {sink_offsets.OFFSET: offset},
            )
            for place, offset in sink_offsets.parse(offsets).items()
        ]

    async def write(self, connector: str, config: Config, offsets: Offsets, *, reset: bool) -> None:
        if self._is_sink(config):
            await self._write_sink_once_free(connector, config, offsets, reset)
        elif offsets:
            await asyncio.to_thread(self._write_source, connector, config, offsets)

    async def _write_sink_once_free(
        self, connector: str, config: Config, offsets: Offsets, reset: bool
    ) -> None:
        end = time.monotonic() + self._busy_seconds
        while True:
            try:
                await asyncio.to_thread(self._write_sink, connector, config, offsets, reset)
                return
            except GroupBusy as error:
                if time.monotonic() >= end:
                    verb = "reset" if reset else "alter"
                    raise ConnectError(_ZOMBIES.format(verb=verb, name=connector)) from error
            await asyncio.sleep(BUSY_PAUSE_SECONDS)

    def _resolved(self, config: Config) -> Mapping[str, str]:
        return self._resolve({name: text for name, text in config.items() if text is not None})

    def _read_source(self, connector: str, config: Config) -> Offsets:
        try:
            return list(self._sources(connector, self._resolved(config)).all())
        except Exception as error:
            log.exception("The offsets of %s could not be read", connector)
            text = f"Failed to retrieve offsets for source connector {connector}"
            raise ConnectError(text) from error

    def _write_source(self, connector: str, config: Config, offsets: Offsets) -> None:
        properties = self._resolved(config)
        store = self._sources(connector, properties)
        if self._writer is None:
            store.write(offsets, WRITE_TIMEOUT_MS)
            return
        writer = self._writer(connector, properties)
        try:
            store.write(offsets, WRITE_TIMEOUT_MS, writer)
        finally:
            writer.close()
        self._writer(connector, properties).close()  # waits until Kafka has completed the first

    def _read_sink(self, connector: str, config: Config) -> Offsets:
        properties = self._resolved(config)
        try:
            found = self._groups(connector, properties).group_offsets(
                sink_group(connector, properties)
            )
        except Exception as error:
            log.exception("The committed offsets of %s could not be read", connector)
            text = f"Failed to retrieve consumer group offsets for sink connector {connector}"
            raise ConnectError(text) from error
        return list(sink_offsets.shown(found))

    def _write_sink(self, connector: str, config: Config, offsets: Offsets, reset: bool) -> None:
        properties = self._resolved(config)
        group = sink_group(connector, properties)
        verb = "reset" if reset else "alter"
        try:
            groups = self._groups(connector, properties)
            if reset:
                groups.delete_group(group)
                return
            wanted = sink_offsets.parse(offsets)
            if any(offset is not None and offset < 0 for offset in wanted.values()):
                raise NegativeOffset(f"Failed to modify offsets for sink connector {connector}")
            groups.alter_group_offsets(group, {p: o for p, o in wanted.items() if o is not None})
            groups.delete_group_offsets(group, [p for p, o in wanted.items() if o is None])
        except (NegativeOffset, GroupBusy):
            raise
        except Exception as error:
            log.exception("The committed offsets of %s could not be changed", connector)
            kind = "sink connector" if reset else "connector"
            text = f"Failed to {verb} consumer group offsets for {kind} {connector}"
            raise ConnectError(text) from error


def _not_primitive(value: Any) -> str | None:
    """What Java calls a value that no offset may contain."""
    if isinstance(value, Mapping):
        return "MAP"
    if isinstance(value, list | tuple):
        return "ARRAY"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return "class java.math.BigInteger"
    return None


def _normal(members: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As it would be read back from where offsets are stored."""
    if members is None:
        return None
    for name, value in members.items():
        kind = _not_primitive(value)
        if kind is not None:
            raise DataError(
                "Offsets may only contain primitive types as values, "
                f"but field {name} contains {kind}"
            )
    ordered = in_java_order(members)
    found: Any = json_codec.loads(json_codec.dumps(ordered))
    return found
