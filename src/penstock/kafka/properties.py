"""Java client properties in, librdkafka settings out: the one place where they are translated.

Every setting a Java client knows is mapped, or without effect outside a Java virtual machine, or
listed with the reason why it is not honoured. Settings of librdkafka that Java has no counterpart
for pass through, so that an expert can override anything.
"""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from penstock.kafka.properties_admin import ADMIN, finish_admin
from penstock.kafka.properties_common import COMMON, finish_common
from penstock.kafka.properties_consumer import CONSUMER, finish_consumer
from penstock.kafka.properties_native import NATIVE
from penstock.kafka.properties_producer import PRODUCER, finish_producer
from penstock.kafka.properties_rules import Draft, Setting, Table, Unsupported
from penstock.kafka.properties_sasl import SASL, finish_sasl
from penstock.kafka.properties_ssl import SSL, Keystores, finish_ssl
from penstock.kafka.properties_stores import FileStores
from penstock.sdk.errors import ConfigError

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_SILENT_PREFIXES = ("metrics.context.", "config.providers.")


class ClientKind(enum.Enum):
    """What a client is for."""

    PRODUCER = "producer"
    CONSUMER = "consumer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Translated:
    """A client's settings for confluent-kafka, and what became of the rest."""

    settings: dict[str, Setting] = field(repr=False)  # they hold secrets
    unsupported: list[Unsupported]  # known, but not honoured or not to the letter
    ours: dict[str, int | bool]  # honoured by Penstock's own clients: max.block.ms, …
    unknown: list[str]  # no setting of any Kafka client

    def report(self, log: logging.Logger, client: str) -> None:
        """Name at WARN what is not honoured; `client` says whose settings these are."""
        for name, reason in self.unsupported:
            log.warning("%s: %s is not honoured as given: %s", client, name, reason)


_SECURITY: Table = {**SSL, **SASL, "security.protocol": lambda draft, name, text: None}
TABLES: Mapping[ClientKind, Table] = {
    ClientKind.PRODUCER: {**COMMON, **_SECURITY, **PRODUCER},
    ClientKind.CONSUMER: {**COMMON, **_SECURITY, **CONSUMER},
    ClientKind.ADMIN: {**COMMON, **_SECURITY, **ADMIN},
}
_FINISH: Mapping[ClientKind, Callable[[Draft], None]] = {
    ClientKind.PRODUCER: finish_producer,
    ClientKind.CONSUMER: finish_consumer,
    ClientKind.ADMIN: finish_admin,
}
_ANY_CLIENT = frozenset(name for table in TABLES.values() for name in table)


def to_librdkafka(
    java_properties: Mapping[str, str], kind: ClientKind, keystores: Keystores | None = None
) -> Translated:
    """Settings for a client of this kind. Raises ConfigError for what cannot work."""
    draft = Draft(java_properties)
    table = TABLES[kind]
    unknown: list[str] = []
    for name, text in java_properties.items():
        if name in table:
            table[name](draft, name, (text or "").strip())
        elif kind.value in NATIVE.get(name, ""):
            draft.settings[name] = text.strip()
        elif name not in _ANY_CLIENT and not name.startswith(_SILENT_PREFIXES):
            unknown.append(name)
    finish_common(draft)
    _FINISH[kind](draft)
    _secure(draft, keystores or FileStores())
    return Translated(draft.settings, draft.unsupported, draft.ours, unknown)


def _secure(draft: Draft, keystores: Keystores) -> None:
    protocol = (draft.text("security.protocol") or "PLAINTEXT").upper()
    if protocol not in _PROTOCOLS:
        detail = f"String must be one of (case insensitive): {', '.join(_PROTOCOLS)}"
        raise ConfigError.invalid("security.protocol", protocol, detail)
    draft.settings["security.protocol"] = protocol.lower()
    if protocol.endswith("SSL"):
        finish_ssl(draft, keystores)
    if protocol.startswith("SASL"):
        finish_sasl(draft)
