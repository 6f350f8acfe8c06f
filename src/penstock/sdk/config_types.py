"""The types settings have, and how their text becomes a value and back."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from penstock.sdk.class_names import ClassRef, find_class
from penstock.sdk.errors import ConfigError
from penstock.sdk.numbers import Float32, Int8, Int16, Int32
from penstock.sdk.redaction import learn_password


class ConfigType(enum.Enum):
    """What kind of value a setting has."""

    BOOLEAN = "BOOLEAN"
    STRING = "STRING"
    INT = "INT"
    SHORT = "SHORT"
    LONG = "LONG"
    DOUBLE = "DOUBLE"
    LIST = "LIST"
    CLASS = "CLASS"
    PASSWORD = "PASSWORD"


class Importance(enum.Enum):
    """How likely it is that a user has to think about a setting."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class Width(enum.Enum):
    """How wide a form shows the field of a setting."""

    NONE = "NONE"
    SHORT = "SHORT"
    MEDIUM = "MEDIUM"
    LONG = "LONG"


class Password:
    """A secret: its text is `value`; printing it shows `[hidden]`."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __str__(self) -> str:
        return "[hidden]"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Password) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)


class NoDefault(enum.Enum):
    """The type of `NO_DEFAULT`."""

    NO_DEFAULT = "no default"


NO_DEFAULT: Final = NoDefault.NO_DEFAULT

_BLANKS = "".join(map(chr, range(33)))  # what Java trims
_INTEGER = re.compile(r"[+-]?\d+")
_DOUBLE = re.compile(
    r"[+-]?(?:NaN|Infinity|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fFdD]?)"
)
_HEX_DOUBLE = re.compile(
    r"([+-]?0[xX](?:[0-9a-fA-F]+\.?|[0-9a-fA-F]*\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?"
)
_COMMA = re.compile(r"[ \t\n\x0b\f\r]*,[ \t\n\x0b\f\r]*")
_BITS = {ConfigType.SHORT: 16, ConfigType.INT: 32, ConfigType.LONG: 64}
_EXPECTED = {
    ConfigType.STRING: "string",
    ConfigType.PASSWORD: "string",
    ConfigType.SHORT: "16-bit integer (short)",
    ConfigType.INT: "32-bit integer",
    ConfigType.LONG: "64-bit integer (long)",
    ConfigType.DOUBLE: "double",
}


def parse_type(name: str, value: Any, kind: ConfigType) -> Any:
    """The value of a setting from its text, or from a value that already is of the type.

    A plain `int` counts as 64 bits wide, as everywhere in the SDK.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return _FROM_TEXT[kind](name, value, value.strip(_BLANKS), kind)
    return _FROM_VALUE[kind](name, value, kind)


def to_text(value: Any, kind: ConfigType) -> str | None:
    """How a value of the type is written; passwords are hidden."""
    if value is None:
        return None
    if kind is ConfigType.LIST:
        return ",".join(map(str, value))
    if kind is ConfigType.BOOLEAN:
        return "true" if value else "false"
    if kind is ConfigType.DOUBLE:
        from penstock.sdk.values import java_double

        return java_double(value)
    return str(value)


def trim(text: str) -> str:
    """The text without blanks and control characters at its ends."""
    return text.strip(_BLANKS)


def _boolean(name: str, value: str, trimmed: str, kind: ConfigType) -> bool:
    if trimmed.lower() not in ("true", "false"):
        raise _not_boolean(name, value)
    return trimmed.lower() == "true"


def _not_boolean(name: str, value: object) -> ConfigError:
    return ConfigError.invalid(name, value, "Expected value to be either true or false")


def _integer(name: str, value: str, trimmed: str, kind: ConfigType) -> int:
    number = int(trimmed) if len(trimmed) < 100 and _INTEGER.fullmatch(trimmed) else None
    if number is None or not _fits(number, kind):
        raise _not_a_number(name, value, kind)
    return number


def _fits(number: int, kind: ConfigType) -> bool:
    limit = 1 << (_BITS[kind] - 1)
    return -limit <= number < limit


def _double(name: str, value: str, trimmed: str, kind: ConfigType) -> float:
    if hexadecimal := _HEX_DOUBLE.fullmatch(trimmed):
        try:
            return float.fromhex(hexadecimal[1])
        except OverflowError:
            return float("-inf" if trimmed.startswith("-") else "inf")
    if not _DOUBLE.fullmatch(trimmed):
        raise _not_a_number(name, value, kind)
    return float(trimmed if trimmed.endswith("Infinity") else trimmed.rstrip("fFdD"))


