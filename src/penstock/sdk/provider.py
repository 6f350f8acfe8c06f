"""Config providers: where references in settings, `${provider:path:key}`, get their values."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from penstock.sdk.config import Config
from penstock.sdk.errors import ConnectError

C = TypeVar("C", bound=Config)


@dataclass(frozen=True)
class ConfigData:
    """Values under a path, by key; `ttl_ms` says when they expire, None that they do not."""

    data: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    ttl_ms: int | None = None


class ConfigProvider(ABC, Generic[C]):
    """Looks values up, for instance secrets. One instance serves a worker, on many threads."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C) -> None:
        self.config = config

    @abstractmethod
    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        """The values of these keys; keys that do not exist are left out."""

    def close(self) -> None:
        """Release what the provider holds."""


class LookupFailed(ConnectError):
    """Why a provider has no values: what is wrong, and what to do. Never contains a value.

    It is told together with the provider's name, the path and the keys. `passing` says that the
    same may work later.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing
