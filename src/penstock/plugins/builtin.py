"""The plugins that come with Penstock, by the names of the Java classes they stand in for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from penstock.cluster.catalog import PluginKind
from penstock.transforms.java_names import ABSTRACT_TRANSFORMS, PREDICATES, TRANSFORMS

_CONNECT = "org.apache.kafka.connect."

Targets = Mapping[str, str]  # Java class name -> "module:Class"


def _under(java: str, python: str, classes: Mapping[str, str]) -> dict[str, str]:
    return {java + name: python + target for name, target in classes.items()}


_CONVERTERS = _under(
    _CONNECT,
    "penstock.converters.",
    {
        "converters.BooleanConverter": "numbers:BooleanConverter",
        "converters.ByteArrayConverter": "bytes:ByteArrayConverter",
        "converters.DoubleConverter": "numbers:DoubleConverter",
        "converters.FloatConverter": "numbers:FloatConverter",
        "converters.IntegerConverter": "numbers:IntegerConverter",
        "converters.LongConverter": "numbers:LongConverter",
        "converters.ShortConverter": "numbers:ShortConverter",
        "json.JsonConverter": "json:JsonConverter",
        "storage.StringConverter": "string:StringConverter",
    },
)

ABSTRACT: Final[Mapping[str, tuple[str, ...]]] = {
    name: (f"{name}$Key", f"{name}$Value") for name in ABSTRACT_TRANSFORMS
}

BUILTIN: Final[Mapping[PluginKind, Targets]] = {
    PluginKind.SINK: _under(
        _CONNECT + "file.",
        "penstock.connectors.file:",
        {"FileStreamSinkConnector": "FileStreamSink"},
    ),
    PluginKind.SOURCE: _under(
        _CONNECT + "file.",
        "penstock.connectors.file:",
        {"FileStreamSourceConnector": "FileStreamSource"},
    )
    | _under(
        _CONNECT + "mirror.",
        "penstock.connectors.mirror:",
        {
            "MirrorCheckpointConnector": "MirrorCheckpoint",
            "MirrorHeartbeatConnector": "MirrorHeartbeat",
            "MirrorSourceConnector": "MirrorSource",
        },
    )
    | {"penstock.connectors.datagen.DatagenSource": "penstock.connectors.datagen:DatagenSource"},
    PluginKind.TRANSFORMATION: TRANSFORMS,
    PluginKind.PREDICATE: PREDICATES,
    PluginKind.CONVERTER: _CONVERTERS,
    PluginKind.HEADER_CONVERTER: _CONVERTERS
    | {
        f"{_CONNECT}storage.SimpleHeaderConverter": (
            "penstock.converters.simple_header:SimpleHeaderConverter"
        )
    },
    PluginKind.CONFIG_PROVIDER: _under(
        "org.apache.kafka.common.config.provider.",
        "penstock.runtime.config_providers:",
        {
            "DirectoryConfigProvider": "DirectoryConfigProvider",
            "EnvVarConfigProvider": "EnvVarConfigProvider",
            "FileConfigProvider": "FileConfigProvider",
        },
    )
    | _under(
        "penstock.providers.",
        "penstock.providers.",
        {
            "KubernetesConfigMapConfigProvider": "kubernetes:KubernetesConfigMapConfigProvider",
            "KubernetesSecretConfigProvider": "kubernetes:KubernetesSecretConfigProvider",
            "SecretsManagerConfigProvider": "aws:SecretsManagerConfigProvider",
            "VaultConfigProvider": "vault:VaultConfigProvider",
        },
    ),
    PluginKind.REST_EXTENSION: {
        f"{_CONNECT}rest.basic.auth.extension.BasicAuthSecurityRestExtension": (
            "penstock.rest.basic_auth:BasicAuth"
        )
    },
    PluginKind.OVERRIDE_POLICY: _under(
        _CONNECT + "connector.policy.",
        "penstock.runtime.override_policies:",
        {
            f"{alias}ConnectorClientConfigOverridePolicy": "Policies"
            for alias in ("All", "Allowlist", "None", "Principal")
        },
    ),
}

_AWS, _VAULT, _OF_KUBERNETES = (
    f"penstock.providers.{name}ConfigProvider"
    for name in ("SecretsManager", "Vault", "KubernetesSecret")
)
SYNONYMS: Final[Mapping[str, str]] = {
    "io.confluent.kafka.connect.datagen.DatagenConnector": (
        "penstock.connectors.datagen.DatagenSource"
    ),
    "DatagenConnector": "penstock.connectors.datagen.DatagenSource",
    # Config providers of several projects, by the names that configurations know them by.
    "com.amazonaws.kafka.config.providers.SecretsManagerConfigProvider": _AWS,
    "com.github.jcustenborder.kafka.config.aws.SecretsManagerConfigProvider": _AWS,
    "io.confluent.csid.config.provider.aws.SecretsManagerConfigProvider": _AWS,
    "io.lenses.connect.secrets.providers.AWSSecretProvider": _AWS,
    "com.github.jcustenborder.kafka.config.vault.VaultConfigProvider": _VAULT,
    "com.provectus.kafka.connect.config.VaultConfigProvider": _VAULT,
    "io.confluent.csid.config.provider.vault.VaultConfigProvider": _VAULT,
    "io.lenses.connect.secrets.providers.VaultSecretProvider": _VAULT,
    "com.github.gustajz.kafka.config.provider.KubernetesSecretConfigProvider": _OF_KUBERNETES,
    "io.strimzi.kafka.KubernetesSecretConfigProvider": _OF_KUBERNETES,
    "io.strimzi.kafka.KubernetesConfigMapConfigProvider": (
        "penstock.providers.KubernetesConfigMapConfigProvider"
    ),
}

INTERFACES: Final[Targets] = {
    _CONNECT + "connector.Connector": "penstock.sdk.connector:Connector",
    _CONNECT + "source.SourceConnector": "penstock.sdk.source:SourceConnector",
    _CONNECT + "source.SourceTask": "penstock.sdk.source:SourceTask",
    _CONNECT + "sink.SinkConnector": "penstock.sdk.sink:SinkConnector",
    _CONNECT + "sink.SinkTask": "penstock.sdk.sink:SinkTask",
    _CONNECT + "storage.Converter": "penstock.sdk.converter:Converter",
    _CONNECT + "storage.HeaderConverter": "penstock.sdk.converter:HeaderConverter",
    _CONNECT + "transforms.Transformation": "penstock.sdk.transform:Transform",
    _CONNECT + "transforms.predicates.Predicate": "penstock.sdk.predicate:Predicate",
}
