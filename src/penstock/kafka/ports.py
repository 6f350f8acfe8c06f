"""What a member of a group has to know of its worker."""

from __future__ import annotations

from typing import Protocol

from penstock.cluster.assignor_work import Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.events import Event


class ControlPlane(Protocol):
    """Called from any thread."""

    def configs(self) -> ConfigState:
        """The config topic as far as it was read."""
        ...

    def newest_configs(self) -> ConfigState:
        """The same, after reading to the end if that is possible soon."""
        ...

    def noted(self) -> int:
        """How many events of the group the control plane has taken note of."""
        ...

    def running(self) -> Work:
        """What runs here, or has not ended yet."""
        ...

    def tell(self, event: Event) -> None: ...

    def pulse(self) -> int:
        """Changes about every second, as long as the control plane can do anything at all."""
        ...

    def stack(self) -> str:
        """Where the control plane is at the moment, for people."""
        ...

    def refused(self, reason: str) -> None:
        """The group will never take this worker: what an operator has to change."""
        ...
