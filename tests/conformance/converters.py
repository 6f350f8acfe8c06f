"""Cases that send one value, payload or header through a converter class."""

from __future__ import annotations

import base64
from typing import Any

from penstock.sdk.config import config_class
from penstock.sdk.converter import Converter, HeaderConverter, Role
from tests.conformance.runner import Case, same, stage, without_hashes
from tests.conformance.values import schema_in, schema_out, value_in, value_out

TOPIC, HEADER = "topic", "header"


def converted(kind: type[Any], case: Case) -> Any:
    """What a new instance of the class answers to the case."""
    operation = case["op"]
    if operation.endswith("Header"):
        role = Role.HEADER
    else:
        role = Role.KEY if case.get("isKey") else Role.VALUE
    with stage("configure"):
        settings = case["config"] | {"converter.type": role.value}
        converter = kind(config_class(kind).parse(settings), role)
    return _OPERATIONS[operation](converter, case)


def equal(case: Case, found: Any, wanted: Any) -> bool:
    """The same, identity hashes aside where a text is marked as holding some."""
    if not isinstance(wanted, dict) or "nonportable" not in wanted:
        return same(found, wanted)
    return same(without_hashes(found), {k: v for k, v in wanted.items() if k != "nonportable"})


def _from(converter: Converter[Any], case: Case) -> Any:
    schema = schema_in(case["schema"])
    payload = converter.encode(TOPIC, schema, [value_in(case["value"], schema)])[0]
    return _shown(case, payload)


def _to(converter: Converter[Any], case: Case) -> Any:
    return _read(*converter.decode(TOPIC, [_payload(case)])[0])


def _from_header(converter: HeaderConverter[Any], case: Case) -> Any:
    schema = schema_in(case["schema"])
    value = value_in(case["value"], schema)
    return _shown(case, converter.encode_header(TOPIC, HEADER, schema, value))


def _to_header(converter: HeaderConverter[Any], case: Case) -> Any:
    payload = _payload(case)
    schema, value = converter.decode_header(TOPIC, HEADER, payload)
    if case["converter"] == "SimpleHeaderConverter" and payload is not None and schema is None:
        return None  # Java hands on its parser's null instead of a pair of nulls
    return _read(schema, value)


def _payload(case: Case) -> bytes | None:
    if case.get("text") is not None:
        return case["text"].encode("utf-8", "replace")  # as Java, with `?`
    return None if case.get("bytes") is None else base64.b64decode(case["bytes"])


def _shown(case: Case, payload: bytes | None) -> Any:
    """As text where the recorded answer is, else as base64; the text must be readable then."""
    if payload is not None and "text" in case.get("expect", {}):
        return {"text": payload.decode("utf-8", "surrogatepass")}
    return {"bytes": None if payload is None else base64.b64encode(payload).decode()}


def _read(schema: Any, value: Any) -> Any:
    return {"schema": schema_out(schema), "value": value_out(value, schema)}


_OPERATIONS = {"from": _from, "to": _to, "fromHeader": _from_header, "toHeader": _to_header}
