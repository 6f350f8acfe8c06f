"""Ready-made checks of settings: each says in Kafka's words what it wants."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from penstock.sdk.errors import ConfigError
from penstock.sdk.java_order import hash_order

Check = Callable[[str, Any], None]  # (name, value); raises `ConfigError.invalid(name, value, …)`


class _Checked:
    """A check that describes itself."""

    def __init__(self, text: str, check: Check) -> None:
        self._text = text
        self._check = check

    def __call__(self, name: str, value: Any) -> None:
        self._check(name, value)

    def __str__(self) -> str:
        return self._text


def described(text: str) -> Callable[[Check], Check]:
    """Give a check the text by which documentation calls it."""
    return lambda check: _Checked(text, check)


def at_least(least: float) -> Check:
    """A number of this size or larger."""
    return _range(least, None)


def between(least: float, most: float) -> Check:
    """A number within both limits."""
    return _range(least, most)


def _range(least: float, most: float | None) -> Check:
    @described(f"[{least},...]" if most is None else f"[{least},...,{most}]")
    def check(name: str, value: Any) -> None:
        if value is None:
            raise ConfigError.invalid(name, value, "Value must be non-null")
        if value < least:
            raise ConfigError.invalid(name, value, f"Value must be at least {least}")
        if most is not None and value > most:
            raise ConfigError.invalid(name, value, f"Value must be no more than {most}")

    return check


def optional(check: Check) -> Check:
    """Not set at all, or as another check wants it."""

    @described(str(check))
    def checked(name: str, value: Any) -> None:
        if value is not None:
            check(name, value)

    return checked


def one_of(*texts: str) -> Check:
    """One of these texts, exactly."""

    @described(f"[{', '.join(texts)}]")
    def check(name: str, value: Any) -> None:
        if value not in texts:
            raise ConfigError.invalid(name, value, f"String must be one of: {', '.join(texts)}")

    return check


def one_of_ignoring_case(*texts: str) -> Check:
    """One of these texts, in whatever case."""
    upper = hash_order([text.upper() for text in texts])
    shown = ", ".join(upper)

    @described(f"(case insensitive) [{shown}]")
    def check(name: str, value: Any) -> None:
        if value is None or value.upper() not in upper:
            detail = f"String must be one of (case insensitive): {shown}"
            raise ConfigError.invalid(name, value, detail)

    return check


@described("non-empty string")
def non_empty(name: str, value: Any) -> None:
    """A text with at least one character, if set at all."""
    if value == "":
        raise ConfigError.invalid(name, value, "String must be non-empty")


@described("non-empty string without ISO control characters")
def no_control_characters(name: str, value: Any) -> None:
    """A text with at least one character and no control characters, if set at all."""
    if value == "":
        raise ConfigError.invalid(name, value, "String may not be empty")
    control = [str(ord(c)) for c in value or "" if unicodedata.category(c) == "Cc"]
    if control:
        detail = "String may not contain control sequences but had the following ASCII chars: "
        raise ConfigError.invalid(name, value, detail + ", ".join(control))


@described("non-null string")
def non_null(name: str, value: Any) -> None:
    """Any value but null."""
    if value is None:
        raise ConfigError.invalid(name, value, "entry must be non null")


@described("non-empty list")
def non_empty_list(name: str, value: Any) -> None:
    """A list with at least one entry."""
    if not value:
        raise ConfigError.invalid(name, value, "Empty list")


def at_most_entries(most: int) -> Check:
    """A list of limited length."""

    @described(f"List containing maximum of {most} elements")
    def check(name: str, value: Any) -> None:
        if value.__len__() > most:  # null has no length: Java fails in the same way
            raise ConfigError.invalid(name, value, f"exceeds maximum list size of [{most}].")

    return check


def all_of(*checks: Check) -> Check:
    """What every one of these checks accepts; the first complaint counts."""

    @described(", ".join(map(str, checks)))
    def check(name: str, value: Any) -> None:
        for each in checks:
            each(name, value)

    return check


def unique(kind: str) -> Check:
    """A list that names nothing twice; `kind` says what it names, in the plural."""

    @described(f"unique {kind}")
    def check(name: str, value: Any) -> None:
        if len(set(value)) < len(value):
            raise ConfigError.invalid(name, value, "Duplicate alias provided.")

    return check


class ListCheck:
    """A list without empty entries; while parsing, repeated entries are dropped first."""

    def __init__(self, *texts: str, empty_allowed: bool = True, null_allowed: bool = False) -> None:
        self._texts = texts
        self._one_of = one_of(*texts)
        self._empty_allowed = empty_allowed
        self._null_allowed = null_allowed

    def __call__(self, name: str, value: Any) -> None:
        if value is None:
            if not self._null_allowed:
                raise ConfigError(f"Configuration '{name}' values must not be null.")
            return
        if not value and not self._empty_allowed:
            valid = str(self._one_of) if self._texts else "any non-empty value"
            raise ConfigError(
                f"Configuration '{name}' must not be empty. Valid values include: {valid}"
            )
        if len(set(value)) < len(value):
            raise ConfigError(f"Configuration '{name}' values must not be duplicated.")
        for entry in value:
            self._check_entry(name, entry)

    def _check_entry(self, name: str, entry: Any) -> None:
        if entry == "":
            raise ConfigError(f"Configuration '{name}' values must not be empty.")
        if self._texts:
            self._one_of(name, entry)

    def __str__(self) -> str:
        return str(self._one_of) if self._texts else ""


def list_of(*texts: str, empty_allowed: bool = True) -> Check:
    """A list of some of these texts."""
    return ListCheck(*texts, empty_allowed=empty_allowed)


def list_without_duplicates(*, empty_allowed: bool = True, null_allowed: bool = False) -> Check:
    """A list whose entries are not empty; repeated ones are dropped."""
    return ListCheck(empty_allowed=empty_allowed, null_allowed=null_allowed)