def _not_a_number(name: str, value: object, kind: ConfigType) -> ConfigError:
    return ConfigError.invalid(name, value, f"Not a number of type {kind.value}")


def _list(name: str, value: str, trimmed: str, kind: ConfigType) -> list[str]:
    return _COMMA.split(trimmed) if trimmed else []


def _class(name: str, value: str, trimmed: str, kind: ConfigType) -> ClassRef:
    found = find_class(trimmed)
    if found is None:
        raise ConfigError.invalid(name, value, f"Class {value} could not be found.")
    return found


def _password(text: str) -> Password:
    learn_password(text)
    return Password(text)


_FROM_TEXT: dict[ConfigType, Callable[[str, str, str, ConfigType], Any]] = {
    ConfigType.BOOLEAN: _boolean,
    ConfigType.STRING: lambda name, value, trimmed, kind: trimmed,
    ConfigType.INT: _integer,
    ConfigType.SHORT: _integer,
    ConfigType.LONG: _integer,
    ConfigType.DOUBLE: _double,
    ConfigType.LIST: _list,
    ConfigType.CLASS: _class,
    ConfigType.PASSWORD: lambda name, value, trimmed, kind: _password(trimmed),
}


def _keep_boolean(name: str, value: Any, kind: ConfigType) -> bool:
    if not isinstance(value, bool):
        raise _not_boolean(name, value)
    return value


_INTEGERS: dict[ConfigType, tuple[type[int], ...]] = {
    ConfigType.SHORT: (Int16,),
    ConfigType.INT: (Int32,),
    ConfigType.LONG: (int, Int32),
}


def _keep_integer(name: str, value: Any, kind: ConfigType) -> int:
    if value.__class__ not in _INTEGERS[kind]:
        raise _unexpected(name, value, kind)
    return int(value)


def _keep_double(name: str, value: Any, kind: ConfigType) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _unexpected(name, value, kind)
    return float(value)


def _keep_password(name: str, value: Any, kind: ConfigType) -> Password:
    if not isinstance(value, Password):
        raise _unexpected(name, value, kind)
    return value


def _keep_list(name: str, value: Any, kind: ConfigType) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ConfigError.invalid(name, value, "Expected a comma separated list.")
    return list(cast("list[Any]", value))


def _keep_class(name: str, value: Any, kind: ConfigType) -> ClassRef:
    if isinstance(value, ClassRef):
        return value
    if not isinstance(value, type):
        raise ConfigError.invalid(name, value, "Expected a Class instance or class name.")
    return ClassRef.of(value)


def _refuse(name: str, value: Any, kind: ConfigType) -> Any:
    raise _unexpected(name, value, kind)


def _unexpected(name: str, value: object, kind: ConfigType) -> ConfigError:
    detail = f"Expected value to be a {_EXPECTED[kind]}, but it was a {java_kind(value)}"
    return ConfigError.invalid(name, value, detail)


_FROM_VALUE: dict[ConfigType, Callable[[str, Any, ConfigType], Any]] = {
    ConfigType.BOOLEAN: _keep_boolean,
    ConfigType.STRING: _refuse,
    ConfigType.INT: _keep_integer,
    ConfigType.SHORT: _keep_integer,
    ConfigType.LONG: _keep_integer,
    ConfigType.DOUBLE: _keep_double,
    ConfigType.LIST: _keep_list,
    ConfigType.CLASS: _keep_class,
    ConfigType.PASSWORD: _keep_password,
}

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "java.lang.Boolean"),
    (Int8, "java.lang.Byte"),
    (Int16, "java.lang.Short"),
    (Int32, "java.lang.Integer"),
    (int, "java.lang.Long"),
    (Float32, "java.lang.Float"),
    (float, "java.lang.Double"),
    (str, "java.lang.String"),
    (list, "java.util.ArrayList"),
    (Mapping, "java.util.LinkedHashMap"),
    (Password, "org.apache.kafka.common.config.types.Password"),
    (ClassRef, "java.lang.Class"),
    (bytes, "[B"),
)


def java_kind(value: object) -> str:
    """The name of the Java class that values of this kind have."""
    for kind, name in _KINDS:
        if isinstance(value, kind):
            return name
    return f"{type(value).__module__}.{type(value).__qualname__}"
