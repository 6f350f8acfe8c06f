"""Parts that are made when they are first needed, as what they import takes its time.

A worker answers before it has read the code that moves data; see also `penstock.worker.warm_up`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from penstock.cluster.messages import Command, TaskHosts

if TYPE_CHECKING:
    from penstock.cluster.validation import Validator
    from penstock.cluster.views import ConfigInfos


class LateHosts:
    """Hosts that are made for the first command."""

    def __init__(self, make: Callable[[], TaskHosts]) -> None:
        self._make = make

    @cached_property
    def _hosts(self) -> TaskHosts:
        return self._make()

    def send(self, command: Command) -> None:
        self._hosts.send(command)


class LateValidator:
    """A validator that is made for the first configuration, on the thread that validates it."""

    def __init__(self, make: Callable[[], Validator]) -> None:
        self._make = make

    @cached_property
    def _validator(self) -> Validator:
        return self._make()

    def validate(self, config: Mapping[str, str | None]) -> ConfigInfos:
        return self._validator.validate(config)
