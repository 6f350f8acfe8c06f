"""Request bodies: from bytes to typed values, with an error that names what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, cast

import msgspec

from penstock.cluster.errors import MissingError
from penstock.cluster.messages import TargetState
from penstock.cluster.views import ConnectorOffset, ErrorMessage
from penstock.rest.errors import (
    NO_OFFSETS,
    BodyError,
    InvalidFormatError,
    NestedSyntaxError,
    RefusedError,
    SyntaxBodyError,
    TruncatedBodyError,
    UnknownMemberError,
    UnknownStateError,
)
from penstock.sdk.config_types import trim

NESTING_MAX = 500
_SPACE = " \t\r\n"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*("|\Z)', re.DOTALL)
_HALF = re.compile("[\ud800-\udfff]")
_INT32 = range(-(2**31), 2**31)
INITIAL_STATES = {
    "RUNNING": TargetState.STARTED,
    "PAUSED": TargetState.PAUSED,
    "STOPPED": TargetState.STOPPED,
}

Config = dict[str, str | None]
Reader = Callable[[Any, str], Any]


class CreateRequest(msgspec.Struct, frozen=True):
    """Body of `POST /connectors`."""

    name: str | None = None
    config: Config | None = None
    initial_state: str | None = None
    initial_offsets: list[ConnectorOffset | None] | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def initial_target(self) -> TargetState | None:
        return INITIAL_STATES[self.initial_state] if self.initial_state is not None else None


class _Number(str):
    """A number as it stands in the text, until it is known what it is for."""

    __slots__ = ()


def parse(body: bytes, *, whole: bool = True) -> Any:
    """The JSON value of a body; numbers stay as they were written.

    What follows the value is refused, unless only the start of a text has to be JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RefusedError(
            f"The body is not UTF-8 text: {error.reason} at byte {error.start}"
        ) from error
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        raise BodyError("The body is empty")
    try:
        value = _DECODER.decode(text) if whole else _DECODER.raw_decode(text, start)[0]
    except RecursionError:
        raise SyntaxBodyError(_too_deep()) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        wrong = f"The body is not valid JSON: {error.msg} at {where}"
        raise _misspelt(text, error.pos)(wrong) from error
    _check_names(value)
    return value


def _misspelt(text: str, at: int) -> type[BodyError]:
    """Within members of members it is told as a wrong value."""
    opened = _TOKENS.sub("", text[:at])
    if opened.count("{") + opened.count("[") - opened.count("}") - opened.count("]") > 1:
        return NestedSyntaxError
    return TruncatedBodyError if at >= len(text.rstrip(_SPACE)) else SyntaxBodyError


def _check_names(value: Any, depth: int = 1) -> None:
    """Values may hold half of a character, names may not."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for name, member in members.items():
            if not name.isascii() and _HALF.search(name):
                kind = SyntaxBodyError if depth == 1 else NestedSyntaxError
                raise kind(f"The body is not valid JSON: the name {name!r} is no text")
            _check_names(member, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            _check_names(item, depth + 1)


def _too_deep() -> str:
    return f"The body is nested too deeply; at most {NESTING_MAX} levels can be read"


def _no_constant(name: str) -> NoReturn:
    raise SyntaxBodyError(f"The body is not valid JSON: {name} is no JSON value")


_DECODER = json.JSONDecoder(parse_int=_Number, parse_float=_Number, parse_constant=_no_constant)


def read(body: bytes, reader: Reader) -> Any:
    """The body as `reader` reads it; None if there is none."""
    return None if not body.strip() else reader(parse(body), "The body")


def read_create(value: Any, where: str = "The body") -> CreateRequest | None:
    """`{"name", "config", "initial_state", "initial_offsets"}`, each optional."""
    if value is None:
        return None
    members = _members(value, where, "name", "config", "initial_state", "initial_offsets")
    offsets: Any = msgspec.UNSET
    if "initial_offsets" in members:
        offsets = _offset_list(members["initial_offsets"], "initial_offsets")
    return CreateRequest(
        _text(members.get("name"), "name"),
        read_config(members.get("config"), "config"),
        _initial_state(members.get("initial_state")),
        offsets,
    )


def _initial_state(value: Any) -> str | None:
    text = _text(value, "initial_state")
    if text is None:
        return None
    state = text.upper()
    if state not in INITIAL_STATES:
        raise UnknownStateError(
            f"initial_state must be one of {', '.join(INITIAL_STATES)}, not {text!r}"
        )
    return state


def read_config(value: Any, where: str = "The body") -> Config | None:
    """A flat object; scalars become text, null stays null."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong(value, where, "an object of texts")
    pairs = cast("dict[str, Any]", value)
    return {key: _text(item, f"The value of {key!r}") for key, item in pairs.items()}


