"""What the settings of these providers have in common."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from penstock.sdk.config import Config, ConfigType, Importance, Option, at_least, optional

log = logging.getLogger(__name__)


class SecretsConfig(Config):
    """How long values are good for, and how patiently a server is asked."""

    other_names: ClassVar[Mapping[str, str]] = {}
    """What Java providers call these settings; what is named here on the right counts first."""

    secret_ttl_ms: Annotated[
        int | None,
        Option(
            "How long values are good for that come without an end of their own; connectors that "
            "use them are restarted then. Unset: for ever.",
            Importance.LOW,
            type=ConfigType.LONG,
            check=optional(at_least(1000)),
        ),
    ] = None
    timeout_seconds: Annotated[
        int, Option("How long one request may take.", Importance.LOW, check=at_least(1))
    ] = 10
    retry_count: Annotated[
        int,
        Option(
            "How often a request is made at most, if the server is away or busy.",
            Importance.LOW,
            check=at_least(1),
        ),
    ] = 3
    retry_interval_ms: Annotated[
        int,
        Option(
            "Pause between two requests.",
            Importance.LOW,
            type=ConfigType.LONG,
            check=at_least(0),
        ),
    ] = 1000

    def __init__(self, properties: Mapping[str, Any]) -> None:
        renamed = {self.other_names.get(n, n): v for n, v in properties.items()}
        super().__init__(renamed | {n: properties[n] for n in renamed if n in properties})
        if unknown := sorted(self.properties.keys() - self.definition().keys.keys()):
            log.warning("These settings are not known to %s: %s", type(self).__name__, unknown)
