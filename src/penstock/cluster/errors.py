"""Why a request to the herder was not carried out; each error knows how HTTP says it."""

from __future__ import annotations

from penstock.sdk.errors import ConnectError


class RequestError(ConnectError):
    """A request failed, with an HTTP status and an error code of its own."""

    java_class = "org.apache.kafka.connect.runtime.rest.errors.ConnectRestException"

    def __init__(self, status: int, message: str | None, error_code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error_code = status if error_code is None else error_code


class BadRequest(RequestError):
    """The request asks for something that can never be done."""

    java_class = "org.apache.kafka.connect.runtime.rest.errors.BadRequestException"

    def __init__(self, message: str | None) -> None:
        super().__init__(400, message)


class Elsewhere(ConnectError):
    """Another worker has to do this; `url` is its address, None while nobody knows.

    `instead` is what to say if the request may not be passed on.
    """

    def __init__(
        self, message: str | None, url: str | None, instead: Exception | None = None
    ) -> None:
        super().__init__(message)
        self.url = url
        self.instead = instead


class NotLeader(Elsewhere):
    """Only the leader of the group may do this."""

    java_class = "org.apache.kafka.connect.runtime.distributed.NotLeaderException"


class NotAssigned(Elsewhere):
    """The connector or task runs on another worker."""

    java_class = "org.apache.kafka.connect.runtime.distributed.NotAssignedException"


class RebalanceNeeded(ConnectError):
    """The worker knows of a change that the group has not yet agreed on; try again soon."""

    java_class = "org.apache.kafka.connect.runtime.distributed.RebalanceNeededException"


class LostPrivilege(ConnectError):
    """A leader could not write what only leaders may write; it has to claim the log anew."""


class MissingError(ConnectError):
    """Something that cannot be done without is null."""

    java_class = "java.lang.NullPointerException"


class GroupBusy(ConnectError):
    """A consumer group still has members; its offsets cannot be changed until they are gone."""
