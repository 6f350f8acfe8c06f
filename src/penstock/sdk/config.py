"""Settings, each declared once: an annotated attribute of a `Config` class.

Parsing, validation answers, forms and the reference documentation all come from that line.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cache
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    Self,
    Union,
    cast,
    get_args,
    get_origin,
)

from penstock.sdk.checks import (
    Check,
    all_of,
    at_least,
    at_most_entries,
    between,
    described,
    list_of,
    list_without_duplicates,
    no_control_characters,
    non_empty,
    non_empty_list,
    non_null,
    one_of,
    one_of_ignoring_case,
    optional,
    unique,
)
from penstock.sdk.class_names import ClassRef
from penstock.sdk.config_def import ConfigDef, ConfigKey, ConfigValue, Recommender
from penstock.sdk.config_types import (
    NO_DEFAULT,
    ConfigType,
    Importance,
    Password,
    Width,
    parse_type,
    to_text,
)
from penstock.sdk.errors import ConfigError

__all__ = [
    "NO_DEFAULT",
    "Check",
    "ClassRef",
    "Config",
    "ConfigDef",
    "ConfigError",
    "ConfigKey",
    "ConfigType",
    "ConfigValue",
    "Importance",
    "Option",
    "Password",
    "Recommender",
    "Width",
    "all_of",
    "at_least",
    "at_most_entries",
    "between",
    "config_class",
    "described",
    "list_of",
    "list_without_duplicates",
    "no_control_characters",
    "non_empty",
    "non_empty_list",
    "non_null",
    "one_of",
    "one_of_ignoring_case",
    "optional",
    "parse_type",
    "to_text",
    "unique",
]


@dataclass(frozen=True)
class Option:
    """What there is to say about a setting beside its name, type and default.

    Without `name`, the setting is called like the attribute, with dots for underscores.
    """

    doc: str = ""
    importance: Importance = Importance.MEDIUM
    _: KW_ONLY
    name: str | None = None
    type: ConfigType | None = None  # None: as the annotation says
    check: Check | None = None
    group: str | None = None
    width: Width = Width.NONE
    display: str | None = None
    dependents: Sequence[str] = ()
    recommender: Recommender | None = None
    order: int | None = None  # None: counted within the group


class Config:
    """Base of all classes of settings; by itself it has none.

    An attribute `Annotated[<type>, Option(...)]` is a setting; what it is assigned is its default,
    and without one it is required. Subclasses add settings or replace those of the same attribute.
    """

    properties: Mapping[str, str]
    """The texts the settings were parsed from, together with those nothing is known of."""

    parsed: Mapping[str, Any]
    """The value of every setting, by its name."""

    more_settings: ClassVar[tuple[ConfigKey, ...]] = ()
    """Settings without an attribute, for tables of them; their values are in `parsed` only."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self.properties = {name: _as_text(value) for name, value in properties.items()}
        self.parsed = self.definition().parse(self.properties)
        for setting in _settings(type(self)):
            setattr(self, setting.attribute, setting.convert(self.parsed[setting.key.name]))
        self.check_together()

    @classmethod
    def definition(cls) -> ConfigDef:
        """The settings of this class, those of its bases first."""
        return _definition(cls)

    @classmethod
    def parse(cls, properties: Mapping[str, Any]) -> Self:
        """The settings as given. Raises `ConfigError` for the first that is missing or wrong."""
        return cls(properties)

    def with_prefix(self, prefix: str) -> dict[str, str]:
        """The properties whose names start with `prefix`, without it."""
        return {
            name[len(prefix) :]: value
            for name, value in self.properties.items()
            if name.startswith(prefix) and len(name) > len(prefix)
        }

    def check_together(self) -> None:
        """Called when all settings are parsed; raise `ConfigError` if they do not go together."""

    def __repr__(self) -> str:
        shown = (f"{s.attribute}={getattr(self, s.attribute)!r}" for s in _settings(type(self)))
        return f"{type(self).__name__}({', '.join(shown)})"


