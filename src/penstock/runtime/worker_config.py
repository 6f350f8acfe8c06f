"""The settings of a worker, standalone and distributed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from penstock.runtime import rest_checks
from penstock.runtime.client_configs.security import DNS_LOOKUP, SSL
from penstock.sdk.checks import (
    at_least,
    list_without_duplicates,
    one_of,
    one_of_ignoring_case,
)
from penstock.sdk.config import (
    ClassRef,
    Config,
    ConfigKey,
    ConfigType,
    Importance,
    Option,
)

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
LONG = ConfigType.LONG

_some = list_without_duplicates(empty_allowed=False)
_any = list_without_duplicates()
_any_or_null = list_without_duplicates(null_allowed=True)
_some_or_null = list_without_duplicates(empty_allowed=False, null_allowed=True)

_FREE_PREFIXES = (
    "producer.",
    "consumer.",
    "admin.",
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "config.providers.",
    "metrics.context.",
    "listeners.https.",
    "admin.listeners.https.",
    *("penstock.", "task.isolation", "task.memory.", "task.stuck.", "errors.restart."),  # ours
)


class WorkerConfig(Config):
    """What standalone and distributed workers have in common."""

    free_prefixes: ClassVar[tuple[str, ...]] = _FREE_PREFIXES
    more_settings: ClassVar[tuple[ConfigKey, ...]] = SSL

    bootstrap_servers: Annotated[
        tuple[str, ...],
        Option("Brokers to find the Kafka cluster by, as host:port.", HIGH, check=_some),
    ]
    client_dns_lookup: Annotated[
        str, Option("How host names of brokers are looked up.", MEDIUM, check=DNS_LOOKUP)
    ] = "use_all_dns_ips"
    key_converter: Annotated[
        ClassRef, Option("Converter of record keys, unless a connector names its own.", HIGH)
    ]
    key_converter_plugin_version: Annotated[
        str | None, Option("Versions of the key converter that may be used.", LOW)
    ] = None
    value_converter: Annotated[
        ClassRef, Option("Converter of record values, unless a connector names its own.", HIGH)
    ]
    value_converter_plugin_version: Annotated[
        str | None, Option("Versions of the value converter that may be used.", LOW)
    ] = None
    header_converter: Annotated[
        ClassRef,
        Option("Converter of header values, unless a connector names its own.", LOW),
    ] = ClassRef("org.apache.kafka.connect.storage.SimpleHeaderConverter")
    header_converter_plugin_version: Annotated[
        str | None, Option("Versions of the header converter that may be used.", LOW)
    ] = None
    task_shutdown_graceful_timeout_ms: Annotated[
        int, Option("How long tasks that are stopped together may take.", LOW, type=LONG)
    ] = 5000
    offset_flush_interval_ms: Annotated[
        int, Option("How often offsets are committed.", LOW, type=LONG)
    ] = 60000
    offset_flush_timeout_ms: Annotated[
        int, Option("How long a commit of offsets may take.", LOW, type=LONG)
    ] = 5000
    plugin_path: Annotated[
        tuple[str, ...] | None,
        Option("Folders in which plugins are looked for.", LOW, check=_some_or_null),
    ] = None
    plugin_discovery: Annotated[
        str,
        Option(
            "How Java workers look for plugins; accepted and without effect here.",
            LOW,
            check=one_of_ignoring_case("only_scan", "hybrid_warn", "hybrid_fail", "service_load"),
        ),
    ] = "hybrid_warn"
    config_providers: Annotated[
        tuple[str, ...], Option("Names of providers that settings may refer to.", LOW, check=_any)
    ] = ()
    connector_client_config_override_policy: Annotated[
        str, Option("Which client settings connectors may override.", MEDIUM)
    ] = "All"
    connector_client_config_override_allowlist: Annotated[
        tuple[str, ...],
        Option("Client settings the policy Allowlist lets through.", MEDIUM, check=_any),
    ] = ()
    topic_creation_enable: Annotated[
        bool, Option("Whether topics of source connectors may be created.", LOW)
    ] = True
    topic_tracking_enable: Annotated[
        bool, Option("Whether the topics connectors use are recorded.", LOW)
    ] = True
    topic_tracking_allow_reset: Annotated[
        bool, Option("Whether recorded topics may be cleared by request.", LOW)
    ] = True
    metrics_sample_window_ms: Annotated[
        int, Option("Time over which a metric is sampled.", LOW, type=LONG, check=at_least(0))
    ] = 30000
    metrics_num_samples: Annotated[
        int, Option("How many samples of a metric are kept.", LOW, check=at_least(1))
    ] = 2
    metrics_recording_level: Annotated[
        str, Option("Up to which level metrics are recorded.", LOW, check=one_of("INFO", "DEBUG"))
    ] = "INFO"
    metric_reporters: Annotated[
        tuple[str, ...], Option("Classes that are told of metrics.", LOW, check=_any)
    ] = ("org.apache.kafka.common.metrics.JmxReporter",)
    rest_extension_classes: Annotated[
        tuple[str, ...], Option("Extensions of the REST interface, in order.", LOW, check=_any)
    ] = ()
    listeners: Annotated[
        tuple[str, ...],
        Option("Where the REST interface listens.", LOW, check=rest_checks.listeners),
    ] = ("http://:8083",)
    admin_listeners: Annotated[
        tuple[str, ...] | None,
        Option(
            "Where admin requests are served: unset with the others, empty nowhere.",
            LOW,
            check=_any_or_null,
        ),
    ] = None
    rest_advertised_host_name: Annotated[
        str | None, Option("Host by which other workers reach this one.", LOW)
    ] = None
    rest_advertised_port: Annotated[
        int | None, Option("Port by which other workers reach this one.", LOW)
    ] = None
    rest_advertised_listener: Annotated[
        str | None, Option("Protocol by which other workers reach this one.", LOW)
    ] = None
    access_control_allow_origin: Annotated[
        str, Option("Origins whose pages may call the REST interface.", LOW)
    ] = ""
    access_control_allow_methods: Annotated[
        str, Option("Methods pages of other origins may use.", LOW)
    ] = ""
    response_http_headers_config: Annotated[
        str, Option("Headers added to responses.", LOW, check=rest_checks.response_headers)
    ] = ""
    ssl_client_auth: Annotated[
        str,
        Option(
            "Whether HTTPS clients must show a certificate.",
            LOW,
            check=one_of("required", "requested", "none"),
        ),
    ] = "none"

    def unknown_settings(self) -> list[str]:
        """Names of given settings that nothing here knows, for one warning."""
        from penstock.runtime.client_configs.clients import ADMIN, CONSUMER, PRODUCER

        known = (self.definition().keys, ADMIN.keys, PRODUCER.keys, CONSUMER.keys)
        return [
            name
            for name in self.properties
            if not any(name in keys for keys in known) and not name.startswith(self.free_prefixes)
        ]


class StandaloneConfig(WorkerConfig):
    """The settings of a worker that is alone."""

    offset_storage_file_filename: Annotated[
        Path, Option("File in which offsets of source connectors are kept.", HIGH)
    ]
