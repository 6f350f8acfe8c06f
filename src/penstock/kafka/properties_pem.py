"""PEM given inline, with its line breaks put right.

In a properties file a certificate often stands on one line; OpenSSL wants lines.
"""

from __future__ import annotations

import re

from penstock.sdk.errors import ConfigError

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+?)-----(.*?)-----END \1-----", re.DOTALL)
_HEADER = re.compile(r"^[A-Za-z0-9-]+:.*$", re.MULTILINE)
_LINE = 64


def certificates(setting: str, text: str) -> str:
    """Every certificate in `text`, in order."""
    return _blocks(setting, text, "CERTIFICATE", "a PEM certificate")


def private_key(setting: str, text: str) -> str:
    """The private key in `text`, encrypted or not."""
    return _blocks(setting, text, "PRIVATE KEY", "a PEM private key")


def _blocks(setting: str, text: str, kind: str, wanted: str) -> str:
    text = text.replace("\\n", "\n")
    found = [_laid_out(m) for m in _BLOCK.finditer(text) if m[1].endswith(kind)]
    if not found:
        raise ConfigError(f"Invalid value [hidden] for configuration {setting}: expected {wanted}.")
    return "".join(found)


def _laid_out(match: re.Match[str]) -> str:
    label, body = match[1], match[2]
    headers = _HEADER.findall(body)
    data = "".join(_HEADER.sub("", body).split())
    lines = [data[i : i + _LINE] for i in range(0, len(data), _LINE)]
    head = [*headers, ""] if headers else []
    return "\n".join((f"-----BEGIN {label}-----", *head, *lines, f"-----END {label}-----", ""))