def config_class(plugin: type) -> type[Config]:
    """The class of settings a plugin class takes, as its generic parameter tells."""
    for kind in plugin.__mro__:
        for base in kind.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, Config):
                    return argument
    return Config


class _Setting(NamedTuple):
    attribute: str
    key: ConfigKey
    kind: Any  # the annotation without Annotated and None
    optional: bool

    def convert(self, value: Any) -> Any:
        """The value as the annotation promises it."""
        if value is None:
            return None
        if self.kind is Path:
            return None if value == "" and self.optional else Path(value)
        if self.key.type is ConfigType.CLASS:
            return _converted_class(value, self.kind)
        if self.key.type is ConfigType.LIST and get_origin(self.kind) is not list:
            return tuple(value)
        return value


def _converted_class(value: ClassRef, kind: Any) -> Any:
    if kind is ClassRef:
        return value
    return value.name if kind is str else value.load()


_TYPES: dict[Any, ConfigType] = {
    str: ConfigType.STRING,
    Path: ConfigType.STRING,
    int: ConfigType.INT,
    float: ConfigType.DOUBLE,
    bool: ConfigType.BOOLEAN,
    list: ConfigType.LIST,
    tuple: ConfigType.LIST,
    Sequence: ConfigType.LIST,
    type: ConfigType.CLASS,
    ClassRef: ConfigType.CLASS,
    Password: ConfigType.PASSWORD,
}


@cache
def _definition(cls: type[Config]) -> ConfigDef:
    more: dict[str, ConfigKey] = {}
    for kind in reversed(cls.__mro__):
        more.update({key.name: key for key in kind.__dict__.get("more_settings", ())})
    return ConfigDef([*(setting.key for setting in _settings(cls)), *more.values()])


@cache
def _settings(cls: type[Config]) -> tuple[_Setting, ...]:
    annotations: dict[str, Any] = {}
    for kind in reversed(cls.__mro__):
        if issubclass(kind, Config):
            annotations.update(inspect.get_annotations(kind, eval_str=True))
    counts: dict[str | None, int] = {}
    settings = [
        _setting(cls, attribute, annotation, counts)
        for attribute, annotation in annotations.items()
        if get_origin(annotation) is Annotated
    ]
    return tuple(setting for setting in settings if setting is not None)


def _setting(
    cls: type[Config], attribute: str, annotation: Any, counts: dict[str | None, int]
) -> _Setting | None:
    declared, *metadata = get_args(annotation)
    option = next((item for item in metadata if isinstance(item, Option)), None)
    if option is None:
        return None
    kind, is_optional = _without_none(declared)
    counts[option.group] = counts.get(option.group, 0) + 1
    counted = counts[option.group] if option.group is not None else -1
    name = option.name or attribute.replace("_", ".")
    key = ConfigKey(
        name,
        option.type or _type_of(kind, f"{cls.__qualname__}.{attribute}"),
        _default(getattr(cls, attribute, NO_DEFAULT)),
        option.check,
        option.importance,
        option.doc,
        option.group,
        counted if option.order is None else option.order,
        option.width,
        option.display or name,
        tuple(option.dependents),
        option.recommender,
    )
    return _Setting(attribute, key, kind, is_optional)


def _without_none(declared: Any) -> tuple[Any, bool]:
    if get_origin(declared) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(declared) if kind is not types.NoneType]
        return kinds[0], len(kinds) < len(get_args(declared))
    return declared, False


def _type_of(kind: Any, where: str) -> ConfigType:
    found = _TYPES.get(get_origin(kind) or kind)
    if found is None:
        raise TypeError(f"The setting {where} has a type that settings cannot have: {kind!r}.")
    return found


def _default(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _as_text(value: Any) -> Any:
    """A programmatic value as the text a file would hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return ",".join(map(str, cast("Sequence[Any]", value)))
    if isinstance(value, Password):
        return value.value
    if isinstance(value, type):
        return ClassRef.of(value).name
    return value if value is None else str(value)
