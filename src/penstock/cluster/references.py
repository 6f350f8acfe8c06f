"""What connectors make of secrets, as the references to them; and whether secrets have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence

from penstock.runtime.config_references import has_reference

EMBEDDED_MIN = 8  # letters: shorter values are too likely to stand in others by chance
CONNECTORS_MAX = 10_000


class References:
    """Of one connector that runs: its settings as they are stored, and as it was given them."""

    def __init__(
        self, raw: Mapping[str, str], resolved: Mapping[str, str], secrets: Mapping[str, str]
    ) -> None:
        """`secrets` are the references by their values."""
        self._raw = {key: text for key, text in raw.items() if has_reference(text)}
        self._resolved = resolved
        self._secrets = secrets

    def restored(self, configs: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        """Task configurations without secrets, so that none is written to Kafka."""
        return [{key: self._text(key, value) for key, value in c.items()} for c in configs]

    def _text(self, key: str, value: str) -> str:
        if key in self._raw and self._resolved.get(key) == value:
            return self._raw[key]
        if value in self._secrets:
            return self._secrets[value]
        for secret, reference in self._secrets.items():
            if len(secret) >= EMBEDDED_MIN:
                value = value.replace(secret, reference)
        return value


class Marks:
    """Knows settings again that it has seen, without keeping them."""

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._marks: dict[str, bytes] = {}

    def changed(self, connector: str, config: Mapping[str, str]) -> bool:
        """Whether a connector is given others than the last time; False at the first time."""
        text = repr(sorted(config.items())).encode()
        mark = hashlib.blake2b(text, key=self._key).digest()
        before = self._marks.pop(connector, mark)
        self._marks[connector] = mark
        while len(self._marks) > CONNECTORS_MAX:
            del self._marks[next(iter(self._marks))]
        return before != mark
