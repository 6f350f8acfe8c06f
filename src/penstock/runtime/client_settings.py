"""The Java client properties of every Kafka client a worker makes: pure derivation.

Each answer is a plain mapping from Java setting to text; translating it for a real client is the
business of whoever makes the client. Later sources win, in the order the functions list them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec import Struct, field

from penstock.runtime.java_order import hash_order
from penstock.runtime.override_policies import NamedPolicy, OverridePolicy
from penstock.sdk.errors import ConnectError

_log = logging.getLogger(__name__)

Properties = Mapping[str, str]

_SERDE = "org.apache.kafka.common.serialization."
_METRICS_CONTEXT = "metrics.context."
_CLIENT_PREFIXES = ("admin.", "producer.", "consumer.")
_INT_MAX = str(2**31 - 1)
_LONG_MAX = str(2**63 - 1)
_SECRET_PARTS = ("password", "secret", "jaas", "passphrase", "keystore.key", "token")

_DESERIALIZERS = {
    "key.deserializer": _SERDE + "ByteArrayDeserializer",
    "value.deserializer": _SERDE + "ByteArrayDeserializer",
}
_SERIALIZERS = {
    "key.serializer": _SERDE + "ByteArraySerializer",
    "value.serializer": _SERDE + "ByteArraySerializer",
}
_LOG_PRODUCER = _SERIALIZERS | {"acks": "all", "max.in.flight.requests.per.connection": "1"}
_LOG_CONSUMER = _DESERIALIZERS | {"enable.auto.commit": "false", "auto.offset.reset": "earliest"}


class LogClients(Struct, frozen=True):
    """The two clients of one internal topic."""

    producer: dict[str, str]
    consumer: dict[str, str]


class ClientSettings(Struct, frozen=True):
    """Derives from the worker's properties, in which references to secrets are resolved."""

    originals: Properties
    cluster_id: str | None = None
    policy: OverridePolicy = field(default_factory=lambda: NamedPolicy("All", None))

    @property
    def group_id(self) -> str | None:
        """The worker group, in distributed mode only."""
        return self.originals.get("group.id")

    @property
    def exactly_once(self) -> str:
        """`disabled`, `preparing` or `enabled`."""
        return self.originals.get("exactly.once.source.support", "disabled")

    @property
    def bootstrap_servers(self) -> str:
        listed = self.originals.get("bootstrap.servers", "localhost:9092")
        return ",".join(part.strip() for part in listed.split(",") if part.strip())

    # Clients of connectors ----------------------------------------------------------------------

    def producer(self, connector: Properties, client_id: str) -> dict[str, str]:
        """For records of a source task, and for dead letters."""
        base = {
            "bootstrap.servers": self.bootstrap_servers,
            **_SERIALIZERS,
            "max.block.ms": _LONG_MAX,
            "enable.idempotence": "false",
            "acks": "all",
            "max.in.flight.requests.per.connection": "1",
            "delivery.timeout.ms": _INT_MAX,
            "client.id": client_id,
        }
        own = with_prefix(self.originals, "producer.")
        return base | own | self.metrics_context() | self._overrides(connector, "producer")

    def exactly_once_producer(
        self, connector: Properties, client_id: str, transactional_id: str
    ) -> dict[str, str]:
        """For records and offsets in one transaction."""
        settings = self.producer(connector, client_id)
        chosen = "enable.idempotence" in with_prefix(self.originals, "producer.") or (
            "producer.override.enable.idempotence" in connector
        )
        if not chosen:
            del settings["enable.idempotence"]
        _force(settings, "enable.idempotence", "true")
        _force(settings, "transactional.id", transactional_id)
        return settings

    def consumer(self, name: str, connector: Properties, client_id: str) -> dict[str, str]:
        """For records of a sink task."""
        base = {
            "group.id": consumer_group(name),
            "client.id": client_id,
            "bootstrap.servers": self.bootstrap_servers,
            "enable.auto.commit": "false",
            "auto.offset.reset": "earliest",
            **_DESERIALIZERS,
        }
        own = with_prefix(self.originals, "consumer.")
        return base | own | self.metrics_context() | self._overrides(connector, "consumer")

    def offsets_consumer(
        self, name: str, connector: Properties, client_id: str, *, exactly_once: bool = False
    ) -> dict[str, str]:
        """For the offsets topic a source connector has of its own."""
        settings = self.consumer(name, connector, client_id)
        if exactly_once:
            _force(settings, "isolation.level", "read_committed")
        return {"isolation.level": "read_committed"} | settings

    def admin(self, connector: Properties, client_id: str) -> dict[str, str]:
        """For topics and offsets of a connector."""
        base = {"bootstrap.servers": self.bootstrap_servers, "client.id": client_id}
        general = {
            name: value
            for name, value in self.originals.items()
            if not name.startswith(_CLIENT_PREFIXES) and name != "config.providers"
        }
        own = with_prefix(self.originals, "admin.")
        return base | general | own | self._overrides(connector, "admin") | self.metrics_context()

    # The worker's own clients -------------------------------------------------------------------

    def shared_admin(self) -> dict[str, str]:
        """For internal topics, their ends and the cluster's description."""
        return self._internal("shared-admin")

    def offsets_log(self) -> LogClients:
        """For the topic with the offsets of sources."""
        unique = {"delivery.timeout.ms": _INT_MAX, "enable.idempotence": "false"}
        return self._log("offsets", unique)

    def config_log(self) -> LogClients:
        """For the topic with connector and task configurations."""
        unique = {"delivery.timeout.ms": _INT_MAX, "enable.idempotence": "false"}
        strings = {"key.serializer": _SERDE + "StringSerializer"}
        clients = self._log("configs", unique | strings)
        clients.consumer["key.deserializer"] = _SERDE + "StringDeserializer"
        return clients

    def status_log(self) -> LogClients:
        """For the topic with statuses; the store above tries again itself."""
        strings = {"key.serializer": _SERDE + "StringSerializer"}
        once = {"retries": "0", "enable.idempotence": "false"}
        producer = self._internal("statuses") | _LOG_PRODUCER | once | strings
        deserializer = {"key.deserializer": _SERDE + "StringDeserializer"}
        consumer = self._internal("statuses") | _LOG_CONSUMER | deserializer
        return LogClients(producer, consumer)

    def config_leader_producer(self) -> dict[str, str]:
        """For config records that only the leader may write, when sources are exactly-once."""
        return self._internal("configs-leader") | {
            **_SERIALIZERS,
            "key.serializer": _SERDE + "StringSerializer",
            "delivery.timeout.ms": _INT_MAX,
            "acks": "all",
            "max.in.flight.requests.per.connection": "5",
            "enable.idempotence": "true",
            "transactional.id": f"connect-cluster-{self.group_id}",
        }

    def membership(self, worker_id: str) -> dict[str, str]:
        """For the membership in the worker group."""
        own = self.originals.get("client.id", "").strip()
        return self._verbatim() | {"client.id": own or f"connect-{worker_id}"}

    # Parts --------------------------------------------------------------------------------------

    def metrics_context(self) -> dict[str, str]:
        """What clients are told about where they run."""
        told = {k: v for k, v in self.originals.items() if k.startswith(_METRICS_CONTEXT)}
        if self.cluster_id is not None:
            told[_METRICS_CONTEXT + "connect.kafka.cluster.id"] = self.cluster_id
        if self.group_id is not None:
            told[_METRICS_CONTEXT + "connect.group.id"] = self.group_id
        return told

    def client_id_base(self) -> str:
        """What the ids of the worker's own clients begin with."""
        own = self.originals.get("client.id", "")
        return f"{self.group_id or 'connect'}-" + (f"{own}-" if own.strip() else "")

    def _log(self, name: str, unique: dict[str, str]) -> LogClients:
        producer = self._internal(name) | _LOG_PRODUCER | unique
        consumer = self._internal(name) | _LOG_CONSUMER
        if self.exactly_once == "enabled":
            _force(consumer, "isolation.level", "read_committed")
        return LogClients(producer, consumer)

    def _internal(self, name: str) -> dict[str, str]:
        named = {"client.id": self.client_id_base() + name}
        return self._verbatim() | named | self.metrics_context()

    def _verbatim(self) -> dict[str, str]:
        given = {k: v for k, v in self.originals.items() if k != "config.providers"}
        return given | {"bootstrap.servers": self.bootstrap_servers}

    def _overrides(self, connector: Properties, client: str) -> dict[str, str]:
        overrides = with_prefix(connector, f"{client}.override.")
        refused = self.policy.violations(overrides)
        if refused:
            shown = ", ".join(
                f"[{name},{_shown(name, overrides[name])},[],[{refused[name]}],true]"
                for name in hash_order(overrides)
                if name in refused
            )
            raise ConnectError(f"Client Config Overrides not allowed [{shown}]")
        return overrides


