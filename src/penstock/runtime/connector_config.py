"""The settings the framework itself gives to every connector.

Transformations, predicates and options of converters are added where a configuration is validated.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any

from penstock.runtime.plugin_versions import version_requirement
from penstock.sdk.checks import (
    all_of,
    at_least,
    described,
    no_control_characters,
    non_null,
    one_of,
    unique,
)
from penstock.sdk.config import (
    Check,
    ClassRef,
    Config,
    ConfigError,
    ConfigType,
    Importance,
    Option,
    Width,
)
from penstock.sdk.converter import Converter, HeaderConverter

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
_STORAGE = "org.apache.kafka.connect.storage."
_INTERFACES = (f"{_STORAGE}Converter", f"{_STORAGE}HeaderConverter")
COMMON, ERRORS = "Common", "Error Handling"


def ensure_concrete(base: type, interface: str, ref: ClassRef) -> type:
    """The class, if instances of it can be made and are of the kind; raises ConfigError."""
    try:
        found = ref.load()
    except LookupError:
        found = None
    except Exception as error:  # whatever a plugin's module raises when it is imported
        raise ConfigError(f"Class {ref.name} could not be loaded: {error}") from error
    if found is None or not issubclass(found, base):
        kind = "interface" if ref.name in _INTERFACES else "class"
        raise ConfigError(f"Class {kind} {ref.name} does not implement the {interface} interface")
    if ref.variants or inspect.isabstract(found):
        meant = f" Did you mean {', '.join(ref.variants)}?" if ref.variants else ""
        raise ConfigError("This class is abstract and cannot be created." + meant)
    return found


def concrete(base: type, interface: str) -> Check:
    """A class that implements a Java interface and of which instances can be made."""

    @described(
        f"A concrete subclass of {interface}, A class with a public, no-argument constructor"
    )
    def check(name: str, value: Any) -> None:
        if value is not None:
            ensure_concrete(base, interface.rpartition(".")[2], value)

    return check


def aliases(kind: str) -> Check:
    """Names given in a list to things that are described by settings of their own."""
    return all_of(non_null, unique(kind))


_converter = concrete(Converter, _STORAGE + "Converter")
_header_converter = concrete(HeaderConverter, _STORAGE + "HeaderConverter")


class ConnectorConfig(Config):
    """What source and sink connectors have in common."""

    name: Annotated[
        str,
        Option(
            "Name of the connector; no other connector has it.",
            HIGH,
            check=no_control_characters,
            group=COMMON,
            order=1,
            width=Width.MEDIUM,
            display="Connector name",
        ),
    ]
    connector_class: Annotated[
        str,
        Option(
            "Class of the connector: its full name or an alias.",
            HIGH,
            group=COMMON,
            order=2,
            width=Width.LONG,
            display="Connector class",
        ),
    ]
    connector_plugin_version: Annotated[
        str | None,
        Option(
            "Versions of the connector that may be used; unset: the newest.",
            MEDIUM,
            check=version_requirement,
            group=COMMON,
            order=3,
            width=Width.MEDIUM,
            display="Connector version",
        ),
    ] = None
    tasks_max: Annotated[
        int,
        Option(
            "Most tasks the connector may be split into.",
            HIGH,
            check=at_least(1),
            group=COMMON,
            order=4,
            width=Width.SHORT,
            display="Tasks max",
        ),
    ] = 1
    tasks_max_enforce: Annotated[
        bool,
        Option(
            "Deprecated. Whether a connector that makes more tasks than allowed fails.",
            LOW,
            group=COMMON,
            order=5,
            width=Width.SHORT,
            display="Enforce tasks max",
        ),
    ] = True
    key_converter: Annotated[
        ClassRef | None,
        Option(
            "Converter of record keys; unset: the worker's.",
            LOW,
            check=_converter,
            group=COMMON,
            order=6,
            width=Width.SHORT,
            display="Key converter class",
        ),
    ] = None
    key_converter_plugin_version: Annotated[
        str | None,
        Option(
            "Versions of the key converter that may be used.",
            LOW,
            check=version_requirement,
            group=COMMON,
            order=7,
            width=Width.SHORT,
            display="Key converter version",
        ),
    ] = None
    value_converter: Annotated[
        ClassRef | None,
        Option(
            "Converter of record values; unset: the worker's.",
            LOW,
            check=_converter,
            group=COMMON,
            order=8,
            width=Width.SHORT,
            display="Value converter class",
        ),
    ] = None
    value_converter_plugin_version: Annotated[
        str | None,
        Option(
            "Versions of the value converter that may be used.",
            LOW,
            check=version_requirement,
            group=COMMON,
            order=9,
            width=Width.SHORT,
            display="Value converter version",
        ),
    ] = None
    header_converter: Annotated[
        ClassRef | None,
        Option(
            "Converter of header values; unset: the worker's.",
            LOW,
            check=_header_converter,
            group=COMMON,
            order=10,
            width=Width.SHORT,
            display="Header converter class",
        ),
    ] = None
    header_converter_plugin_version: Annotated[
        str | None,
        Option(
            "Versions of the header converter that may be used.",
            LOW,
            check=version_requirement,
            group=COMMON,
            order=11,
            width=Width.SHORT,
            display="Header converter version",
        ),
    ] = None
    transforms: Annotated[
        tuple[str, ...],
        Option(
            "Aliases of the transformations of records, in order.",
            LOW,
            check=aliases("transformation aliases"),
            group="Transforms",
            order=12,
            width=Width.LONG,
            display="Transforms",
        ),
    ] = ()
    predicates: Annotated[
        tuple[str, ...],
        Option(
            "Aliases of the predicates that transformations use.",
            LOW,
            check=aliases("predicate aliases"),
            group="Predicates",
            order=13,
            width=Width.LONG,
            display="Predicates",
        ),
    ] = ()
    config_action_reload: Annotated[
        str,
        Option(
            "What to do when a value from a config provider expires.",
            LOW,
            check=one_of("none", "restart"),
            group=COMMON,
            order=14,
            width=Width.MEDIUM,
            display="Reload Action",
        ),
    ] = "restart"
    errors_retry_timeout: Annotated[
        int,
        Option(
            "For how many milliseconds a failed operation is repeated; -1: for ever.",
            MEDIUM,
            type=ConfigType.LONG,
            group=ERRORS,
            order=1,
            width=Width.MEDIUM,
            display="Retry Timeout for Errors",
        ),
    ] = 0
    errors_retry_delay_max_ms: Annotated[
        int,
        Option(
            "Longest wait between two attempts.",
            MEDIUM,
            type=ConfigType.LONG,
            group=ERRORS,
            order=2,
            width=Width.MEDIUM,
            display="Maximum Delay Between Retries for Errors",
        ),
    ] = 60000
    errors_tolerance: Annotated[
        str,
        Option(
            "Whether records that cannot be processed fail the task (none) or are skipped (all).",
            MEDIUM,
            check=one_of("none", "all"),
            group=ERRORS,
            order=3,
            width=Width.SHORT,
            display="Error Tolerance",
        ),
    ] = "none"
    errors_log_enable: Annotated[
        bool,
        Option(
            "Whether every error is logged, also tolerated ones.",
            MEDIUM,
            group=ERRORS,
            order=4,
            width=Width.SHORT,
            display="Log Errors",
        ),
    ] = False
    errors_log_include_messages: Annotated[
        bool,
        Option(
            "Whether logged errors show the record.",
            MEDIUM,
            group=ERRORS,
            order=5,
            width=Width.SHORT,
            display="Log Error Details",
        ),
    ] = False


def patched(
    config: Mapping[str, str | None], patch: Mapping[str, str | None]
) -> dict[str, str | None]:
    """A configuration after a patch: null takes a setting away, anything else sets it."""
    result = {**config, **patch}
    return {name: value for name, value in result.items() if patch.get(name, "") is not None}