def read_task_configs(value: Any, where: str = "The body") -> list[Config | None] | None:
    """A list of flat objects."""
    if value is None:
        return None
    return [read_config(item, f"Task config {i}") for i, item in enumerate(_list(value, where))]


def read_offsets(value: Any, where: str = "The body") -> list[ConnectorOffset | None] | None:
    """`{"offsets": [{"partition", "offset"}]}`; raises `MissingError` for a body that is null."""
    if value is None:
        raise MissingError(NO_OFFSETS)
    return _offset_list(_members(value, where, "offsets").get("offsets"), "offsets")


def _offset_list(value: Any, where: str) -> list[ConnectorOffset | None] | None:
    if value is None:
        return None
    return [_offset(item, f"{where}[{i}]") for i, item in enumerate(_list(value, where))]


def _offset(value: Any, where: str) -> ConnectorOffset | None:
    if value is None:
        return None
    members = _members(value, where, "partition", "offset")
    return ConnectorOffset(
        _map(members.get("partition"), f"{where}.partition"),
        _map(members.get("offset"), f"{where}.offset"),
    )


def read_error(value: Any, where: str = "The body") -> ErrorMessage | None:
    """The error body of another worker."""
    if value is None:
        return None
    members = _members(value, where, "error_code", "message")
    code = _int32(members.get("error_code"), "error_code")
    return ErrorMessage(code, _text(members.get("message"), "message"))


def _int32(value: Any, where: str) -> int:
    """A whole number, also in quotes, or what is before the point of another one; null is 0."""
    if value is None:
        return 0
    if not isinstance(value, str):
        raise BodyError(f"{where} must be a number, not {_kind(value)}")
    if isinstance(value, _Number):
        number = _number(value)
        if not _INT32[0] - 1 < number < _INT32[-1] + 1:
            raise NestedSyntaxError(f"{where} must be a number of 32 bits, not {value}")
        return int(number)
    text = trim(value)
    if text in ("", "null"):
        return 0
    if not re.fullmatch(r"[+-]?[0-9]+", text) or int(text) not in _INT32:
        raise InvalidFormatError(f"{where} must be a number of 32 bits, not {value!r}")
    return int(text)


def _members(value: Any, where: str, *known: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value, where, "an object")
    members = cast("dict[str, Any]", value)
    unknown = next((name for name in members if name not in known), None)
    if unknown is not None:
        raise UnknownMemberError(
            f"{where} has an unknown member {unknown!r}; known are {', '.join(known)}"
        )
    return members


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise BodyError(f"{where} must be a list, not {_kind(value)}")
    return cast("list[Any]", value)


def _map(value: Any, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise _wrong(value, where, "an object")
    return cast("dict[str, Any]", _with_numbers(value))


def _with_numbers(value: Any) -> Any:
    if isinstance(value, _Number):
        return _number(value)
    if isinstance(value, dict):
        pairs = cast("dict[str, Any]", value)
        return {key: _with_numbers(item) for key, item in pairs.items()}
    if isinstance(value, list):
        return [_with_numbers(item) for item in cast("list[Any]", value)]
    return value


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _text(value: Any, where: str) -> str | None:
    """A scalar as text, as it was written; null stays null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    raise BodyError(f"{where} must be a text, not {_kind(value)}")


def _wrong(value: Any, where: str, wanted: str) -> BodyError:
    blank = isinstance(value, str) and not trim(value)
    kind = InvalidFormatError if blank else BodyError
    return kind(f"{where} must be {wanted}, not {_kind(value)}")


def _kind(value: Any) -> str:
    if isinstance(value, _Number):
        return "a number"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "null" if value is None else "a text"