def consumer_group(connector: str) -> str:
    """The group a sink's tasks consume in, unless `consumer.override.group.id` says otherwise."""
    return f"connect-{connector}"


def sink_group(name: str, connector: Properties) -> str:
    """The group whose committed offsets are those of this sink."""
    return connector.get("consumer.override.group.id") or consumer_group(name)


def source_transactional_id(group_id: str, connector: str, task: int) -> str:
    """The same for every incarnation of a task, so that a newer one fences the older."""
    return f"{group_id}-{connector}-{task}"


def with_prefix(properties: Properties, prefix: str) -> dict[str, str]:
    """What stands below `prefix`, without it."""
    return {
        name[len(prefix) :]: value
        for name, value in properties.items()
        if name.startswith(prefix) and len(name) > len(prefix)
    }


def _force(settings: dict[str, str], name: str, value: str) -> None:
    """Set what must be so; a word that differs in case only is left as it was given."""
    given = settings.get(name)
    if given is not None and given.lower() == value.lower() and name != "transactional.id":
        return
    if given is not None and given != value:
        _log.warning(
            "The value '%s' for the '%s' property will be ignored as it cannot be overridden; "
            "'%s' is used instead",
            given,
            name,
            value,
        )
    settings[name] = value


def _shown(name: str, value: str) -> str:
    return "[hidden]" if any(part in name for part in _SECRET_PARTS) else value
