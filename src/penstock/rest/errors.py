"""Errors of the REST layer, and the answer that each error gets."""

from __future__ import annotations

from penstock.cluster.errors import RequestError
from penstock.cluster.views import ErrorMessage
from penstock.rest.answers import Answer, json_answer
from penstock.runtime.error_text import headline
from penstock.sdk.errors import AlreadyExistsError, ConnectError, NotFoundError
from penstock.sdk.redaction import hide

REASONS = {
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Timeout",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
}


# What the Java worker says of a body that is null; clients have been seen to compare it.
NO_REQUEST = (
    'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.CreateConnectorRequest.name()" '
    'because "createRequest" is null'
)
NO_CONFIG = 'Cannot invoke "java.util.Map.get(Object)" because "connectorConfig" is null'
NO_LEVEL = 'Cannot invoke "java.util.Map.get(Object)" because "levelMap" is null'
NO_OFFSETS = (
    'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffsets.offsets()" '
    'because "offsets" is null'
)
NO_OFFSET = (
    'Cannot invoke "org.apache.kafka.connect.runtime.rest.entities.ConnectorOffset.partition()" '
    'because "offset" is null'
)


class HttpError(RequestError):
    """What the server answers before any resource is asked; its body has no content type."""

    java_class = "jakarta.ws.rs.WebApplicationException"

    def __init__(self, status: int) -> None:
        super().__init__(status, f"HTTP {status} {REASONS[status]}")


class PathError(HttpError):
    """A part of the path has the wrong type, such as a task that is no number."""

    def __init__(self) -> None:
        super().__init__(404)


class RefusedError(RequestError):
    """The request contradicts itself or leaves something out."""

    java_class = "jakarta.ws.rs.BadRequestException"

    def __init__(self, message: str | None) -> None:
        super().__init__(400, message)


class BodyError(ConnectError):
    """The body is not what this resource reads."""

    java_class = "com.fasterxml.jackson.databind.exc.MismatchedInputException"


class SyntaxBodyError(BodyError):
    """The body is not JSON."""

    java_class = "com.fasterxml.jackson.core.JsonParseException"


class NestedSyntaxError(BodyError):
    """A member of the body is not JSON."""

    java_class = "com.fasterxml.jackson.databind.JsonMappingException"


class InvalidFormatError(BodyError):
    """A text of the body should be a number."""

    java_class = "com.fasterxml.jackson.databind.exc.InvalidFormatException"


class TruncatedBodyError(BodyError):
    """The body ends in the middle."""

    java_class = "com.fasterxml.jackson.core.io.JsonEOFException"


class UnknownMemberError(BodyError):
    """The body has a member that this resource does not know."""

    java_class = "com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException"


class UnknownStateError(BodyError):
    """`initial_state` is none of the states a connector can start in."""

    java_class = "com.fasterxml.jackson.databind.exc.ValueInstantiationException"


class EmptyLevelError(ConnectError):
    """A logger level was given as an empty text."""

    java_class = "java.lang.IllegalArgumentException"


class FailedWork(ConnectError):
    """What validating came to, told by its class and message."""

    java_class = "java.util.concurrent.ExecutionException"

    def __init__(self, error: Exception) -> None:
        super().__init__(headline(error))


class TimedOut(RequestError):
    """The herder did not answer in time."""

    def __init__(self, message: str) -> None:
        super().__init__(500, message)


def answer_for(error: Exception) -> Answer:
    """The status and body that say what went wrong."""
    status, code = _status(error)
    text = hide(str(error.args[0])) if error.args and error.args[0] is not None else None
    return json_answer(status, ErrorMessage(code, text))


def _status(error: Exception) -> tuple[int, int]:
    if isinstance(error, RequestError):
        return error.status, error.error_code
    if isinstance(error, NotFoundError):
        return 404, 404
    if isinstance(error, AlreadyExistsError):
        return 409, 409
    return 500, 500
