"""What source and sink connectors share."""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from penstock.sdk.config import Config, ConfigValue

C = TypeVar("C", bound=Config)


class ConnectorContext(Protocol):
    """What the runtime gives a connector."""

    @property
    def connector(self) -> str:
        """The connector's name."""
        ...

    def request_task_reconfiguration(self) -> None:
        """Ask for `task_configs` to be called again, because the source or target changed."""
        ...

    def fail(self, error: Exception) -> None:
        """Report that the connector cannot go on; it becomes FAILED."""
        ...


class Connector(ABC, Generic[C]):
    """Knows a configuration and splits its work into tasks; moves no data itself."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C, context: ConnectorContext) -> None:
        self.config = config
        self.context = context

    def start(self) -> None:
        """Begin to watch the external system, if there is something to watch."""

    def task_configs(self, max_tasks: int) -> Sequence[Mapping[str, str]]:
        """One configuration per task, at most `max_tasks`. By default one task, as configured."""
        return [self.config.properties]

    def close(self) -> None:
        """Release what `start` took."""

    @classmethod
    def validate(cls, values: list[ConfigValue], properties: Mapping[str, str]) -> None:
        """Add errors and recommendations that concern several settings together."""
