"""Signatures of requests between workers."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers

from penstock.cluster import base64, sessions
from penstock.cluster.config_state import SessionKey


def run(case: dict[str, Any]) -> Any:
    algorithm = case.get("keyAlgorithm", case["algorithm"])
    key = SessionKey(base64.decode(case["key"]), algorithm, 0)
    text = case.get("text")
    body = None if text is None else text.encode()
    if case["op"] == "sign":
        headers = sessions.sign(key, body, case["algorithm"])
        return {"headers": [list(header) for header in headers]}
    signature = sessions.read_signature(Headers(case["headers"]), body)
    if signature is None:
        return {"present": False}
    valid = sessions.is_valid(signature, key)
    return {"present": True, "keyAlgorithm": signature.algorithm, "valid": valid}
