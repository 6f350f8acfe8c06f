"""Runs the worked example of a page and compares it with what the page says."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from docs.generator.answers import answering, written_answers
from docs.generator.catalog import Page
from docs.generator.connector_examples import connector_results
from docs.generator.prose import Block, blocks, sdk_names, value_of
from penstock.cluster.catalog import Plugin, PluginKind
from penstock.plugins.registry import Registry
from penstock.runtime.config_providers import make_providers
from penstock.runtime.config_references import resolve
from penstock.runtime.properties import parse_properties
from penstock.runtime.stages import TransformChain
from penstock.sdk import Header, Record, Role, config_class
from penstock.sdk.schema import same_value

_ADDRESS = re.compile(r"https://[\w.-]+(:\d+)?")  # of a server, whose answers stand on the page
FOLDER = "/etc/connect"  # where examples keep their files


class WrongExample(Exception):
    """An example does not give what its page says."""


def check_example(page: Page) -> int:
    """How many results were compared. Raises `WrongExample` at the first that differs."""
    found = blocks(page.text)
    results = list(_RUNNERS[page.group](found)) if page.group in _RUNNERS else []
    for role, got, wanted in results:
        if not same(got, wanted):
            raise WrongExample(f"{page.prose.name}: {role} is\n  {got!r}\nand not\n  {wanted!r}")
    return len(results)


def same(one: Any, other: Any) -> bool:
    """Whether two values, records or lists of them cannot be told apart."""
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Record | Header):
        fields = one.__struct_fields__
        return type(one) is type(other) and all(
            same(getattr(one, field), getattr(other, field)) for field in fields
        )
    return same_value(one, other) and repr(one) == repr(other)


Results = Iterable[tuple[str, Any, Any]]


def _transformed(found: list[Block]) -> Results:
    names = sdk_names()
    chain = TransformChain.build(_properties(found, "properties"), _Plugins(Registry.builtin()))
    before = _as_list(value_of(_text(found, "before"), names))
    wanted = _as_list(value_of(_text(found, "after"), names))
    yield "after", chain.apply(before), wanted


def _converted(found: list[Block]) -> Results:
    names = sdk_names()
    properties = _properties(found, "properties")
    setting = next(iter(properties))
    role = Role(setting.partition(".")[0])
    kind = PluginKind.HEADER_CONVERTER if role is Role.HEADER else PluginKind.CONVERTER
    loaded = Registry.builtin().plugin(kind, properties[setting]).load()
    options = {k.removeprefix(setting + "."): v for k, v in properties.items() if k != setting}
    made = loaded(config_class(loaded).parse(options | {"converter.type": role.value}), role)
    payload = _stored_bytes(next(block for block in found if block.role == "bytes"))
    encoded, decoded = _there_and_back(made, role, payload, value_of(_text(found, "value"), names))
    yield "bytes", encoded, payload
    yield "read", decoded, value_of(_text(found, "read"), names)


def _there_and_back(made: Any, role: Role, payload: bytes | None, given: Any) -> tuple[Any, Any]:
    """The bytes of a schema and value, and what is read of the bytes on the page."""
    schema, value = given
    if role is Role.HEADER:
        encoded = made.encode_header("topic", "key", schema, value)
        return encoded, made.decode_header("topic", "key", payload)
    return made.encode("topic", schema, [value])[0], made.decode("topic", [payload])[0]


def _resolved(found: list[Block]) -> Results:
    registry = Registry.builtin()
    variables = {n: v for b in found if b.role == "environment" for n, v in _lines(b.text)}
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, variables):
        for block in found:
            if block.role.startswith(FOLDER):
                path = Path(folder + block.role.removeprefix(FOLDER))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, "utf-8")
        worker = _properties(found, "worker", folder)
        with answering(written_answers(found)) as address:
            local = {n: _ADDRESS.sub(address, text) for n, text in worker.items()}
            providers = make_providers(
                local, lambda name: registry.plugin(PluginKind.CONFIG_PROVIDER, name).load()
            )
            resolved = resolve(_properties(found, "connector", folder), providers)
    yield "resolved", dict(resolved.config), _properties(found, "resolved", folder)


_RUNNERS: Mapping[str, Callable[[list[Block]], Results]] = {
    "transforms": _transformed,
    "predicates": _transformed,
    "converters": _converted,
    "config-providers": _resolved,
    "connectors": connector_results,
}


@dataclass(frozen=True)
class _Plugins:
    """The built-in plugins, as a chain of transformations asks for them."""

    registry: Registry

    def transform(self, name: str, version: str | None) -> Plugin:
        return self.registry.plugin(PluginKind.TRANSFORMATION, name, version)

    def predicate(self, name: str, version: str | None) -> Plugin:
        return self.registry.plugin(PluginKind.PREDICATE, name, version)


def _text(found: list[Block], role: str) -> str:
    return next(block.text for block in found if block.role == role)


def _properties(found: list[Block], role: str, folder: str = FOLDER) -> dict[str, str]:
    return parse_properties(_text(found, role).replace(FOLDER, folder))


def _lines(text: str) -> Iterable[tuple[str, str]]:
    return parse_properties(text).items()


def _as_list(records: Any) -> list[Any]:
    return list(records) if isinstance(records, list | tuple) else [records]


def _stored_bytes(block: Block) -> bytes | None:
    """Hexadecimal digits, or the text without its last line end."""
    if block.language == "hex":
        return bytes.fromhex(block.text)
    return block.text.removesuffix("\n").encode()
