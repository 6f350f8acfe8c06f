"""The settings of a worker that shares the work with others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from penstock.runtime.client_configs.security import SASL, SECURITY_PROTOCOL
from penstock.runtime.jca_names import KEY_GENERATORS, LEAST_KEY_BITS, MACS, known
from penstock.runtime.worker_config import HIGH, LONG, LOW, MEDIUM, WorkerConfig
from penstock.sdk.checks import at_least, between, described, one_of_ignoring_case
from penstock.sdk.config import ConfigError, ConfigKey, ConfigType, Option

SHORT = ConfigType.SHORT
_ANY_INT = between(0, 2**31 - 1)


@described("Positive number, or -1 to use the broker's default")
def partitions(name: str, value: Any) -> None:
    """A number of partitions."""
    if value != -1 and value <= 0:
        raise ConfigError.invalid(
            name, value, "Number of partitions must be positive, or -1 to use the broker's default"
        )


@described(
    "Positive number not larger than the number of brokers in the Kafka cluster, "
    "or -1 to use the broker's default"
)
def replication_factor(name: str, value: Any) -> None:
    """A replication factor."""
    if value != -1 and value <= 0:
        raise ConfigError.invalid(
            name,
            value,
            "Replication factor must be positive and not larger than the number of brokers "
            "in the Kafka cluster, or -1 to use the broker's default",
        )


@described("[eager, compatible, sessioned]")
def protocol(name: str, value: Any) -> None:
    """A protocol by which workers share the work."""
    if str(value).upper() not in ("EAGER", "COMPATIBLE", "SESSIONED"):
        raise ConfigError.invalid(name, value, "Invalid Connect protocol compatibility")


@described("Any MAC algorithm supported by the worker JVM")
def mac_algorithm(name: str, value: Any) -> None:
    """The name of an algorithm that signs."""
    _supported(name, value, MACS)


@described("Any KeyGenerator algorithm supported by the worker JVM")
def key_algorithm(name: str, value: Any) -> None:
    """The name of an algorithm that makes keys."""
    _supported(name, value, KEY_GENERATORS)


def _supported(name: str, value: Any, names: Iterable[str]) -> None:
    if not known(value, names):
        raise ConfigError.invalid(
            name,
            value,
            "the algorithm is not supported by this JVM; "
            f"the supported algorithms are: [{', '.join(names)}]",
        )


@described("A list of one or more MAC algorithms, each supported by the worker JVM")
def mac_algorithms(name: str, value: Any) -> None:
    """Names of algorithms that sign, at least one."""
    if not value:
        raise ConfigError.invalid(
            name, value, "At least one signature verification algorithm must be provided"
        )
    for each in value:
        mac_algorithm(name, each)


class DistributedConfig(WorkerConfig):
    """The settings of a worker in a group."""

    free_prefixes: ClassVar[tuple[str, ...]] = (
        *WorkerConfig.free_prefixes,
        "offset.storage.",
        "config.storage.",
        "status.storage.",
    )
    more_settings: ClassVar[tuple[ConfigKey, ...]] = SECURITY_PROTOCOL + SASL

    group_id: Annotated[str, Option("Name of the group of workers.", HIGH)]
    session_timeout_ms: Annotated[
        int, Option("How long a silent worker counts as a member.", HIGH)
    ] = 10000
    rebalance_timeout_ms: Annotated[
        int, Option("How long members may take to join a rebalance.", HIGH)
    ] = 60000
    heartbeat_interval_ms: Annotated[
        int, Option("How often a worker tells the group that it lives.", HIGH)
    ] = 3000
    exactly_once_source_support: Annotated[
        str,
        Option(
            "Whether source connectors may write exactly once.",
            HIGH,
            check=one_of_ignoring_case("DISABLED", "ENABLED", "PREPARING"),
        ),
    ] = "disabled"
    metadata_max_age_ms: Annotated[
        int,
        Option(
            "After what time cluster metadata is read again.", LOW, type=LONG, check=at_least(0)
        ),
    ] = 300000
    client_id: Annotated[str, Option("Part of the names of the worker's own clients.", LOW)] = ""
    send_buffer_bytes: Annotated[
        int, Option("Send buffer of connections; -1: the system's.", MEDIUM, check=at_least(-1))
    ] = 131072
    receive_buffer_bytes: Annotated[
        int, Option("Receive buffer of connections; -1: the system's.", MEDIUM, check=at_least(-1))
    ] = 32768
    reconnect_backoff_ms: Annotated[
        int, Option("First wait before connecting again.", LOW, type=LONG, check=at_least(0))
    ] = 50
    reconnect_backoff_max_ms: Annotated[
        int, Option("Longest wait before connecting again.", LOW, type=LONG, check=at_least(0))
    ] = 1000
    socket_connection_setup_timeout_ms: Annotated[
        int, Option("First limit of the time to connect.", LOW, type=LONG, check=at_least(0))
    ] = 10000
    socket_connection_setup_timeout_max_ms: Annotated[
        int, Option("Last limit of the time to connect.", LOW, type=LONG, check=at_least(0))
    ] = 30000
    retry_backoff_ms: Annotated[
        int, Option("First wait before a request is repeated.", LOW, type=LONG, check=at_least(0))
    ] = 100
    retry_backoff_max_ms: Annotated[
        int, Option("Longest wait before a request is repeated.", LOW, type=LONG, check=at_least(0))
    ] = 1000
    request_timeout_ms: Annotated[
        int, Option("How long a request to a broker may take.", MEDIUM, check=at_least(0))
    ] = 40000
    connections_max_idle_ms: Annotated[
        int, Option("After what time unused connections are closed.", MEDIUM, type=LONG)
    ] = 540000
    metadata_recovery_strategy: Annotated[
        str,
        Option(
            "What to do when no known broker answers.",
            LOW,
            check=one_of_ignoring_case("NONE", "REBOOTSTRAP"),
        ),
    ] = "rebootstrap"
    metadata_recovery_rebootstrap_trigger_ms: Annotated[
        int,
        Option(
            "Time without metadata after which to start from the bootstrap servers.",
            LOW,
            type=LONG,
            check=at_least(0),
        ),
    ] = 300000
    worker_sync_timeout_ms: Annotated[
        int, Option("How long a worker may take to read the config topic to its end.", MEDIUM)
    ] = 3000
    worker_unsync_backoff_ms: Annotated[
        int, Option("How long a worker that lags behind stays out of the group.", MEDIUM)
    ] = 300000
    offset_storage_topic: Annotated[str, Option("Topic of source connectors' offsets.", HIGH)]
    offset_storage_partitions: Annotated[
        int, Option("Partitions of the offsets topic when it is created.", LOW, check=partitions)
    ] = 25
    offset_storage_replication_factor: Annotated[
        int,
        Option(
            "Copies of the offsets topic when it is created.",
            LOW,
            type=SHORT,
            check=replication_factor,
        ),
    ] = 3
    config_storage_topic: Annotated[str, Option("Topic of connectors' configurations.", HIGH)]
    config_storage_replication_factor: Annotated[
        int,
        Option(
            "Copies of the config topic when it is created.",
            LOW,
            type=SHORT,
            check=replication_factor,
        ),
    ] = 3
    status_storage_topic: Annotated[str, Option("Topic of connectors' and tasks' states.", HIGH)]
    status_storage_partitions: Annotated[
        int, Option("Partitions of the status topic when it is created.", LOW, check=partitions)
    ] = 5
    status_storage_replication_factor: Annotated[
        int,
        Option(
            "Copies of the status topic when it is created.",
            LOW,
            type=SHORT,
            check=replication_factor,
        ),
    ] = 3
    connect_protocol: Annotated[
        str, Option("Protocol by which workers share the work.", LOW, check=protocol)
    ] = "sessioned"
    scheduled_rebalance_max_delay_ms: Annotated[
        int,
        Option(
            "How long the work of a worker that left waits for its return.", LOW, check=_ANY_INT
        ),
    ] = 300000
    inter_worker_key_ttl_ms: Annotated[
        int,
        Option(
            "After what time the key that signs internal requests is replaced.",
            LOW,
            check=_ANY_INT,
        ),
    ] = 3600000
    inter_worker_key_generation_algorithm: Annotated[
        str, Option("How keys that sign internal requests are made.", LOW, check=key_algorithm)
    ] = "HmacSHA256"
    inter_worker_key_size: Annotated[
        int | None, Option("Bits of the keys; unset: as usual for the algorithm.", LOW)
    ] = None
    inter_worker_signature_algorithm: Annotated[
        str, Option("How internal requests are signed.", LOW, check=mac_algorithm)
    ] = "HmacSHA256"
    inter_worker_verification_algorithms: Annotated[
        tuple[str, ...],
        Option("Which signatures of internal requests are accepted.", LOW, check=mac_algorithms),
    ] = ("HmacSHA256",)

    def check_together(self) -> None:
        size = self.inter_worker_key_size
        if size is not None and size < LEAST_KEY_BITS:
            algorithm = self.inter_worker_key_generation_algorithm
            raise ConfigError(
                f"Unable to create key generator with algorithm {algorithm} and key size {size}: "
                f"Key length must be at least {LEAST_KEY_BITS} bits"
            )
        if self.inter_worker_signature_algorithm not in self.inter_worker_verification_algorithms:
            raise ConfigError.invalid(
                "inter.worker.signature.algorithm",
                self.inter_worker_signature_algorithm,
                "Signature algorithm must be present in inter.worker.verification.algorithms list",
            )

    @property
    def exactly_once_mode(self) -> str:
        """`exactly.once.source.support` in small letters."""
        return self.exactly_once_source_support.lower()
